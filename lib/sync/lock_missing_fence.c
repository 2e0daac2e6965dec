/* A mistake kept on purpose: a lock that keeps others out and orders nothing, since each of its orders is
 * relaxed. Processors with a weak memory model let work out of the critical section at either end; x86-64
 * makes up for it (its exchange is a fence, and stores stay in order), so that there it is right by luck and
 * no sum shows it. What looks at orders instead of sums sees it everywhere: ThreadSanitizer, and the race
 * detector of a hunt.
 */
#include <stdatomic.h>

#include "core/pause.h"
#include "sync/lock_list.h"

struct mill_lock {
    atomic_bool held;
};

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    return !atomic_exchange_explicit(&lock->held, true, memory_order_relaxed); /* acquire is missing */
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    while (!try_acquire(lock, me)) {
        while (atomic_load_explicit(&lock->held, memory_order_relaxed)) {
            mill_pause();
        }
    }
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    atomic_store_explicit(&lock->held, false, memory_order_relaxed); /* release is missing */
}

const struct mill_lock_ops mill_lock_missing_fence = {
    .about =
        {
            .name = "missing-fence",
            .summary = "ttas without an order: keeps others out, and not what they wrote",
            .source = "threadmill",
            .traits = MILL_SPINS | MILL_CONTROL,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
