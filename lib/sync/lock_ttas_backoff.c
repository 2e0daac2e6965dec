/* Test-and-test-and-set: waiters read their own copy of the line until it changes, and back off after a lost
 * race (Anderson 1990). The back-off lets the holder have the line, and yields once it is at its bound; in
 * exchange the lock has no order, and the last holder is likely to get it again.
 */
#include <stdatomic.h>

#include "core/backoff.h"
#include "sync/lock_list.h"

struct mill_lock {
    atomic_uint held;
};

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* relaxed: only a hint. The exchange acquires what the release in `release` published. */
    return atomic_load_explicit(&lock->held, memory_order_relaxed) == 0 &&
           atomic_exchange_explicit(&lock->held, 1, memory_order_acquire) == 0;
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* acquire: pairs with the release in `release`; a free lock is taken in one transfer of its line */
    if (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire) == 0) {
        return;
    }
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    do {
        mill_backoff_wait(&backoff);
    } while (!try_acquire(lock, me));
}

static int acquire_until(struct mill_lock *lock, struct mill_lock_context *me, uint64_t deadline)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    while (!try_acquire(lock, me)) {
        if (mill_now_ns() >= deadline) {
            return -ETIMEDOUT;
        }
        mill_backoff_wait(&backoff);
    }
    return 0;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    atomic_store_explicit(&lock->held, 0,
                          memory_order_release); /* pairs with the acquire of the next holder */
}

const struct mill_lock_ops mill_lock_ttas_backoff = {
    .about =
        {
            .name = "ttas-backoff",
            .summary = "spins on a plain read, then swaps; bounded exponential back-off, no order",
            .source = "Anderson 1990",
            .traits = MILL_SPINS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .acquire_until = acquire_until,
    .release = release,
};
