/* Test-and-test-and-set: waiters read their own copy of the line until it changes, and only then swap
 * (Rudolph and Segall 1984). A release has all of them swap at once, of whom one wins: ttas-backoff mends
 * that. It has no order, and never yields.
 */
#include <stdatomic.h>

#include "core/pause.h"
#include "sync/lock_list.h"

struct mill_lock {
    atomic_uint held;
};

static bool take(struct mill_lock *lock)
{
    /* acquire: pairs with the release in `release` */
    return atomic_exchange_explicit(&lock->held, 1, memory_order_acquire) == 0;
}

static bool looks_free(struct mill_lock *lock)
{
    /* relaxed: only a hint. The exchange acquires what the release in `release` published. */
    return atomic_load_explicit(&lock->held, memory_order_relaxed) == 0;
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    return looks_free(lock) && take(lock);
}

static __attribute__((noinline)) void wait(struct mill_lock *lock)
{
    do {
        while (!looks_free(lock)) {
            mill_pause();
        }
    } while (!take(lock));
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    if (!take(lock)) {
        wait(lock);
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

const struct mill_lock_ops mill_lock_ttas = {
    .about =
        {
            .name = "ttas",
            .summary = "spins on a plain read, then swaps; no order, and never yields",
            .source = "Rudolph and Segall 1984",
            .algorithm = "ttas",
            .traits = MILL_SPINS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .acquire_until = acquire_until,
    .release = release,
};
