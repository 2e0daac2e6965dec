/* A mistake kept on purpose: a lock that keeps others out and orders nothing, since each of its orders is
 * relaxed. Processors with a weak memory model let work out of the critical section at either end; x86-64
 * makes up for it (loads and stores each stay in order), so that there it is right by luck and no sum shows
 * it. What looks at orders instead of sums sees it everywhere: ThreadSanitizer, and the race
 * detector of a hunt. Holders take turns, since one that keeps the lock to itself shows nothing.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "core/pause.h"
#include "sync/lock_list.h"

struct mill_lock {
    _Atomic uint32_t next;  /* the number that the next thread draws */
    _Atomic uint32_t owner; /* the number whose turn it is */
};

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    uint32_t mine = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
    while (atomic_load_explicit(&lock->owner, memory_order_relaxed) != mine) { /* acquire is missing */
        mill_pause();
    }
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed); /* here as well */
    return atomic_compare_exchange_strong_explicit(&lock->next, &owner, owner + 1, memory_order_relaxed,
                                                   memory_order_relaxed);
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);
    atomic_store_explicit(&lock->owner, owner + 1, memory_order_relaxed); /* release is missing */
}

const struct mill_lock_ops mill_lock_missing_fence = {
    .about =
        {
            .name = "missing-fence",
            .summary = "ticket without an order: keeps others out, and not what they wrote",
            .source = "threadmill",
            .traits = MILL_SPINS | MILL_CONTROL,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
