/* Ticket lock with a waiting array (Dice and Kogan 2019): only the next in line spins on the lock's own word.
 * All others look at a place of an array that all such locks of the process share, drawn by lock and number,
 * and move to the lock's word when that place tells that they are next. So a release touches the line of one
 * short-term waiter and of one long-term one, however many there are. Two locks, or two numbers, that share a
 * place wake each other's waiters for nothing, and no more. It never yields: with more threads than cores
 * each handover to a thread that is not running costs a time slice.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "core/pause.h"
#include "sync/lock_list.h"

struct mill_lock {
    _Atomic uint32_t next;  /* the number that the next thread draws */
    _Atomic uint32_t owner; /* the number whose turn it is; equal to `next`: free */
};

#define PLACES_BITS 12
#define NEAR        1u /* so many ahead, or fewer, and a thread waits at the lock itself */

/* The process's waiting array: the one context that changes here. It only ever counts up, so that it may be
 * what it is when a lock is made. */
static _Atomic uint32_t places[1u << PLACES_BITS];

/* Numbers that follow each other are 127 places apart, which are lines of their own and hit all places; locks
 * are told apart by their addresses (Fibonacci hashing). */
static _Atomic uint32_t *place_of(const struct mill_lock *lock, uint32_t number)
{
    uint32_t of_lock = (uint32_t)(((uint64_t)(uintptr_t)lock * 0x9e3779b97f4a7c15ull) >> 32);
    return &places[(of_lock ^ number * 127u) & ((1u << PLACES_BITS) - 1)];
}

/* Waits until `mine` is near. */
static __attribute__((noinline)) void wait_far(struct mill_lock *lock, uint32_t mine)
{
    _Atomic uint32_t *place = place_of(lock, mine);
    /* acquire, here and below: pairs with the release in `release`, which comes after `owner` was written: so
     * a count that has already told that this number is near is followed by a look that sees it. */
    uint32_t seen = atomic_load_explicit(place, memory_order_acquire);
    while (mine - atomic_load_explicit(&lock->owner, memory_order_relaxed) > NEAR) {
        uint32_t count;
        while ((count = atomic_load_explicit(place, memory_order_acquire)) == seen) {
            mill_pause();
        }
        seen = count;
    }
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* relaxed: the number orders nothing, the load of `owner` does */
    uint32_t mine = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
    /* acquire: pairs with the release in `release` */
    uint32_t ahead = mine - atomic_load_explicit(&lock->owner, memory_order_acquire);
    if (ahead == 0) {
        return;
    }
    if (ahead > NEAR) {
        wait_far(lock, mine);
    }
    while (atomic_load_explicit(&lock->owner, memory_order_acquire) != mine) {
        mill_pause();
    }
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* as in lock_ticket.c */
    uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_acquire);
    return atomic_compare_exchange_strong_explicit(&lock->next, &owner, owner + 1, memory_order_relaxed,
                                                   memory_order_relaxed);
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* relaxed: only the holder writes it. release: pairs with the acquire in `acquire` and `try_acquire`. */
    uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed) + 1;
    atomic_store_explicit(&lock->owner, owner, memory_order_release);
    /* release: pairs with the acquire in `wait_far`. Whether somebody waits there is not asked: the answer
     * could come before who is about to. */
    atomic_fetch_add_explicit(place_of(lock, owner + NEAR), 1, memory_order_release);
}

const struct mill_lock_ops mill_lock_twa = {
    .about =
        {
            .name = "twa",
            .summary = "ticket, of which only the next in line spins on the lock; never yields",
            .source = "Dice and Kogan 2019",
            .traits = MILL_FAIR | MILL_SPINS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
