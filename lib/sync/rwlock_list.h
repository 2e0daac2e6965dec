/* Every read-write lock, one line each: identifier of its table, name, and whose implementation it is
 * (core/peer.h). A new one is one file rwlock_*.c and one line here; a record under it (record.h) follows.
 */
#ifndef MILL_SYNC_RWLOCK_LIST_H
#define MILL_SYNC_RWLOCK_LIST_H

#include "sync/rwlock.h"

/* Those that do what they promise. */
#define MILL_RIGHT_RWLOCKS(X)                     \
    X(pthread, "pthread", LIBC)                   \
    X(pthread_writer, "pthread-writer", LIBC)     \
    X(central, "central", OURS)                   \
    X(phase_fair, "phase-fair", OURS)             \
    X(bravo_phase_fair, "bravo-phase-fair", OURS) \
    X(bravo_pthread, "bravo-pthread", OURS)       \
    X(big_reader, "big-reader", OURS)             \
    X(ck_phase_fair, "ck-phase-fair", CK)         \
    X(nsync, "nsync", NSYNC)

#define MILL_RWLOCKS(X)   \
    X(none, "none", OURS) \
    MILL_RIGHT_RWLOCKS(X) \
    X(barging, "barging", OURS)

#define MILL_RWLOCK_DECLARE(ident, name, peer) extern const struct mill_rwlock_ops mill_rwlock_##ident;
MILL_RWLOCKS(MILL_RWLOCK_DECLARE)
#undef MILL_RWLOCK_DECLARE

#endif
