/* Hemlock (Dice and Kogan 2021): a queue of threads instead of nodes. Each thread has one word, its grant,
 * for all locks that it holds; the lock's tail names the last one's. A holder with somebody behind writes the
 * lock's address into its grant, and the successor, who spins on it, takes it away: so a release waits until
 * the successor has seen it, which in exchange needs no node, no context and no room in the lock. A thread
 * that holds several such locks has all their next waiters look at one word. It never yields: with more
 * threads than cores each handover to a thread that is not running costs a time slice.
 */
#include <stdatomic.h>

#include "core/pause.h"
#include "sync/lock_list.h"

struct grant {
    alignas(MILL_ISOLATION) struct mill_lock *_Atomic lock; /* that its next waiter may have; NULL: none */
};

/* NULL whenever its thread is not inside a release, so it may end with the thread. */
static _Thread_local struct grant own_grant;

struct mill_lock {
    struct grant *_Atomic tail; /* NULL: free */
};

static __attribute__((noinline)) void wait(struct mill_lock *lock, struct grant *ahead)
{
    /* acquire: pairs with the release in `hand_over`. Other locks of the same holder pass by here. */
    while (atomic_load_explicit(&ahead->lock, memory_order_acquire) != lock) {
        mill_pause();
    }
    /* Taken. release: whoever sees it goes on to hand over another lock, or to end. */
    atomic_store_explicit(&ahead->lock, NULL, memory_order_release);
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* acquire: pairs with the release of a holder that left nobody behind. release: hands the grant, as it
     * was when its thread began, to a successor. */
    struct grant *ahead = atomic_exchange_explicit(&lock->tail, &own_grant, memory_order_acq_rel);
    if (ahead) {
        wait(lock, ahead);
    }
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    struct grant *none = NULL;
    /* as the exchange in `acquire` */
    return atomic_compare_exchange_strong_explicit(&lock->tail, &none, &own_grant, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

static __attribute__((noinline)) void hand_over(struct mill_lock *lock, struct grant *mine)
{
    atomic_store_explicit(&mine->lock, lock, memory_order_release); /* pairs with `wait` */
    /* acquire: pairs with the taking in `wait` */
    while (atomic_load_explicit(&mine->lock, memory_order_acquire)) {
        mill_pause();
    }
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    struct grant *mine = &own_grant;
    struct grant *last = mine;
    /* release: pairs with the acquire of who finds it free */
    if (!atomic_compare_exchange_strong_explicit(&lock->tail, &last, NULL, memory_order_release,
                                                 memory_order_relaxed)) {
        hand_over(lock, mine);
    }
}

const struct mill_lock_ops mill_lock_hemlock = {
    .about =
        {
            .name = "hemlock",
            .summary = "first come, first served; one word a thread for all its locks, and never yields",
            .source = "Dice and Kogan 2021",
            .traits = MILL_FAIR | MILL_SPINS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
            .size_each = sizeof(struct grant),
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
