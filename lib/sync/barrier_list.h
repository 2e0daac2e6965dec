/* Every barrier strategy, one line each. */
#ifndef MILL_SYNC_BARRIER_LIST_H
#define MILL_SYNC_BARRIER_LIST_H

#include "sync/barrier.h"

#define MILL_SOUND_BARRIERS(X) \
    X(condvar)                 \
    X(pthread)                 \
    X(sense_reversing)         \
    X(ck_centralized)          \
    X(dissemination)           \
    X(ck_dissemination)        \
    X(ck_tournament)

#define MILL_BARRIERS(X)   \
    MILL_SOUND_BARRIERS(X) \
    X(no_generation)

#define MILL_BARRIER_DECLARE(ident) extern const struct mill_barrier_ops mill_barrier_##ident;
MILL_BARRIERS(MILL_BARRIER_DECLARE)
#undef MILL_BARRIER_DECLARE

#endif
