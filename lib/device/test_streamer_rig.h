/* A streamer at a feed, for its tests: what it was told is kept, and callbacks count, and may be made to
 * wait. Included once by such a test.
 */
#ifndef MILL_DEVICE_TEST_STREAMER_RIG_H
#define MILL_DEVICE_TEST_STREAMER_RIG_H

#include <pthread.h>
#include <string.h>

#include "device/line_feed.h"
#include "device/test_streamer.h"

/* ---- a streamer at a feed ---- */

#define TOLD_MAX 64u

struct rig {
    struct mill_line_feed *feed;
    struct mill_streamer *streamer;
    uint64_t ms;           /* of the device */
    pthread_mutex_t mutex; /* protects what was told */
    unsigned told;
    struct mill_device_failure failures[TOLD_MAX];
};

static inline void be_told(void *context, const struct mill_device_failure *failure)
{
    struct rig *rig = context;
    pthread_mutex_lock(&rig->mutex);
    if (rig->told < TOLD_MAX) {
        rig->failures[rig->told] = *failure;
    }
    rig->told++;
    pthread_mutex_unlock(&rig->mutex);
}

static inline struct mill_device_failure told(struct rig *rig, unsigned index)
{
    pthread_mutex_lock(&rig->mutex);
    assert_true(index < rig->told);
    struct mill_device_failure failure = rig->failures[index];
    pthread_mutex_unlock(&rig->mutex);
    return failure;
}

/* No wait between two connections, and no end to silence. */
static const struct mill_streamer_retry at_once = {.reconnects = 10, .silence_ns = 3600 * MILL_NS_PER_S};

static inline void open_rig(struct rig *rig, const struct mill_line_feed_plan *feed_plan,
                            const struct mill_streamer_plan *plan)
{
    struct mill_streamer_plan completed = *plan;
    *rig = (struct rig){0};
    assert_int_equal(pthread_mutex_init(&rig->mutex, NULL), 0);
    assert_int_equal(mill_line_feed_create(feed_plan, &rig->feed), 0);
    completed.source = mill_line_feed_source(rig->feed);
    completed.retry = plan->retry ? plan->retry : &at_once;
    completed.told = be_told;
    completed.told_context = rig;
    assert_int_equal(mill_streamer_create(&completed, &rig->streamer), 0);
}

static inline void open_default(struct rig *rig)
{
    open_rig(rig, &(struct mill_line_feed_plan){.interval_ms = 10}, &(struct mill_streamer_plan){0});
}

static inline void close_rig(struct rig *rig)
{
    mill_streamer_destroy(rig->streamer);
    mill_line_feed_destroy(rig->feed);
    pthread_mutex_destroy(&rig->mutex);
}

static inline void start(struct rig *rig)
{
    assert_int_equal(mill_streamer_start(rig->streamer), 0);
    mill_test_await_connections(rig->streamer, 1);
}

static inline void put_sample(struct rig *rig)
{
    const struct mill_sample_line line = {.timestamp_ms = rig->ms,
                                          .seq = rig->ms,
                                          .t_us = rig->ms * 1000,
                                          .status = MILL_SAMPLE_RUNNING,
                                          .position_deg = (double)(rig->ms % 90),
                                          .data_valid = true};
    assert_int_equal(mill_line_feed_put_sample(rig->feed, &line, MILL_TEST_PATIENCE_NS), 0);
    rig->ms += 10;
}

static inline void put_samples(struct rig *rig, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        put_sample(rig);
    }
}

static inline void put_text(struct rig *rig, const char *text)
{
    assert_int_equal(mill_line_feed_put(rig->feed, text, strlen(text), MILL_TEST_PATIENCE_NS), 0);
}

static inline void await_samples(struct rig *rig, uint64_t samples)
{
    assert_int_equal(mill_streamer_await(rig->streamer, samples, MILL_TEST_PATIENCE_NS), 0);
}

static inline struct mill_streamer_metrics metrics_of(struct rig *rig)
{
    struct mill_streamer_metrics metrics;
    mill_streamer_read(rig->streamer, &metrics);
    return metrics;
}

/* ---- callbacks ---- */

/* Counts its samples, and whether they came in order; may wait at a gate. */
struct listener {
    pthread_mutex_t mutex; /* protects all below */
    pthread_cond_t changed;
    uint64_t calls;
    uint64_t last;
    uint64_t disorder;
    struct mill_stream_sample sample;
    pthread_t thread;
    bool shut; /* the gate */
    bool inside;
};

#define LISTENER                                                                \
    {                                                                           \
        .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER \
    }

static inline void listen_to(void *context, const struct mill_stream_sample *sample)
{
    struct listener *listener = context;
    pthread_mutex_lock(&listener->mutex);
    listener->calls++;
    listener->disorder += sample->number <= listener->last;
    listener->last = sample->number;
    listener->sample = *sample;
    listener->thread = pthread_self();
    listener->inside = true;
    pthread_cond_broadcast(&listener->changed);
    while (listener->shut) {
        pthread_cond_wait(&listener->changed, &listener->mutex);
    }
    listener->inside = false;
    pthread_mutex_unlock(&listener->mutex);
}

static inline void set_gate(struct listener *listener, bool shut)
{
    pthread_mutex_lock(&listener->mutex);
    listener->shut = shut;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->mutex);
}

static inline void await_inside(struct listener *listener)
{
    pthread_mutex_lock(&listener->mutex);
    while (!listener->inside) {
        pthread_cond_wait(&listener->changed, &listener->mutex);
    }
    pthread_mutex_unlock(&listener->mutex);
}

static inline unsigned subscribe(struct rig *rig, struct listener *listener)
{
    unsigned id;
    assert_int_equal(mill_streamer_subscribe(rig->streamer, listen_to, listener, &id), 0);
    return id;
}

static inline unsigned subscribe_queued(struct rig *rig, struct listener *listener)
{
    unsigned id;
    assert_int_equal(mill_streamer_subscribe_queued(rig->streamer, listen_to, listener, &id), 0);
    return id;
}

#endif
