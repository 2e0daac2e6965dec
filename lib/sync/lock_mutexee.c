/* MUTEXEE (Falsafi, Guerraoui, Picorel and Trigonakis 2016): a futex lock whose waiter spins for far longer
 * than a wake-up takes before it sleeps, and whose release looks for a moment whether somebody who is awake
 * takes the lock, and wakes nobody then: so handovers by the kernel, which cost the most time and energy, are
 * few, and the lock is unfair to those that sleep. The paper's lock also chooses between long and short spins
 * by how many handovers were the kernel's; this one always spins long.
 */
#include <stdatomic.h>

#include "core/pause.h"
#include "core/sanitizer.h"
#include "sync/futex.h"
#include "sync/lock_list.h"

/* The word: whether it is held, and above that how many are asleep or about to be. Only these themselves
 * leave the count, so it is there for whoever releases next, however often the lock changes hands. */
#define HELD    1u
#define SLEEPER 2u

struct mill_lock {
    _Atomic uint32_t word;
};

/* Before it sleeps, some 8000 cycles; in a release, some 400, which is more than a line takes to move. Under
 * a hunt a pause lets the others go first, so that few will do. */
#define LOOKS         (MILL_UNDER_HUNT ? 2u : 128u)
#define RELEASE_LOOKS (MILL_UNDER_HUNT ? 1u : 6u)
#define PAUSES_A_LOOK (MILL_UNDER_HUNT ? 1u : 2u)

static void pause_between_looks(void)
{
    for (unsigned pauses = PAUSES_A_LOOK; pauses > 0; pauses--) {
        mill_pause();
    }
}

/* Takes it if it is free; `leaving` is SLEEPER for who has counted itself. What it has seen is in `word`. */
static bool take(struct mill_lock *lock, uint32_t *word, uint32_t leaving)
{
    /* relaxed: only a hint */
    *word = atomic_load_explicit(&lock->word, memory_order_relaxed);
    while (!(*word & HELD)) {
        /* acquire: pairs with the release in `release` */
        if (atomic_compare_exchange_weak_explicit(&lock->word, word, *word - leaving + HELD,
                                                  memory_order_acquire, memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    uint32_t word;
    (void)me;
    return take(lock, &word, 0);
}

static __attribute__((noinline)) int wait(struct mill_lock *lock, uint64_t deadline)
{
    uint32_t word;
    for (unsigned looks = LOOKS; looks > 0; looks--) {
        pause_between_looks();
        if (take(lock, &word, 0)) {
            return 0;
        }
    }
    /* relaxed: the kernel compares the whole word, so a release that did not see this one has changed it */
    atomic_fetch_add_explicit(&lock->word, SLEEPER, memory_order_relaxed);
    int status = 0;
    while (!take(lock, &word, SLEEPER)) {
        if (status < 0) {
            atomic_fetch_sub_explicit(&lock->word, SLEEPER, memory_order_relaxed);
            return status;
        }
        status = mill_futex_wait_until(&lock->word, word, deadline);
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
    uint32_t word = 0;
    /* as in `take` */
    if (!atomic_compare_exchange_strong_explicit(&lock->word, &word, HELD, memory_order_acquire,
                                                 memory_order_relaxed)) {
        wait(lock, MILL_NO_DEADLINE);
    }
}

/* Somebody sleeps, and is woken unless another thread takes the lock: its release will find the same. */
static __attribute__((noinline)) void wake(struct mill_lock *lock)
{
    for (unsigned looks = RELEASE_LOOKS; looks > 0; looks--) {
        pause_between_looks();
        /* relaxed: only who takes it has to see what was written under it */
        if (atomic_load_explicit(&lock->word, memory_order_relaxed) & HELD) {
            return;
        }
    }
    mill_futex_wake(&lock->word, 1);
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* release: pairs with the acquire of the next holder */
    if (atomic_fetch_sub_explicit(&lock->word, HELD, memory_order_release) != HELD) {
        wake(lock);
    }
}

const struct mill_lock_ops mill_lock_mutexee = {
    .about =
        {
            .name = "mutexee",
            .summary = "futex: spins long, then sleeps; a release first looks whether anybody takes it",
            .source = "Falsafi, Guerraoui, Picorel and Trigonakis 2016 (MUTEXEE)",
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
