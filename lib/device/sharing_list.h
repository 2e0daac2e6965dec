/* Every strategy of sharing, one line each: the identifier of its table, mill_sharing_<identifier>. */
#ifndef MILL_DEVICE_SHARING_LIST_H
#define MILL_DEVICE_SHARING_LIST_H

#include "device/sharing.h"

/* Those that work over any transport. */
#define MILL_SHARINGS_ANYWHERE(X) \
    X(unshared)                   \
    X(internal_lock)              \
    X(external_lock)              \
    X(client_each)                \
    X(pool)                       \
    X(command_queue)              \
    X(cached_mutex)               \
    X(cached_seqlock)             \
    X(cached_rcu)                 \
    X(cached_each)

#define MILL_SHARINGS(X)      \
    MILL_SHARINGS_ANYWHERE(X) \
    X(async) /* needs sockets */

#define MILL_SHARING_DECLARE(ident) extern const struct mill_sharing_ops mill_sharing_##ident;
MILL_SHARINGS(MILL_SHARING_DECLARE)
#undef MILL_SHARING_DECLARE

#endif
