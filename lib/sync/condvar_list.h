/* Every condition variable, one line each. */
#ifndef MILL_SYNC_CONDVAR_LIST_H
#define MILL_SYNC_CONDVAR_LIST_H

#include "sync/condvar.h"

#define MILL_SOUND_CONDVARS(X) \
    X(pthread)                 \
    X(nsync)                   \
    X(parking_lot)

#define MILL_CONDVARS(X)   \
    MILL_SOUND_CONDVARS(X) \
    X(missing_wake)

#define MILL_CONDVAR_DECLARE(ident) extern const struct mill_condvar_ops mill_condvar_##ident;
MILL_CONDVARS(MILL_CONDVAR_DECLARE)
#undef MILL_CONDVAR_DECLARE

#endif
