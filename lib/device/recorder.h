/* Records samples of the stream (row 21 of the patterns): started, stopped and read by any thread, also while
 * it records.
 *
 *     struct mill_recorder *recorder;
 *     int status = mill_recorder_create(&(struct mill_recorder_plan){.capacity = 60000}, &recorder);
 *     status = mill_streamer_subscribe(streamer, mill_recorder_take, recorder, &id);
 *
 *     mill_recorder_start(recorder);
 *     …
 *     mill_recorder_stop(recorder);
 *     status = mill_recorder_save(recorder, MILL_RECORDER_CSV, "run.csv", &saved, &error);
 *
 *     mill_streamer_unsubscribe(streamer, id);
 *     mill_streamer_settle(streamer, MILL_FOREVER);
 *     mill_recorder_destroy(recorder);
 *
 * It holds `capacity` samples and not one more. When it is full it drops the oldest, or refuses what comes,
 * as the plan says; both are counted. A start begins a new recording and forgets the last one.
 *
 * The samples of a recording have positions 0, 1, 2, … in the order in which they were taken; a position is
 * never given twice, and what was dropped leaves its positions empty. Whoever reads while it records reads by
 * position, and sees what was dropped before he came to it.
 *
 * Any thread may call any of these at any time, but destroy, which must be the last call. Blocking: each call
 * holds a lock for a moment; saving copies under it some samples at a time, and writes without it.
 */
#ifndef MILL_DEVICE_RECORDER_H
#define MILL_DEVICE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/error.h"
#include "device/streamer.h"
#include "sync/lock.h"

#define MILL_RECORDER_CAPACITY_MAX ((size_t)1 << 24)

struct mill_recorder;

enum mill_recorder_policy {
    MILL_RECORDER_DROP_OLDEST,
    MILL_RECORDER_REFUSE,
};

struct mill_recorder_plan {
    size_t capacity; /* samples; 0 stands for 100,000 */
    enum mill_recorder_policy policy;
    const struct mill_lock_ops *lock; /* what protects it; NULL: "pthread" */
};

struct mill_recorder_metrics {
    bool recording;
    uint64_t recording_number; /* of starts: 1, 2, 3, …; 0: none so far */
    uint64_t started_ns;       /* by mill_now_ns(); 0: not yet */
    uint64_t ended_ns;         /* 0: it records */
    /* of this recording */
    uint64_t taken; /* = held + dropped: the next position */
    uint64_t held;
    uint64_t dropped; /* oldest ones */
    uint64_t refused;
    /* of all recordings, and the time between them */
    uint64_t offered; /* = all_taken + all_refused + ignored */
    uint64_t all_taken;
    uint64_t all_refused;
    uint64_t ignored; /* came while it did not record */
};

/* 0; -EINVAL (NULL, no such policy, a capacity over MILL_RECORDER_CAPACITY_MAX); -ENOTSUP (a lock that is
 * missing in this build); -ENOMEM. */
int mill_recorder_create(const struct mill_recorder_plan *plan, struct mill_recorder **recorder);

/* Nobody uses it any more. NULL is fine. */
void mill_recorder_destroy(struct mill_recorder *recorder);

/* Begins a new recording. 0; -EALREADY: it records, and goes on. */
int mill_recorder_start(struct mill_recorder *recorder);

/* Ends the recording; it can be read until the next start. 0; -EALREADY: it did not record. */
int mill_recorder_stop(struct mill_recorder *recorder);

/* Records a sample, if it records: a callback for mill_streamer_subscribe, whose context is the recorder. Any
 * number of threads may call it. */
void mill_recorder_take(void *context, const struct mill_stream_sample *sample);

void mill_recorder_read(struct mill_recorder *recorder, struct mill_recorder_metrics *metrics);

/* Copies up to `room` samples from position *from on, or from the oldest that is held if that is later, and
 * sets *from to the first one's position and *count. 0, also with none left; -ESTALE: `recording_number` is
 * not this recording (0: whichever it is); -EINVAL (NULL). */
int mill_recorder_copy(struct mill_recorder *recorder, uint64_t recording_number, uint64_t *from,
                       struct mill_stream_sample *samples, size_t room, size_t *count);

/* ---- export ---- */

enum mill_recorder_format {
    MILL_RECORDER_CSV,   /* a line of names, then one line a sample */
    MILL_RECORDER_JSONL, /* an object a line */
};

struct mill_recorder_saved {
    uint64_t samples; /* written */
    uint64_t missed;  /* that were held when it began and dropped before it came to them */
};

/* Writes the samples that are held now, oldest first; numbers in as many digits as tell them from every
 * other. What is not finite is written as nan, inf or -inf in CSV and as null in JSON. 0; -EINVAL; -ESTALE: a
 * new recording was started meanwhile; -ENOMEM; an errno of writing. `saved` may be NULL. */
int mill_recorder_write(struct mill_recorder *recorder, enum mill_recorder_format format, FILE *stream,
                        struct mill_recorder_saved *saved, struct mill_error *error);

/* The same into a file that is replaced whole or not at all (core/file.h). */
int mill_recorder_save(struct mill_recorder *recorder, enum mill_recorder_format format, const char *path,
                       struct mill_recorder_saved *saved, struct mill_error *error);

/* "csv" or "jsonl"; NULL for what is no format. */
const char *mill_recorder_format_name(enum mill_recorder_format format);

#endif
