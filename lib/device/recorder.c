#include "device/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cacheline.h"
#include "core/clock.h"

#define CAPACITY 100000u

struct mill_recorder {
    struct mill_recorder_plan plan;
    struct mill_lock *lock; /* protects all below */
    alignas(MILL_ISOLATION) struct mill_recorder_metrics metrics;
    struct mill_stream_sample *samples; /* position p stands at p % capacity */
};

static void enter(struct mill_recorder *recorder, struct mill_lock_context *me)
{
    mill_lock_acquire(recorder->plan.lock, recorder->lock, me);
}

static void leave(struct mill_recorder *recorder, struct mill_lock_context *me)
{
    mill_lock_release(recorder->plan.lock, recorder->lock, me);
}

/* ---- made and unmade ---- */

static int check_plan(const struct mill_recorder_plan *plan)
{
    bool knows = plan && (plan->policy == MILL_RECORDER_DROP_OLDEST || plan->policy == MILL_RECORDER_REFUSE);
    return knows && plan->capacity <= MILL_RECORDER_CAPACITY_MAX ? 0 : -EINVAL;
}

int mill_recorder_create(const struct mill_recorder_plan *plan, struct mill_recorder **recorder)
{
    int status = recorder ? check_plan(plan) : -EINVAL;
    if (status < 0) {
        return status;
    }
    struct mill_recorder *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->plan = *plan;
    made->plan.capacity = plan->capacity > 0 ? plan->capacity : CAPACITY;
    made->plan.lock = plan->lock ? plan->lock : mill_lock_ops_find("pthread");
    made->samples = calloc(made->plan.capacity, sizeof made->samples[0]);
    status = made->samples ? mill_lock_create(made->plan.lock, &made->lock) : -ENOMEM;
    if (status < 0) {
        free(made->samples);
        free(made);
        return status;
    }
    *recorder = made;
    return 0;
}

void mill_recorder_destroy(struct mill_recorder *recorder)
{
    if (recorder) {
        mill_lock_destroy(recorder->plan.lock, recorder->lock);
        free(recorder->samples);
        free(recorder);
    }
}

/* ---- recording ---- */

int mill_recorder_start(struct mill_recorder *recorder)
{
    struct mill_lock_context me;
    struct mill_recorder_metrics *metrics = &recorder->metrics;
    enter(recorder, &me);
    bool starts = !metrics->recording;
    if (starts) {
        metrics->recording = true;
        metrics->recording_number++;
        metrics->started_ns = mill_now_ns();
        metrics->ended_ns = 0;
        metrics->taken = 0;
        metrics->held = 0;
        metrics->dropped = 0;
        metrics->refused = 0;
    }
    leave(recorder, &me);
    return starts ? 0 : -EALREADY;
}

int mill_recorder_stop(struct mill_recorder *recorder)
{
    struct mill_lock_context me;
    enter(recorder, &me);
    bool stops = recorder->metrics.recording;
    if (stops) {
        recorder->metrics.recording = false;
        recorder->metrics.ended_ns = mill_now_ns();
    }
    leave(recorder, &me);
    return stops ? 0 : -EALREADY;
}

/* Under the lock, while it records. */
static void append(struct mill_recorder *recorder, const struct mill_stream_sample *sample)
{
    struct mill_recorder_metrics *metrics = &recorder->metrics;
    bool full = metrics->held == recorder->plan.capacity;
    if (full && recorder->plan.policy == MILL_RECORDER_REFUSE) {
        metrics->refused++;
        metrics->all_refused++;
        return;
    }
    recorder->samples[metrics->taken % recorder->plan.capacity] = *sample;
    metrics->taken++;
    metrics->all_taken++;
    metrics->dropped += full;
    metrics->held += !full;
}

void mill_recorder_take(void *context, const struct mill_stream_sample *sample)
{
    struct mill_recorder *recorder = context;
    struct mill_lock_context me;
    enter(recorder, &me);
    recorder->metrics.offered++;
    if (recorder->metrics.recording) {
        append(recorder, sample);
    } else {
        recorder->metrics.ignored++;
    }
    leave(recorder, &me);
}

/* ---- reading ---- */

void mill_recorder_read(struct mill_recorder *recorder, struct mill_recorder_metrics *metrics)
{
    struct mill_lock_context me;
    enter(recorder, &me);
    *metrics = recorder->metrics;
    leave(recorder, &me);
}

/* `count` samples from a position that is held on. Under the lock. */
static void copy_out(const struct mill_recorder *recorder, uint64_t from, struct mill_stream_sample *samples,
                     size_t count)
{
    size_t capacity = recorder->plan.capacity;
    size_t at = (size_t)(from % capacity);
    size_t before_end = capacity - at < count ? capacity - at : count;
    memcpy(samples, recorder->samples + at, before_end * sizeof samples[0]);
    memcpy(samples + before_end, recorder->samples, (count - before_end) * sizeof samples[0]);
}

int mill_recorder_copy(struct mill_recorder *recorder, uint64_t recording_number, uint64_t *from,
                       struct mill_stream_sample *samples, size_t room, size_t *count)
{
    struct mill_lock_context me;
    if (!recorder || !from || !count || (!samples && room > 0)) {
        return -EINVAL;
    }
    int status = -ESTALE;
    *count = 0;
    enter(recorder, &me);
    const struct mill_recorder_metrics *metrics = &recorder->metrics;
    if (recording_number == 0 || recording_number == metrics->recording_number) {
        status = 0;
        *from = *from < metrics->dropped ? metrics->dropped : *from;
        uint64_t left = *from < metrics->taken ? metrics->taken - *from : 0;
        *count = left < room ? (size_t)left : room;
        if (*count > 0) {
            copy_out(recorder, *from, samples, *count);
        }
    }
    leave(recorder, &me);
    return status;
}
