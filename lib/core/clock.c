#include "core/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/pause.h"

/* The kernel checks the counter at boot and goes on checking it; its verdict is the clock source that it
 * uses. Under KVM that is kvm-clock, which is itself read from an invariant counter, so the flag decides
 * there. */
#if defined(__x86_64__)
static const uint64_t rate_window_ns = 2 * MILL_NS_PER_MS;

static bool file_contains(const char *path, const char *word)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        return false;
    }
    char line[8192];
    bool found = false;
    while (!found && fgets(line, sizeof line, file)) {
        found = strstr(line, word) != NULL;
    }
    fclose(file);
    return found;
}

static bool counter_is_trusted(void)
{
    static const char source[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    bool kernel_uses_it = file_contains(source, "tsc") || file_contains(source, "kvm-clock");
    static const char processors[] = "/proc/cpuinfo";
    return kernel_uses_it && file_contains(processors, " constant_tsc") &&
           file_contains(processors, " nonstop_tsc") && file_contains(processors, " rdtscp");
}

/* A reading of both clocks, taken as the tightest of several so that an interruption between them does not
 * count. */
static void read_both(const struct mill_clock *clock, uint64_t *ns, uint64_t *ticks)
{
    uint64_t tightest = UINT64_MAX;
    for (int attempt = 0; attempt < 8; attempt++) {
        uint64_t before = mill_ticks_end(clock);
        uint64_t now = mill_now_ns();
        uint64_t after = mill_ticks_end(clock);
        if (after - before < tightest) {
            tightest = after - before;
            *ns = now;
            *ticks = before + (after - before) / 2;
        }
    }
}

static void measure_rate(struct mill_clock *clock)
{
    uint64_t ns0 = 0, ticks0 = 0, ns1 = 0, ticks1 = 0;
    read_both(clock, &ns0, &ticks0);
    while (mill_now_ns() - ns0 < rate_window_ns) {
        mill_pause();
    }
    read_both(clock, &ns1, &ticks1);
    if (ticks1 <= ticks0 || ns1 <= ns0) { /* the counters of two processors disagree: not one to trust */
        clock->counter = false;
        return;
    }
    double ns_per_tick = (double)(ns1 - ns0) / (double)(ticks1 - ticks0);
    clock->multiplier = (uint64_t)(ns_per_tick * 4294967296.0 + 0.5);
    clock->ticks_per_ns = 1.0 / ns_per_tick;
}
#endif

void mill_clock_open(struct mill_clock *clock)
{
    *clock = (struct mill_clock){.multiplier = 1ull << 32, .ticks_per_ns = 1.0};
#if defined(__x86_64__)
    if (counter_is_trusted()) {
        clock->counter = true;
        measure_rate(clock);
    }
#endif
}

const char *mill_clock_source(const struct mill_clock *clock)
{
    return clock->counter ? "tsc" : "clock_gettime";
}

/* Between two readings lie whole steps: the least distance of two numbers of ticks that were seen several
 * times, of which none is one. */
double mill_clock_step_ns(const struct mill_clock *clock)
{
    enum {
        readings = 4000,
        ticks_most = 1000, /* longer ones were interrupted */
        several = 3,
    };
    unsigned seen[ticks_most] = {0};
    for (int i = 0; i < readings; i++) {
        uint64_t from = mill_ticks_end(clock);
        uint64_t ticks = mill_ticks_end(clock) - from;
        seen[ticks < ticks_most ? ticks : 0]++;
    }
    unsigned last = 0, step = ticks_most;
    for (unsigned ticks = 1; ticks < ticks_most; ticks++) {
        if (seen[ticks] >= several) {
            step = ticks - last < step ? ticks - last : step;
            last = ticks;
        }
    }
    return step / clock->ticks_per_ns;
}

void mill_sleep_until(uint64_t deadline_ns)
{
    struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ns / MILL_NS_PER_S),
        .tv_nsec = (long)(deadline_ns % MILL_NS_PER_S),
    };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) == EINTR) {
    }
}

void mill_spend(const struct mill_clock *clock, uint64_t ns)
{
    if (ns == 0) {
        return;
    }
    uint64_t from = mill_ticks_end(clock);
    /* No pause: it takes up to 140 cycles, and it would give the core to a sibling, which work does not. The
     * elapsed time is converted rather than `ns`, so that no rounding ends the wait early. */
    while (mill_ticks_to_ns(clock, mill_ticks_end(clock) - from) < ns) {
    }
}
