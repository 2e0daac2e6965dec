/* Test-and-set: a waiter swaps until it has taken the lock (the first of them all; Anderson 1990 measures
 * it). Each attempt takes the line from the holder, who needs it to release: what every other lock here was
 * made to avoid. It has no order, and never yields.
 */
#include <stdatomic.h>

#include "core/pause.h"
#include "sync/lock_list.h"

struct mill_lock {
    atomic_uint held;
};

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* acquire: pairs with the release in `release` */
    return atomic_exchange_explicit(&lock->held, 1, memory_order_acquire) == 0;
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    while (!try_acquire(lock, me)) {
        mill_pause();
    }
}

static int acquire_until(struct mill_lock *lock, struct mill_lock_context *me, uint64_t deadline)
{
    while (!try_acquire(lock, me)) {
        if (mill_now_ns() >= deadline) {
            return -ETIMEDOUT;
        }
        mill_pause();
    }
    return 0;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* release: pairs with the acquire of the next holder */
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}

const struct mill_lock_ops mill_lock_tas = {
    .about =
        {
            .name = "tas",
            .summary = "swaps until it was free; no order, and never yields",
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
