/* A periodic collector (row 2 of the patterns): a thread that takes a sample at every interval and keeps the
 * newest ones in a bounded buffer.
 *
 *     static int read_position(void *sample, const struct mill_collected *about, void *device) { … }
 *
 *     struct mill_collector *collector;
 *     int status = mill_collector_create(&(struct mill_collector_settings){
 *         .name = "positions", .interval_ns = MILL_NS_PER_MS, .capacity = 1000,
 *         .sample_size = sizeof(struct position), .collect = read_position, .argument = device}, &collector);
 *     status = mill_collector_start(collector);
 *     status = mill_collector_latest(collector, &position, &about);      a copy; stays the latest
 *     status = mill_collector_drain(collector, positions, NULL, 1000, &count);    takes out, oldest first
 *     status = mill_collector_stop(collector, MILL_NS_PER_S);
 *     mill_collector_destroy(collector);
 *
 * Deadlines are absolute: period n of a run begins at start + n * interval, for n = 0, 1, 2, …, whatever
 * collecting costs and however late a wake-up came; nothing adds up. A period has at most one sample, begun
 * within that period. A period that is over before its sample could be begun is missed: it is counted, and
 * not made up for by hurrying. So taken + failed + missed = periods begun.
 *
 * A full buffer drops its oldest sample for the new one, and counts it. A callback that fails is counted and
 * leaves no sample.
 *
 * Any thread may call any of these at any time, but destroy, which must be the last call. The callback runs
 * in the collector's thread with nothing locked. Blocking.
 */
#ifndef MILL_TASK_COLLECTOR_H
#define MILL_TASK_COLLECTOR_H

#include <stddef.h>
#include <stdint.h>

#include "core/strategy.h"
#include "task/stop.h"

struct mill_collector;

/* What is known of a sample besides its bytes. */
struct mill_collected {
    uint64_t sequence; /* of the samples kept, over all runs: 1, 2, 3, … without a gap; in the callback: what
                          it will be if it does not fail */
    uint64_t period;   /* n, in its run */
    uint64_t due_ns;   /* start + n * interval, by mill_now_ns() */
    uint64_t taken_ns; /* when the callback was called; taken_ns - due_ns is how late it was */
};

/* ---- pace: when the next sample is taken ---- */

/* Where a run stands in time. Belongs to the collector's thread. */
struct mill_pace {
    uint64_t interval_ns;
    uint64_t start_ns;
    uint64_t period; /* of the sample at hand */
    uint64_t taken_ns;
    uint64_t missed; /* periods of this run */
};

struct mill_pace_ops {
    struct mill_strategy about;
    /* Waits for the first period that is not over, and sets `period`, `taken_ns` and `missed`; `period` comes
     * as the next one wanted. 0, or -EPIPE when a stop was requested. */
    int (*await)(struct mill_pace *pace, struct mill_stop *stop);
};

extern const struct mill_family mill_pace_family;

static inline const struct mill_pace_ops *mill_pace_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_pace_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_pace_ops *mill_pace_ops_find(const char *name);

/* ---- the collector ---- */

#define MILL_COLLECTOR_BYTES_MAX ((size_t)1 << 40) /* of capacity times sample_size */

struct mill_collector_settings {
    const char *name;                 /* as mill_thread_start wants it */
    const struct mill_pace_ops *pace; /* NULL: absolute */
    int64_t interval_ns;
    size_t capacity;    /* samples that the buffer holds */
    size_t sample_size; /* bytes of one */
    /* Fills in a sample. 0, or a negative errno. May stop nothing it waits for: stopping its own collector is
     * refused. */
    int (*collect)(void *sample, const struct mill_collected *about, void *argument);
    void *argument;
};

struct mill_collector_metrics {
    uint64_t taken;   /* = the sequence of the latest = drained + dropped + buffered */
    uint64_t failed;  /* periods in which the callback failed */
    uint64_t missed;  /* periods without a call */
    uint64_t dropped; /* samples that made room */
    uint64_t drained;
    uint64_t buffered;
    int last_error; /* of the last call that failed; 0: none has */
};

/* Makes a stopped collector. 0; -EINVAL (NULL, a bad name, an interval or a size that is not positive, or
 * more than MILL_COLLECTOR_BYTES_MAX); -ENOTSUP (a pace missing in this build); -ENOMEM. */
int mill_collector_create(const struct mill_collector_settings *settings, struct mill_collector **collector);

/* 0 (also for NULL); -EBUSY, and nothing was done, while it is not stopped. */
int mill_collector_destroy(struct mill_collector *collector);

/* Begins a run with period 0 now. 0, also when it was started before; -EBUSY: a stop has not finished;
 * -ENOMEM, -EAGAIN. What earlier runs collected stays. */
int mill_collector_start(struct mill_collector *collector);

/* Ends the run: wakes the thread at once, and waits for a callback at work. 0, also when it was stopped
 * before; -ETIMEDOUT: the callback is still at work, stop has to be called again; -EDEADLK: called by the
 * callback (nothing was done); -EINVAL. */
int mill_collector_stop(struct mill_collector *collector, int64_t timeout_ns);

/* Copies the newest sample, which stays, and what is known of it (`about` may be NULL). 0; -ENOENT: none so
 * far; -EINVAL. */
int mill_collector_latest(struct mill_collector *collector, void *sample, struct mill_collected *about);

/* Takes up to `room` samples out of the buffer, oldest first, into `samples` (one after the other) and
 * `about` (or NULL). `*count` is how many. 0 or -EINVAL. */
int mill_collector_drain(struct mill_collector *collector, void *samples, struct mill_collected *about,
                         size_t room, size_t *count);

void mill_collector_read(struct mill_collector *collector, struct mill_collector_metrics *metrics);

#endif
