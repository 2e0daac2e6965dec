/* Every lock strategy, one line each: identifier of its table, name, and whose implementation it is
 * (core/peer.h).
 *
 * The empty table and the platform's own mutex stand first: every other one is read against these two. A new
 * lock is one file lock_*.c and one line in MILL_FURTHER_LOCKS; the family and a counter under that lock
 * follow from it.
 */
#ifndef MILL_SYNC_LOCK_LIST_H
#define MILL_SYNC_LOCK_LIST_H

#include "sync/lock.h"

#define MILL_FURTHER_LOCKS(X)                     \
    X(pthread_adaptive, "pthread-adaptive", LIBC) \
    X(pthread_inherit, "pthread-inherit", LIBC)   \
    X(c11, "c11", C11)                            \
    X(semaphore, "semaphore", LIBC)               \
    X(pthread_spin, "pthread-spin", LIBC)         \
    X(futex, "futex", OURS)                       \
    X(mutexee, "mutexee", OURS)                   \
    X(mcs_park, "mcs-park", OURS)                 \
    X(malthusian, "malthusian", OURS)             \
    X(byte, "byte", OURS)                         \
    X(u_scl, "u-scl", OURS)                       \
    X(nsync, "nsync", NSYNC)                      \
    X(tas, "tas", OURS)                           \
    X(ttas, "ttas", OURS)                         \
    X(ck_cas, "ck-cas", CK)                       \
    X(ttas_backoff, "ttas-backoff", OURS)         \
    X(ticket, "ticket", OURS)                     \
    X(ck_ticket, "ck-ticket", CK)                 \
    X(ticket_backoff, "ticket-backoff", OURS)     \
    X(twa, "twa", OURS)                           \
    X(anderson, "anderson", OURS)                 \
    X(ck_anderson, "ck-anderson", CK)             \
    X(clh, "clh", OURS)                           \
    X(ck_clh, "ck-clh", CK)                       \
    X(mcs, "mcs", OURS)                           \
    X(ck_mcs, "ck-mcs", CK)                       \
    X(k42, "k42", OURS)                           \
    X(hemlock, "hemlock", OURS)                   \
    X(cna, "cna", OURS)                           \
    X(cohort, "cohort", OURS)

#define MILL_LOCKS(X)           \
    X(none, "none", OURS)       \
    X(pthread, "pthread", LIBC) \
    MILL_FURTHER_LOCKS(X)

/* Controls: part of the family, and of nothing else that is made of every lock. */
#define MILL_BROKEN_LOCKS(X)                \
    X(early_release, "early-release", OURS) \
    X(missing_fence, "missing-fence", OURS) \
    X(missing_wake, "missing-wake", OURS)

#define MILL_LOCK_DECLARE(ident, name, peer) extern const struct mill_lock_ops mill_lock_##ident;
MILL_LOCKS(MILL_LOCK_DECLARE)
MILL_BROKEN_LOCKS(MILL_LOCK_DECLARE)
#undef MILL_LOCK_DECLARE

#endif
