/* A lock of one byte on an address-keyed parking lot (Pizlo 2016, WebKit's WTF::Lock): two of its bits say
 * whether it is held and whether somebody sleeps in the parking lot (parking_lot.h), which keeps who. Anybody
 * may take it when it is free, and about once in a millisecond a release hands it to who has slept longest
 * instead, so that nobody sleeps for ever.
 */
#include <sched.h>
#include <stdatomic.h>

#include "core/sanitizer.h"
#include "sync/lock_list.h"
#include "sync/parking_lot.h"

#define HELD     1u
#define SLEEPERS 2u /* somebody may be in the parking lot; changed under the mutex of its bucket, or set */

struct mill_lock {
    _Atomic uint8_t byte;
};

/* Yields before it sleeps, as in WebKit; under a hunt a few do. */
#define YIELDS (MILL_UNDER_HUNT ? 2u : 40u)

/* Takes it if it is free; what it has seen is in `byte`. */
static bool take(struct mill_lock *lock, uint8_t *byte)
{
    /* relaxed: only a hint */
    *byte = atomic_load_explicit(&lock->byte, memory_order_relaxed);
    while (!(*byte & HELD)) {
        /* acquire: pairs with the release in `release` and `set_free` */
        if (atomic_compare_exchange_weak_explicit(&lock->byte, byte, *byte | HELD, memory_order_acquire,
                                                  memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    uint8_t byte;
    (void)me;
    return take(lock, &byte);
}

/* Under the mutex of the parking lot. relaxed: it only has to be told that a release will come here, which is
 * the byte's own order and the mutex's. */
static bool is_held_and_marked(void *argument)
{
    struct mill_lock *lock = argument;
    return atomic_load_explicit(&lock->byte, memory_order_relaxed) == (HELD | SLEEPERS);
}

static __attribute__((noinline)) int wait(struct mill_lock *lock, uint64_t deadline)
{
    uint8_t byte;
    unsigned yields = YIELDS;
    int status = 0;
    while (!take(lock, &byte)) {
        if (status == -ETIMEDOUT) {
            return status;
        }
        if (!(byte & SLEEPERS)) {
            if (yields > 0) {
                yields--;
                sched_yield();
                continue;
            }
            /* relaxed: only a mark */
            if (!atomic_compare_exchange_weak_explicit(&lock->byte, &byte, HELD | SLEEPERS,
                                                       memory_order_relaxed, memory_order_relaxed)) {
                continue;
            }
        }
        status = mill_parking_lot_sleep(lock, is_held_and_marked, lock, deadline);
        if (status == 1) {
            return 0; /* it was handed over, and is still held */
        }
    }
    return 0;
}

static int acquire_until(struct mill_lock *lock, struct mill_lock_context *me, uint64_t deadline)
{
    if (try_acquire(lock, me)) {
        return 0;
    }
    return deadline == 0 ? -ETIMEDOUT : wait(lock, deadline);
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    uint8_t byte = 0;
    /* as in `take` */
    if (!atomic_compare_exchange_strong_explicit(&lock->byte, &byte, HELD, memory_order_acquire,
                                                 memory_order_relaxed)) {
        wait(lock, MILL_NO_DEADLINE);
    }
}

/* Under the mutex of the parking lot: whether who is woken has the lock, or may only try again. While the
 * byte is HELD | SLEEPERS nobody else changes it. */
static bool set_free(void *argument, struct mill_parking_lot_found found)
{
    struct mill_lock *lock = argument;
    bool handed = found.somebody && found.fair;
    uint8_t byte = (uint8_t)((handed ? HELD : 0) | (found.more ? SLEEPERS : 0));
    /* release: pairs with the acquire in `take`; who is handed the lock is ordered by its call */
    atomic_store_explicit(&lock->byte, byte, memory_order_release);
    return handed;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    uint8_t byte = HELD;
    /* release: pairs with the acquire of the next holder */
    if (!atomic_compare_exchange_strong_explicit(&lock->byte, &byte, 0, memory_order_release,
                                                 memory_order_relaxed)) {
        mill_parking_lot_wake(lock, set_free, lock);
    }
}

const struct mill_lock_ops mill_lock_byte = {
    .about =
        {
            .name = "byte",
            .summary = "one byte; who waits yields, then sleeps in the process's parking lot, by address",
            .source = "Pizlo 2016 (WebKit's WTF::Lock)",
            .algorithm = "parking",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .acquire_until = acquire_until,
    .release = release,
};
