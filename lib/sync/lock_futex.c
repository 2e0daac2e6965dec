/* A mutex of three states on a futex (Drepper 2011): a release enters the kernel only if someone may be
 * asleep. A waiter spins for about as long as a sleep and a wake-up would take before it sleeps (Karlin et
 * al. 1991).
 */
#include <stdatomic.h>

#include "core/backoff.h"
#include "sync/futex.h"
#include "sync/lock_list.h"

enum {
    FREE,
    HELD,
    CONTENDED, /* held, and someone may be asleep */
};

struct mill_lock {
    _Atomic uint32_t state;
};

/* Rounds of back-off before it sleeps: together some 130 pauses, a few microseconds, as a sleep and a wake-up
 * take. */
#define ROUNDS 6u

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    uint32_t state = FREE;
    /* acquire: pairs with the release in `release` */
    return atomic_compare_exchange_strong_explicit(&lock->state, &state, HELD, memory_order_acquire,
                                                   memory_order_relaxed);
}

static __attribute__((noinline)) void wait(struct mill_lock *lock)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    for (unsigned rounds = ROUNDS; rounds > 0; rounds--) {
        mill_backoff_wait(&backoff);
        /* relaxed: only a hint */
        if (atomic_load_explicit(&lock->state, memory_order_relaxed) == FREE && try_acquire(lock, NULL)) {
            return;
        }
    }
    /* Who has slept does not know whether others still do, so it always takes the lock as contended: at worst
     * one wake for nobody. acquire: pairs with the release in `release`. */
    while (atomic_exchange_explicit(&lock->state, CONTENDED, memory_order_acquire) != FREE) {
        mill_futex_wait(&lock->state, CONTENDED);
    }
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    if (!try_acquire(lock, me)) {
        wait(lock);
    }
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* release: pairs with the acquire of the next holder */
    if (atomic_exchange_explicit(&lock->state, FREE, memory_order_release) == CONTENDED) {
        mill_futex_wake(&lock->state, 1);
    }
}

const struct mill_lock_ops mill_lock_futex = {
    .about =
        {
            .name = "futex",
            .summary = "three states on a futex: spins briefly, then sleeps in the kernel",
            .source = "Drepper 2011; Karlin et al. 1991",
            .algorithm = "parking",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
