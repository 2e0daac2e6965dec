/* Time: nanoseconds for windows, ticks for single operations.
 *
 * A tick is the processor's time stamp counter where that counter is invariant (constant rate, running in
 * every idle state) and the kernel trusts it; elsewhere a tick is one nanosecond of CLOCK_MONOTONIC. Never
 * CPUID: on a virtual machine it leaves the guest and costs ten thousand cycles.
 *
 *     struct mill_clock clock;
 *     mill_clock_open(&clock);
 *     uint64_t from = mill_ticks_begin(&clock);
 *     operation();
 *     uint64_t took = mill_ticks_to_ns(&clock, mill_ticks_end(&clock) - from);
 *
 * A clock is constant after mill_clock_open and may be read by any number of threads. Wait-free.
 */
#ifndef MILL_CORE_CLOCK_H
#define MILL_CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#define MILL_NS_PER_US 1000ull
#define MILL_NS_PER_MS 1000000ull
#define MILL_NS_PER_S  1000000000ull

struct mill_clock {
    bool counter;        /* true: ticks are the time stamp counter */
    uint64_t multiplier; /* nanoseconds a tick, as a 32.32 fixed-point number */
    double ticks_per_ns;
};

/* Chooses the source and, for the counter, measures its rate against CLOCK_MONOTONIC (about two
 * milliseconds). Does not fail: without a trusted counter it falls back to CLOCK_MONOTONIC. */
void mill_clock_open(struct mill_clock *clock);

/* "tsc" or "clock_gettime". */
const char *mill_clock_source(const struct mill_clock *clock);

/* The steps in which ticks are seen to rise, in nanoseconds: a counter may run at gigahertz and be renewed
 * every ten nanoseconds. Looks for a fraction of a millisecond. */
double mill_clock_step_ns(const struct mill_clock *clock);

static inline uint64_t mill_timespec_ns(struct timespec time)
{
    return (uint64_t)time.tv_sec * MILL_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline uint64_t mill_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return mill_timespec_ns(now);
}

/* Keeps the compiler from moving loads and stores across a reading; emits no instruction. */
static inline void mill_compiler_barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

/* The tick before an operation: what came before has finished when it is read, and no instruction of the
 * operation starts before. */
static inline uint64_t mill_ticks_begin(const struct mill_clock *clock)
{
#if defined(__x86_64__)
    if (clock->counter) {
        mill_compiler_barrier();
        _mm_lfence();
        uint64_t now = __rdtsc();
        _mm_lfence();
        mill_compiler_barrier();
        return now;
    }
#else
    (void)clock;
#endif
    return mill_now_ns();
}

/* The tick after an operation: every instruction of the operation has finished before it is read (its stores
 * may still be on their way to the other processors). */
static inline uint64_t mill_ticks_end(const struct mill_clock *clock)
{
#if defined(__x86_64__)
    if (clock->counter) {
        unsigned processor;
        mill_compiler_barrier();
        uint64_t now = __rdtscp(&processor);
        mill_compiler_barrier();
        return now;
    }
#else
    (void)clock;
#endif
    return mill_now_ns();
}

/* Whole nanoseconds, rounded down. */
static inline uint64_t mill_ticks_to_ns(const struct mill_clock *clock, uint64_t ticks)
{
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)(((wide)ticks * clock->multiplier) >> 32);
}

/* Sleeps until mill_now_ns() has reached `deadline_ns`; goes on after signals. */
void mill_sleep_until(uint64_t deadline_ns);

/* Spends `ns` nanoseconds on the processor without touching shared memory: the work that a scenario's hold
 * and think times stand for. Never less than `ns` by the same clock, and over it by some ten nanoseconds
 * where the counter is used; 0 returns at once. */
void mill_spend(const struct mill_clock *clock, uint64_t ns);

#endif
