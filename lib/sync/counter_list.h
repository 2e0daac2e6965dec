/* Every counter strategy that is not a further lock: one line each. Behind these the family has one counter
 * for every line of MILL_FURTHER_LOCKS, "lock-" and the lock's name, made by counter_lock.c.
 */
#ifndef MILL_SYNC_COUNTER_LIST_H
#define MILL_SYNC_COUNTER_LIST_H

#include "sync/counter.h"
#include "sync/lock_list.h"

#define MILL_COUNTERS(X) \
    X(none)              \
    X(unsafe)            \
    X(mutex)             \
    X(atomic)            \
    X(cas)               \
    X(cas_backoff)       \
    X(sharded)

#define MILL_COUNTER_DECLARE(ident)                  extern const struct mill_counter_ops mill_counter_##ident;
#define MILL_COUNTER_DECLARE_LOCK(ident, name, peer) MILL_COUNTER_DECLARE(lock_##ident)
MILL_COUNTERS(MILL_COUNTER_DECLARE)
MILL_FURTHER_LOCKS(MILL_COUNTER_DECLARE_LOCK)
#undef MILL_COUNTER_DECLARE_LOCK
#undef MILL_COUNTER_DECLARE

/* `create` and `destroy` of the counters that are ops->about.size zeroed bytes and nothing else. */
int mill_counter_create_word(const struct mill_counter_ops *ops, unsigned slots,
                             struct mill_counter **counter);
void mill_counter_destroy_word(struct mill_counter *counter);

#endif
