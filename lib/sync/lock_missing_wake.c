/* A mistake kept on purpose: a futex lock whose release forgets to wake. Who came while it was held sleeps
 * for ever, although it is free. Nobody is ever inside beside another, so nothing but the sleep tells of it.
 */
#include <stdatomic.h>

#include "sync/futex.h"
#include "sync/lock_list.h"

enum { FREE, HELD };

struct mill_lock {
    _Atomic uint32_t state;
};

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    uint32_t state = FREE;
    /* acquire: pairs with the release in `release` */
    return atomic_compare_exchange_strong_explicit(&lock->state, &state, HELD, memory_order_acquire,
                                                   memory_order_relaxed);
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    while (!try_acquire(lock, me)) {
        mill_futex_wait(&lock->state, HELD);
    }
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* release: pairs with the acquire of the next holder. Here mill_futex_wake is missing. */
    atomic_store_explicit(&lock->state, FREE, memory_order_release);
}

const struct mill_lock_ops mill_lock_missing_wake = {
    .about =
        {
            .name = "missing-wake",
            .summary = "a futex lock that wakes nobody who sleeps",
            .source = "threadmill",
            .traits = MILL_PARKS | MILL_CONTROL,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
