/* Every event strategy, one line each. */
#ifndef MILL_SYNC_EVENT_LIST_H
#define MILL_SYNC_EVENT_LIST_H

#include "sync/event.h"

#define MILL_SOUND_EVENTS(X) \
    X(monitor)               \
    X(nsync)                 \
    X(futex)                 \
    X(futex_spin)            \
    X(ck_ec)

#define MILL_EVENTS(X)   \
    MILL_SOUND_EVENTS(X) \
    X(check_then_wait)

#define MILL_EVENT_DECLARE(ident) extern const struct mill_event_ops mill_event_##ident;
MILL_EVENTS(MILL_EVENT_DECLARE)
#undef MILL_EVENT_DECLARE

#endif
