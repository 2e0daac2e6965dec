/* Ticket lock: take a number, wait until it is called (Reed and Kanodia 1979: sequencer and event count). All
 * waiters look at one word, so each release sends its line to all of them: ticket-backoff and twa mend that.
 * It never yields: with more threads than cores each handover to a thread that is not running costs a time
 * slice.
 *
 * Two words instead of one: only the holder writes `owner`, so a release is a plain store and not a second
 * atomic read-modify-write.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "core/pause.h"
#include "sync/lock_list.h"

struct mill_lock {
    _Atomic uint32_t next;  /* the number that the next thread draws */
    _Atomic uint32_t owner; /* the number whose turn it is; equal to `next`: free */
};

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* relaxed: the number orders nothing, the load of `owner` does */
    uint32_t mine = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
    /* acquire: pairs with the release in `release` */
    while (atomic_load_explicit(&lock->owner, memory_order_acquire) != mine) {
        mill_pause();
    }
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* acquire: pairs with the release in `release`. `owner` is never ahead of `next`, so if number `owner` is
     * still to be had, everyone before it has left. */
    uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_acquire);
    return atomic_compare_exchange_strong_explicit(&lock->next, &owner, owner + 1, memory_order_relaxed,
                                                   memory_order_relaxed);
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* relaxed: only the holder writes it. release: pairs with the acquire in `acquire` and `try_acquire`. */
    uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);
    atomic_store_explicit(&lock->owner, owner + 1, memory_order_release);
}

const struct mill_lock_ops mill_lock_ticket = {
    .about =
        {
            .name = "ticket",
            .summary = "first come, first served by number; spins, and never yields",
            .source = "Reed and Kanodia 1979; Mellor-Crummey and Scott 1991",
            .algorithm = "ticket",
            .traits = MILL_FAIR | MILL_SPINS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
