/* Every record strategy, one line each: identifier of its table, name, and whose implementation it is
 * (core/peer.h). One under each read-write lock follows from rwlock_list.h. */
#ifndef MILL_SYNC_RECORD_LIST_H
#define MILL_SYNC_RECORD_LIST_H

#include "sync/record.h"
#include "sync/rwlock_list.h"

#define MILL_OTHER_RECORDS(X)   \
    X(mutex, "mutex", OURS)     \
    X(seqlock, "seqlock", OURS) \
    X(urcu, "urcu", URCU)       \
    X(unprotected, "unprotected", OURS)

#define MILL_RECORD_DECLARE(ident, name, peer) extern const struct mill_record_ops mill_record_##ident;
#define MILL_RECORD_DECLARE_LOCKED(ident, name, peer) \
    extern const struct mill_record_ops mill_record_rwlock_##ident;
MILL_OTHER_RECORDS(MILL_RECORD_DECLARE)
MILL_RIGHT_RWLOCKS(MILL_RECORD_DECLARE_LOCKED)
#undef MILL_RECORD_DECLARE
#undef MILL_RECORD_DECLARE_LOCKED

#endif
