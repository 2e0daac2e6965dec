/* Told the lines of a stream one after another, it tells what is missing and what came twice, under the
 * firmware's real counting. Pure: plain values, no allocation, no clock.
 *
 *     struct mill_stream_count count;
 *     mill_stream_count_init(&count, &(struct mill_stream_count_plan){.interval_ms = 10});
 *
 *     struct mill_stream_step step;
 *     mill_stream_count_line(&count, &line, &step);
 *     if (step.kind == MILL_STREAM_GAP)
 *         printf("%" PRIu64 " lines are missing\n", step.missing);
 *
 * What the counting is made of:
 *
 *   timestamp_ms   runs while the device has power, whatever the valve does; 32 bits, so it starts over after
 *                  49.7 days. It alone tells how many lines are missing: the time since the line before, in
 *                  intervals.
 *   seq            counts the control loop's ticks, one a millisecond, not lines: a step of 10 between two
 *                  lines is nothing lost. It stands still while the valve is stopped: lines with one seq are
 *                  not the same line. It begins again, with t_us, when the valve is started.
 *   interval       may change at any line, and the device changes what it was asked for to what it can.
 *
 * The rules, in this order, for a line and the one before it:
 *
 *   1. Equal timestamp_ms, seq and t_us: DUPLICATE; what follows is compared with the first of the two.
 *   2. timestamp_ms went back, and not around its end: REBOOT; the device has lost power, and nothing is
 * known of the time before.
 *   3. RUNNING after IDLE, seq went back, or it moved, but by less than the time that passed, though the
 * valve was not stopped meanwhile: RESTART. The device sends nothing while it starts a valve, for about a
 *      second, so the time is told (`unknown_ms`), and no line is missed.
 *   4. At least one and a half intervals since the line before, and more than `slack_ms` above one: GAP, of
 * as many lines as there are further intervals in that time, rounded.
 *   5. Otherwise NEXT.
 *
 * Lines without data (NO_DATA, or data_valid false) tell the time alone: rule 3 passes over them.
 *
 * A gap is time without a line. Whether the network lost the lines, the device dropped them because the
 * reader was slow, or its main loop was busy with something else and made none, is not in the stream; GET
 * stream tells the second (send_errors). At 1 ms a device whose loop is a millisecond late looks like a
 * device that lost a line; `slack_ms` says which it shall be.
 *
 * After mill_stream_count_interval the change comes with one of the next lines: until a line shows it, a time
 * up to the longer of both intervals is no gap. Lines that come faster than told four times in a row correct
 * the interval by themselves (somebody else changed it); slower ones do not, since that is what loss looks
 * like.
 *
 * One thread at a time.
 */
#ifndef MILL_DEVICE_STREAM_COUNT_H
#define MILL_DEVICE_STREAM_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "device/wire.h"

enum mill_stream_step_kind {
    MILL_STREAM_FIRST, /* of the stream */
    MILL_STREAM_NEXT,
    MILL_STREAM_DUPLICATE,
    MILL_STREAM_GAP,
    MILL_STREAM_RESTART, /* the valve was started */
    MILL_STREAM_REBOOT,  /* the device was */
};

struct mill_stream_step {
    enum mill_stream_step_kind kind;
    uint64_t ms;         /* since the line before; 0 where that means nothing */
    uint64_t ticks;      /* of the control loop since the line before; after a RESTART: since the start */
    uint64_t missing;    /* lines, of a GAP */
    uint64_t unknown_ms; /* time of which it cannot be said whether lines are missing: of RESTART */
};

struct mill_stream_count_plan {
    unsigned interval_ms; /* 0 stands for MILL_WIRE_INTERVAL_MS */
    unsigned slack_ms;    /* how late the device's own loop may be with a line */
};

struct mill_stream_count_totals {
    uint64_t lines; /* all: the sum of the following kinds, and the first */
    uint64_t next;
    uint64_t duplicates;
    uint64_t gaps;
    uint64_t restarts;
    uint64_t reboots;
    uint64_t missing; /* lines, in all gaps */
    uint64_t unknown_ms;
    uint64_t frozen; /* lines with data whose seq stood still */
};

struct mill_stream_count {
    struct mill_stream_count_plan plan;
    struct mill_stream_count_totals totals;
    unsigned interval_ms; /* in effect, as far as is known */
    unsigned asked_ms;    /* an interval that no line has shown yet, or 0 */
    unsigned faster;      /* lines in a row that came faster than that */
    uint64_t faster_ms;   /* in how long */
    bool begun;           /* `last` means something */
    bool has_data;        /* `data` does */
    struct mill_sample_line last;
    struct mill_sample_line data; /* the last line with data */
};

/* 0 or -EINVAL (NULL, an interval over MILL_WIRE_INTERVAL_MAX_MS). */
int mill_stream_count_init(struct mill_stream_count *count, const struct mill_stream_count_plan *plan);

/* A connection was made whose hello told this interval. What was missed since the connection before is told
 * by its first line, as any gap is; the interval is in effect at once. 0 or -EINVAL (0, or over
 * MILL_WIRE_INTERVAL_MAX_MS). */
int mill_stream_count_connected(struct mill_stream_count *count, unsigned interval_ms);

/* The device was asked for another interval, told here as the device clamps it. 0 or -EINVAL as above. */
int mill_stream_count_interval(struct mill_stream_count *count, unsigned interval_ms);

/* The next line, as it came. `step` may be NULL. Never fails: any values are some kind of step. */
void mill_stream_count_line(struct mill_stream_count *count, const struct mill_sample_line *line,
                            struct mill_stream_step *step);

/* "first", "next", "duplicate", …; NULL for what is no kind. */
const char *mill_stream_step_name(enum mill_stream_step_kind kind);

#endif
