/* When a collector takes its next sample. Each pace is a few lines, so they share this file. */
#include <errno.h>

#include "core/pause.h"
#include "task/collector.h"

/* How long before its period the spinning pace is up: what a wake-up takes on a machine that is not
 * busy. */
#define SPIN_NS (20 * MILL_NS_PER_US)

static uint64_t due(const struct mill_pace *pace)
{
    return pace->start_ns + pace->period * pace->interval_ns;
}

/* 0 at `moment`, -EPIPE at a stop. */
static int sleep_until(uint64_t moment, struct mill_stop *stop)
{
    while (mill_now_ns() < moment) {
        if (mill_stop_wait_until(stop, moment) == 0) {
            return -EPIPE;
        }
    }
    return mill_stop_requested(stop) ? -EPIPE : 0;
}

/* The time is read once, for both questions: which period is it, and when was the sample taken. */
static void begin_period(struct mill_pace *pace)
{
    pace->taken_ns = mill_now_ns();
    uint64_t period = (pace->taken_ns - pace->start_ns) / pace->interval_ns;
    pace->missed += period - pace->period;
    pace->period = period;
}

static int await_absolute(struct mill_pace *pace, struct mill_stop *stop)
{
    int status = sleep_until(due(pace), stop);
    if (status == 0) {
        begin_period(pace);
    }
    return status;
}

static int await_spinning(struct mill_pace *pace, struct mill_stop *stop)
{
    int status = sleep_until(due(pace) - SPIN_NS, stop);
    while (status == 0 && mill_now_ns() < due(pace)) {
        mill_pause();
        status = mill_stop_requested(stop) ? -EPIPE : 0;
    }
    if (status == 0) {
        begin_period(pace);
    }
    return status;
}

/* The guide's mistake, kept: the interval is slept after each sample, so that what collecting and waking cost
 * adds up, and the clock is never asked which period it is. */
static int await_interval(struct mill_pace *pace, struct mill_stop *stop)
{
    int status = sleep_until(pace->period == 0 ? 0 : mill_now_ns() + pace->interval_ns, stop);
    if (status == 0) {
        pace->taken_ns = mill_now_ns();
    }
    return status;
}

static const struct mill_pace_ops absolute = {
    .about =
        {
            .name = "absolute",
            .summary = "sleeps until start + n * interval; a period that is over is counted, not made up for",
            .source = "clock_nanosleep with TIMER_ABSTIME, POSIX.1-2001",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .await = await_absolute,
};

static const struct mill_pace_ops spinning = {
    .about =
        {
            .name = "absolute-spinning",
            .summary = "the same, but is awake 20 us before and spins the rest of the way",
            .source = "clock_nanosleep with TIMER_ABSTIME, POSIX.1-2001",
            .traits = MILL_PARKS | MILL_SPINS,
            .progress = MILL_BLOCKING,
        },
    .await = await_spinning,
};

static const struct mill_pace_ops interval = {
    .about =
        {
            .name = "sleep-interval",
            .summary = "sleeps the interval after each sample: drifts",
            .source = "guide 1, PeriodicCollector",
            .traits = MILL_PARKS | MILL_CONTROL,
            .progress = MILL_BLOCKING,
        },
    .await = await_interval,
};

static const struct mill_strategy *const strategies[] = {&absolute.about, &spinning.about, &interval.about};

const struct mill_family mill_pace_family = {
    .name = "pace",
    .summary = "when a periodic collector takes its next sample",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_pace_ops *mill_pace_ops_find(const char *name)
{
    return mill_pace_ops_of(mill_family_find(&mill_pace_family, name));
}
