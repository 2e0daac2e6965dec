/* What the barriers without a mutex share: the generation in one word, and how a party waits.
 *
 * The word holds whether the barrier is broken, its sense, how many have arrived (of those strategies that
 * count), and the number of the generation. A trip reverses the sense and begins a generation, a break begins
 * one and leaves the sense. While a party waits, the barrier can be tripped at most once, since the next trip
 * takes that party's arrival; so whoever finds the sense reversed was let through, and whoever finds the old
 * sense in another generation was broken.
 *
 * The number has 46 bits. A party would be mistaken if a multiple of 2^46 generations were broken while it
 * did not run once.
 */
#ifndef MILL_SYNC_BARRIER_WORD_H
#define MILL_SYNC_BARRIER_WORD_H

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/pause.h"
#include "sync/futex.h"

#define MILL_BARRIER_BROKEN     UINT64_C(1)
#define MILL_BARRIER_SENSE      UINT64_C(2)
#define MILL_BARRIER_ARRIVAL    UINT64_C(4)
#define MILL_BARRIER_ARRIVED    (UINT64_C(0xffff) * MILL_BARRIER_ARRIVAL)
#define MILL_BARRIER_GENERATION (UINT64_C(0x10000) * MILL_BARRIER_ARRIVAL)

/* For a party that came in the generation of `first`: 0 it is let through; -ECANCELED its generation is
 * broken; -EAGAIN it waits on. */
static inline int mill_barrier_look(uint64_t first, uint64_t word)
{
    if ((first ^ word) & MILL_BARRIER_SENSE) {
        return 0;
    }
    return first / MILL_BARRIER_GENERATION != word / MILL_BARRIER_GENERATION ? -ECANCELED : -EAGAIN;
}

static inline uint64_t mill_barrier_tripped(uint64_t word)
{
    return ((word ^ MILL_BARRIER_SENSE) & ~MILL_BARRIER_ARRIVED) + MILL_BARRIER_GENERATION;
}

static inline uint64_t mill_barrier_broken(uint64_t word)
{
    return ((word | MILL_BARRIER_BROKEN) & ~MILL_BARRIER_ARRIVED) + MILL_BARRIER_GENERATION;
}

static inline uint64_t mill_barrier_mended(uint64_t word)
{
    return (word & ~(MILL_BARRIER_ARRIVED | MILL_BARRIER_BROKEN)) + MILL_BARRIER_GENERATION;
}

/* ---- waiting for a number to change ---- */

#define MILL_LINGER_LOOKS  200u /* spins about as long as a sleep and a wake-up take (Karlin et al. 1991) */
#define MILL_LINGER_YIELDS 8u   /* then leaves the processor to parties that share it */
#define MILL_LINGER_MARK   1u   /* bit of the word: somebody may be asleep on it; the number stands above */

/* One step of waiting until *word is no longer `seen`: spins, yields, marks the word, at last sleeps. Between
 * two steps the caller looks again at all that it waits for, and reads the word before; so whoever changes
 * something else than the word, and then takes the mark off, is not missed. `steps` counts from 0. 0: look
 * again; -ETIMEDOUT. */
static inline int mill_linger(_Atomic uint32_t *word, uint32_t seen, unsigned *steps, bool crowded,
                              uint64_t deadline)
{
    if (deadline != MILL_NO_DEADLINE && mill_now_ns() >= deadline) {
        return -ETIMEDOUT;
    }
    unsigned step = (*steps)++;
    if (step == 0 && !crowded) {
        for (unsigned looks = MILL_LINGER_LOOKS; looks > 0; looks--) {
            mill_pause();
            /* relaxed: the caller reads it again */
            if (atomic_load_explicit(word, memory_order_relaxed) != seen) {
                break;
            }
        }
        return 0;
    }
    if (step <= MILL_LINGER_YIELDS) {
        sched_yield();
        return 0;
    }
    if (!(seen & MILL_LINGER_MARK)) {
        /* seq_cst: the mark comes before the caller's next looks; pairs with mill_linger_disturb */
        atomic_compare_exchange_strong_explicit(word, &seen, seen | MILL_LINGER_MARK, memory_order_seq_cst,
                                                memory_order_relaxed);
        return 0;
    }
    return mill_futex_wait_until(word, seen, deadline);
}

/* Makes all that wait for the word look again. seq_cst: comes after the change that they are to see; pairs
 * with the mark of mill_linger */
static inline void mill_linger_disturb(_Atomic uint32_t *word)
{
    if (atomic_fetch_and_explicit(word, ~MILL_LINGER_MARK, memory_order_seq_cst) & MILL_LINGER_MARK) {
        mill_futex_wake(word, INT_MAX);
    }
}

/* Changes the number. release: pairs with the acquire of those that wait */
static inline void mill_linger_end(_Atomic uint32_t *word, uint32_t number)
{
    if (atomic_exchange_explicit(word, number << 1, memory_order_release) & MILL_LINGER_MARK) {
        mill_futex_wake(word, INT_MAX);
    }
}

#endif
