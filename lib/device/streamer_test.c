/* Over a feed; line_source_socket_test.c has the socket, and a streamer over it. */
#include "device/streamer.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/delivery.h"
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

static void be_told(void *context, const struct mill_device_failure *failure)
{
    struct rig *rig = context;
    pthread_mutex_lock(&rig->mutex);
    if (rig->told < TOLD_MAX) {
        rig->failures[rig->told] = *failure;
    }
    rig->told++;
    pthread_mutex_unlock(&rig->mutex);
}

static struct mill_device_failure told(struct rig *rig, unsigned index)
{
    pthread_mutex_lock(&rig->mutex);
    assert_true(index < rig->told);
    struct mill_device_failure failure = rig->failures[index];
    pthread_mutex_unlock(&rig->mutex);
    return failure;
}

/* No wait between two connections, and no end to silence. */
static const struct mill_streamer_retry at_once = {.reconnects = 10, .silence_ns = 3600 * MILL_NS_PER_S};

static void open_rig(struct rig *rig, const struct mill_line_feed_plan *feed_plan,
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

static void open_default(struct rig *rig)
{
    open_rig(rig, &(struct mill_line_feed_plan){.interval_ms = 10}, &(struct mill_streamer_plan){0});
}

static void close_rig(struct rig *rig)
{
    mill_streamer_destroy(rig->streamer);
    mill_line_feed_destroy(rig->feed);
    pthread_mutex_destroy(&rig->mutex);
}

static void start(struct rig *rig)
{
    assert_int_equal(mill_streamer_start(rig->streamer), 0);
    mill_test_await_connections(rig->streamer, 1);
}

static void put_sample(struct rig *rig)
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

static void put_samples(struct rig *rig, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        put_sample(rig);
    }
}

static void put_text(struct rig *rig, const char *text)
{
    assert_int_equal(mill_line_feed_put(rig->feed, text, strlen(text), MILL_TEST_PATIENCE_NS), 0);
}

static void await_samples(struct rig *rig, uint64_t samples)
{
    assert_int_equal(mill_streamer_await(rig->streamer, samples, MILL_TEST_PATIENCE_NS), 0);
}

static struct mill_streamer_metrics metrics_of(struct rig *rig)
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

static void listen_to(void *context, const struct mill_stream_sample *sample)
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

static void set_gate(struct listener *listener, bool shut)
{
    pthread_mutex_lock(&listener->mutex);
    listener->shut = shut;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->mutex);
}

static void await_inside(struct listener *listener)
{
    pthread_mutex_lock(&listener->mutex);
    while (!listener->inside) {
        pthread_cond_wait(&listener->changed, &listener->mutex);
    }
    pthread_mutex_unlock(&listener->mutex);
}

static unsigned subscribe(struct rig *rig, struct listener *listener)
{
    unsigned id;
    assert_int_equal(mill_streamer_subscribe(rig->streamer, listen_to, listener, &id), 0);
    return id;
}

static unsigned subscribe_queued(struct rig *rig, struct listener *listener)
{
    unsigned id;
    assert_int_equal(mill_streamer_subscribe_queued(rig->streamer, listen_to, listener, &id), 0);
    return id;
}

/* ---- samples ---- */

static void samples_arrive_whole_and_in_order(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    open_default(&rig);
    subscribe(&rig, &listener);
    start(&rig);
    put_samples(&rig, 100);
    await_samples(&rig, 100);
    assert_int_equal(listener.calls, 100);
    assert_int_equal(listener.disorder, 0);
    assert_int_equal(listener.sample.number, 100);
    assert_int_equal(listener.sample.line.timestamp_ms, 990);
    assert_int_equal(listener.sample.step.kind, MILL_STEP_NEXT);
    assert_true(listener.sample.arrived_ns > 0 && listener.sample.arrived_ns <= mill_now_ns());
    struct mill_streamer_metrics metrics = metrics_of(&rig);
    assert_int_equal(metrics.state, MILL_STREAMER_STREAMING);
    assert_int_equal(metrics.samples, 100);
    assert_int_equal(metrics.others, 1);
    assert_int_equal(metrics.lines, 101);
    assert_int_equal(metrics.count.next, 99);
    assert_int_equal(metrics.last.kind, MILL_DEVICE_NO_FAILURE);
    close_rig(&rig);
}

static void gaps_and_duplicates_are_told_with_the_sample(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    open_default(&rig);
    subscribe(&rig, &listener);
    start(&rig);
    put_sample(&rig);
    rig.ms += 30;
    put_sample(&rig);
    await_samples(&rig, 2);
    assert_int_equal(listener.sample.step.kind, MILL_STEP_GAP);
    assert_int_equal(listener.sample.step.missing, 3);
    rig.ms -= 10;
    put_sample(&rig);
    await_samples(&rig, 3);
    assert_int_equal(listener.sample.step.kind, MILL_STEP_DUPLICATE);
    assert_int_equal(metrics_of(&rig).count.missing, 3);
    assert_int_equal(metrics_of(&rig).count.duplicates, 1);
    close_rig(&rig);
}

static void what_is_no_sample_is_counted_and_told(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    char endless[MILL_WIRE_LINE_MAX + 1];
    memset(endless, 'x', sizeof endless);
    open_default(&rig);
    subscribe(&rig, &listener);
    start(&rig);
    put_sample(&rig);
    put_text(&rig, "no JSON");
    put_text(&rig, "{\"seq\":\"1\"}");
    put_text(&rig, "");
    put_text(&rig, "{\"sync\":\"ok\",\"t_us\":1,\"seq\":1,\"timestamp_ms\":1,\"token\":\"a\"}");
    assert_int_equal(mill_line_feed_put(rig.feed, endless, sizeof endless, MILL_TEST_PATIENCE_NS), 0);
    put_sample(&rig);
    await_samples(&rig, 2);
    struct mill_streamer_metrics metrics = metrics_of(&rig);
    assert_int_equal(metrics.bad, 4);
    assert_int_equal(metrics.others, 2);
    assert_int_equal(metrics.lines, 8);
    assert_int_equal(metrics.failures, 0);
    assert_int_equal(metrics.connections, 1);
    assert_int_equal(rig.told, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(told(&rig, i).kind, MILL_DEVICE_STREAM);
        assert_true(told(&rig, i).message[0] != '\0');
    }
    assert_int_equal(listener.calls, 2);
    close_rig(&rig);
}

/* ---- who is called ---- */

struct order {
    atomic_uint *turn;
    unsigned seen;
    pthread_t thread;
};

static void note_turn(void *context, const struct mill_stream_sample *sample)
{
    struct order *order = context;
    (void)sample;
    order->seen = ++*order->turn;
    order->thread = pthread_self();
}

static void direct_callbacks_are_called_one_after_the_other(void **state)
{
    (void)state;
    struct rig rig;
    atomic_uint turn = 0;
    struct order orders[5];
    unsigned id;
    open_default(&rig);
    for (unsigned i = 0; i < 5; i++) {
        orders[i] = (struct order){.turn = &turn};
        assert_int_equal(mill_streamer_subscribe(rig.streamer, note_turn, &orders[i], &id), 0);
    }
    start(&rig);
    put_sample(&rig);
    await_samples(&rig, 1);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(orders[i].seen, i + 1);
        assert_true(pthread_equal(orders[i].thread, orders[0].thread));
        assert_false(pthread_equal(orders[i].thread, pthread_self()));
    }
    close_rig(&rig);
}

static void who_subscribes_later_gets_what_comes_later(void **state)
{
    (void)state;
    struct rig rig;
    struct listener early = LISTENER;
    struct listener late = LISTENER;
    open_default(&rig);
    unsigned id = subscribe(&rig, &early);
    start(&rig);
    put_samples(&rig, 3);
    await_samples(&rig, 3);
    subscribe(&rig, &late);
    put_samples(&rig, 2);
    await_samples(&rig, 5);
    assert_int_equal(mill_streamer_unsubscribe(rig.streamer, id), 0);
    assert_int_equal(mill_streamer_unsubscribe(rig.streamer, id), -ENOENT);
    put_samples(&rig, 2);
    await_samples(&rig, 7);
    assert_int_equal(early.calls, 5);
    assert_int_equal(late.calls, 4);
    close_rig(&rig);
}

struct guest {
    struct rig *rig;
    struct listener *listener;
    unsigned own_id;
    unsigned listener_id;
    unsigned calls;
    int statuses[6];
};

static void come_back(void *context, const struct mill_stream_sample *sample)
{
    struct guest *guest = context;
    struct mill_streamer *streamer = guest->rig->streamer;
    guest->calls++;
    if (sample->number == 1) {
        guest->statuses[0] =
            mill_streamer_subscribe(streamer, listen_to, guest->listener, &guest->listener_id);
    } else if (sample->number == 3) {
        guest->statuses[1] = mill_streamer_unsubscribe(streamer, guest->listener_id);
        guest->statuses[2] = mill_streamer_unsubscribe(streamer, guest->own_id);
        guest->statuses[3] = mill_streamer_stop(streamer, MILL_FOREVER);
        guest->statuses[4] = mill_streamer_await(streamer, 100, MILL_FOREVER);
        guest->statuses[5] = mill_streamer_settle(streamer, MILL_FOREVER);
    }
}

static void callbacks_may_come_back(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    struct guest guest = {.rig = &rig, .listener = &listener};
    open_default(&rig);
    assert_int_equal(mill_streamer_subscribe(rig.streamer, come_back, &guest, &guest.own_id), 0);
    start(&rig);
    put_samples(&rig, 5);
    await_samples(&rig, 5);
    assert_int_equal(guest.calls, 3);
    assert_int_equal(listener.calls, 1); /* the second; with the third it was told to leave before its turn */
    assert_int_equal(guest.statuses[0], 0);
    assert_int_equal(guest.statuses[1], 0);
    assert_int_equal(guest.statuses[2], 0);
    assert_int_equal(guest.statuses[3], -EDEADLK);
    assert_int_equal(guest.statuses[4], -EDEADLK);
    assert_int_equal(guest.statuses[5], -EDEADLK);
    close_rig(&rig);
}

static void settle_waits_for_a_call_at_work(bool queued)
{
    struct rig rig;
    struct listener listener = LISTENER;
    open_default(&rig);
    listener.shut = true;
    unsigned id = queued ? subscribe_queued(&rig, &listener) : subscribe(&rig, &listener);
    start(&rig);
    put_samples(&rig, 2);
    await_inside(&listener);
    assert_int_equal(mill_streamer_settle(rig.streamer, 0), 0); /* it has not left */
    assert_int_equal(mill_streamer_unsubscribe(rig.streamer, id), 0);
    assert_int_equal(mill_streamer_settle(rig.streamer, 0), -ETIMEDOUT);
    assert_int_equal(mill_streamer_settle(rig.streamer, MILL_NS_PER_MS), -ETIMEDOUT);
    assert_int_equal(mill_streamer_settle(rig.streamer, -1), -EINVAL);
    set_gate(&listener, false);
    assert_int_equal(mill_streamer_settle(rig.streamer, MILL_TEST_PATIENCE_NS), 0);
    await_samples(&rig, 2);
    assert_int_equal(listener.calls, 1); /* what waited is not delivered */
    close_rig(&rig);
}

static void settle_waits(void **state)
{
    (void)state;
    settle_waits_for_a_call_at_work(false);
    settle_waits_for_a_call_at_work(true);
}

/* ---- who is slow ---- */

static void be_slow(void *context, const struct mill_stream_sample *sample)
{
    (void)context;
    (void)sample;
    mill_sleep_until(mill_now_ns() + 20 * MILL_NS_PER_MS);
}

/* It is the first whose own time is long, and the second that is called late. Lower bounds alone. */
static void histograms_tell_who_delays_whom(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    struct mill_streamer_callback slow = {0};
    struct mill_streamer_callback late = {0};
    struct mill_histogram *lag;
    unsigned id;
    open_default(&rig);
    assert_int_equal(mill_histogram_create(&slow.busy), 0);
    assert_int_equal(mill_histogram_create(&late.delay), 0);
    assert_int_equal(mill_histogram_create(&lag), 0);
    assert_int_equal(mill_streamer_subscribe(rig.streamer, be_slow, NULL, &id), 0);
    unsigned late_id = subscribe(&rig, &listener);
    start(&rig);
    put_samples(&rig, 5);
    await_samples(&rig, 5);
    assert_int_equal(mill_streamer_callback(rig.streamer, id, &slow), 0);
    assert_int_equal(mill_streamer_callback(rig.streamer, late_id, &late), 0);
    assert_int_equal(slow.calls, 5);
    assert_int_equal(slow.busy->count, 5);
    assert_true(slow.busy->minimum >= 20 * MILL_NS_PER_MS);
    assert_int_equal(late.delay->count, 5);
    assert_true(late.delay->minimum >= 20 * MILL_NS_PER_MS);
    mill_streamer_lag(rig.streamer, lag);
    assert_int_equal(lag->count, 5);
    assert_int_equal(mill_streamer_callback(rig.streamer, 77, &late), -ENOENT);
    assert_int_equal(mill_streamer_callback(rig.streamer, id, NULL), -EINVAL);
    mill_histogram_destroy(slow.busy);
    mill_histogram_destroy(late.delay);
    mill_histogram_destroy(lag);
    close_rig(&rig);
}

static void a_queued_callback_loses_its_oldest_alone(void **state)
{
    (void)state;
    struct rig rig;
    struct listener slow = LISTENER;
    struct listener fast = LISTENER;
    struct mill_streamer_callback seen = {0};
    open_rig(&rig, &(struct mill_line_feed_plan){.interval_ms = 10},
             &(struct mill_streamer_plan){.capacity = 4});
    slow.shut = true;
    unsigned id = subscribe_queued(&rig, &slow);
    subscribe(&rig, &fast);
    start(&rig);
    put_sample(&rig);
    await_inside(&slow);
    put_samples(&rig, 50);
    await_samples(&rig, 51);
    assert_int_equal(fast.calls, 51); /* the stream has not waited */
    assert_int_equal(mill_streamer_callback(rig.streamer, id, &seen), 0);
    assert_int_equal(seen.dropped, 46); /* one is in hand, four wait */
    set_gate(&slow, false);
    mill_streamer_destroy(rig.streamer); /* delivers what waits */
    rig.streamer = NULL;
    assert_int_equal(slow.calls, 5);
    assert_int_equal(slow.disorder, 0);
    assert_int_equal(slow.last, 51);
    assert_false(pthread_equal(slow.thread, fast.thread));
    close_rig(&rig);
}

/* ---- connections ---- */

static void it_connects_again(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    open_rig(&rig, &(struct mill_line_feed_plan){.interval_ms = 10, .refuse_opens = 3},
             &(struct mill_streamer_plan){0});
    subscribe(&rig, &listener);
    start(&rig);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(told(&rig, i).kind, MILL_DEVICE_CONNECTION);
        assert_int_equal(told(&rig, i).tries, i + 1);
    }
    put_samples(&rig, 2);
    await_samples(&rig, 2);
    mill_line_feed_hang_up(rig.feed);
    mill_test_await_connections(rig.streamer, 2);
    assert_int_equal(told(&rig, 3).kind, MILL_DEVICE_STREAM);
    assert_int_equal(told(&rig, 3).tries, 1); /* a sample came in between */
    rig.ms += 100;
    put_sample(&rig);
    await_samples(&rig, 3);
    assert_int_equal(listener.sample.number, 3);
    assert_int_equal(listener.sample.step.missing, 10); /* also those of the time without a connection */
    assert_int_equal(metrics_of(&rig).failures, 4);
    close_rig(&rig);
}

static void await_state(struct rig *rig, enum mill_streamer_state state)
{
    uint64_t end = mill_now_ns() + MILL_TEST_PATIENCE_NS;
    while (metrics_of(rig).state != state) {
        assert_true(mill_now_ns() < end);
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS);
    }
}

static void it_gives_up_and_may_be_started_again(void **state)
{
    (void)state;
    struct rig rig;
    const struct mill_streamer_retry retry = {.reconnects = 2, .silence_ns = 3600 * MILL_NS_PER_S};
    open_rig(&rig, &(struct mill_line_feed_plan){.interval_ms = 10, .refuse_opens = 4},
             &(struct mill_streamer_plan){.retry = &retry});
    assert_int_equal(mill_streamer_start(rig.streamer), 0);
    await_state(&rig, MILL_STREAMER_FAILED);
    assert_int_equal(mill_streamer_await(rig.streamer, 1, MILL_FOREVER), -EPIPE);
    assert_int_equal(metrics_of(&rig).failures, 3); /* the first try, and two more */
    assert_non_null(strstr(metrics_of(&rig).last.message, "given up after 3 failures"));
    start(&rig);
    put_sample(&rig);
    await_samples(&rig, 1);
    close_rig(&rig);
}

static void silence_is_a_timeout(void **state)
{
    (void)state;
    struct rig rig;
    const struct mill_streamer_retry retry = {.reconnects = 1000000, .silence_ns = 2 * MILL_NS_PER_MS};
    open_rig(&rig, &(struct mill_line_feed_plan){.interval_ms = 10},
             &(struct mill_streamer_plan){.retry = &retry});
    start(&rig);
    mill_test_await_connections(rig.streamer, 3);
    assert_int_equal(mill_streamer_stop(rig.streamer, MILL_FOREVER), 0);
    assert_int_equal(told(&rig, 0).kind, MILL_DEVICE_TIMEOUT);
    close_rig(&rig);
}

static void what_begins_without_a_hello_is_no_valve(void **state)
{
    (void)state;
    struct rig rig;
    const struct mill_streamer_retry none = {.silence_ns = 3600 * MILL_NS_PER_S};
    open_rig(&rig, &(struct mill_line_feed_plan){.interval_ms = 10, .hello = "SSH-2.0-OpenSSH_9.2"},
             &(struct mill_streamer_plan){.retry = &none});
    assert_int_equal(mill_streamer_start(rig.streamer), 0);
    await_state(&rig, MILL_STREAMER_FAILED);
    assert_int_equal(told(&rig, 0).kind, MILL_DEVICE_STREAM);
    assert_non_null(strstr(told(&rig, 0).message, "no hello"));
    assert_int_equal(metrics_of(&rig).connections, 0);
    close_rig(&rig);

    open_rig(&rig,
             &(struct mill_line_feed_plan){
                 .hello = "{\"stream\":\"valve\",\"message\":\"connected\",\"interval_ms\":0}"},
             &(struct mill_streamer_plan){.retry = &none});
    assert_int_equal(mill_streamer_start(rig.streamer), 0);
    await_state(&rig, MILL_STREAMER_FAILED);
    assert_non_null(strstr(told(&rig, 0).message, "interval of 0 ms"));
    close_rig(&rig);
}

/* Waits that end by themselves after an hour at the earliest. */
static void stop_wakes_it_whatever_it_waits_for(void **state)
{
    (void)state;
    struct rig rig;
    const int64_t hour_ns = 3600 * (int64_t)MILL_NS_PER_S;
    const struct mill_streamer_retry patient = {.reconnects = 10,
                                                .backoff_ns = (uint64_t)hour_ns,
                                                .backoff_max_ns = (uint64_t)hour_ns,
                                                .silence_ns = (uint64_t)hour_ns};
    open_rig(&rig, &(struct mill_line_feed_plan){.interval_ms = 10, .refuse_opens = 1},
             &(struct mill_streamer_plan){.retry = &patient});
    assert_int_equal(mill_streamer_start(rig.streamer), 0);
    uint64_t end = mill_now_ns() + MILL_TEST_PATIENCE_NS;
    while (metrics_of(&rig).failures == 0 && mill_now_ns() < end) {
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS);
    }
    assert_int_equal(mill_streamer_stop(rig.streamer, MILL_TEST_PATIENCE_NS), 0); /* from its back-off */
    assert_int_equal(metrics_of(&rig).state, MILL_STREAMER_STOPPED);
    for (int i = 0; i < 20; i++) {
        uint64_t connections = metrics_of(&rig).connections;
        assert_int_equal(mill_streamer_start(rig.streamer), 0);
        assert_int_equal(mill_streamer_start(rig.streamer), 0);
        if (i % 2 == 0) { /* else wherever it is */
            mill_test_await_connections(rig.streamer, connections + 1);
        }
        assert_int_equal(mill_streamer_stop(rig.streamer, MILL_TEST_PATIENCE_NS), 0);
        assert_int_equal(mill_streamer_stop(rig.streamer, MILL_TEST_PATIENCE_NS), 0);
    }
    assert_int_equal(mill_streamer_await(rig.streamer, 1, MILL_FOREVER), -EPIPE);
    close_rig(&rig);
}

static void a_stop_says_when_a_callback_is_still_at_work(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    open_default(&rig);
    listener.shut = true;
    subscribe(&rig, &listener);
    start(&rig);
    put_sample(&rig);
    await_inside(&listener);
    assert_int_equal(mill_streamer_stop(rig.streamer, MILL_NS_PER_MS), -ETIMEDOUT);
    assert_int_equal(mill_streamer_start(rig.streamer), -EBUSY);
    set_gate(&listener, false);
    assert_int_equal(mill_streamer_stop(rig.streamer, MILL_TEST_PATIENCE_NS), 0);
    close_rig(&rig);
}

static void the_interval_is_asked_for_on_each_connection(void **state)
{
    (void)state;
    struct rig rig;
    struct mill_line_feed_counts counts;
    open_rig(&rig, &(struct mill_line_feed_plan){.interval_ms = 100},
             &(struct mill_streamer_plan){.interval_ms = 20});
    assert_int_equal(mill_streamer_set_interval(rig.streamer, 30), -ENOTCONN);
    assert_int_equal(mill_streamer_set_interval(rig.streamer, 20), -ENOTCONN);
    start(&rig);
    put_sample(&rig);
    await_samples(&rig, 1); /* the command was sent before */
    mill_line_feed_read(rig.feed, &counts);
    assert_int_equal(counts.commands, 1);
    assert_string_equal(counts.command, "interval 20");
    assert_int_equal(mill_streamer_set_interval(rig.streamer, 5), 0);
    put_samples(&rig, 4);
    await_samples(&rig, 5); /* 10 ms: what the device makes of 5 */
    rig.ms += 10;
    put_sample(&rig);
    await_samples(&rig, 6);
    assert_int_equal(metrics_of(&rig).count.missing, 1);
    mill_line_feed_hang_up(rig.feed);
    mill_test_await_connections(rig.streamer, 2);
    put_sample(&rig);
    await_samples(&rig, 7);
    mill_line_feed_read(rig.feed, &counts);
    assert_int_equal(counts.commands, 3);
    assert_string_equal(counts.command, "interval 5");
    assert_int_equal(mill_streamer_set_interval(rig.streamer, 0), -EINVAL);
    assert_int_equal(mill_streamer_set_interval(rig.streamer, 1001), -EINVAL);
    close_rig(&rig);
}

/* ---- many ---- */

static void there_is_room_for_so_many(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    unsigned ids[MILL_STREAMER_CALLBACKS_MAX];
    unsigned id;
    open_default(&rig);
    for (unsigned i = 0; i < MILL_STREAMER_CALLBACKS_MAX; i++) {
        ids[i] = i % 8 == 0 ? subscribe_queued(&rig, &listener) : subscribe(&rig, &listener);
    }
    assert_int_equal(mill_streamer_subscribe(rig.streamer, listen_to, &listener, &id), -ENOSPC);
    assert_int_equal(mill_streamer_subscribe_queued(rig.streamer, listen_to, &listener, &id), -ENOSPC);
    assert_int_equal(mill_streamer_unsubscribe(rig.streamer, ids[1]), 0);
    assert_int_equal(mill_streamer_subscribe(rig.streamer, listen_to, &listener, &id), 0);
    assert_true(id > ids[MILL_STREAMER_CALLBACKS_MAX - 1]);
    assert_int_equal(mill_streamer_unsubscribe(rig.streamer, ids[0]), 0);
    /* its thread has to end first */
    uint64_t end = mill_now_ns() + MILL_TEST_PATIENCE_NS;
    while (mill_streamer_subscribe_queued(rig.streamer, listen_to, &listener, &id) == -ENOSPC) {
        assert_true(mill_now_ns() < end);
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS);
    }
    close_rig(&rig);
}

#define VISITS 200u

static void *come_and_go(void *context)
{
    struct rig *rig = context;
    for (unsigned i = 0; i < VISITS; i++) {
        struct listener listener = LISTENER;
        struct mill_streamer_callback seen = {0};
        unsigned id;
        int status = i % 4 == 0 ? mill_streamer_subscribe_queued(rig->streamer, listen_to, &listener, &id)
                                : mill_streamer_subscribe(rig->streamer, listen_to, &listener, &id);
        if (status == 0) {
            mill_streamer_callback(rig->streamer, id, &seen);
            mill_streamer_unsubscribe(rig->streamer, id);
            mill_streamer_settle(rig->streamer, MILL_FOREVER); /* then the listener may go */
        }
        if (status < 0 && status != -ENOSPC) {
            return rig;
        }
    }
    return NULL;
}

/* Their contexts stand on stacks that go on: AddressSanitizer sees a call that comes too late. */
static void the_stream_goes_on_while_others_come_and_go(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    struct rig rig;
    struct listener listener = LISTENER;
    pthread_t threads[THREADS];
    open_default(&rig);
    subscribe(&rig, &listener);
    start(&rig);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &rig), 0);
    }
    put_samples(&rig, 500);
    for (unsigned i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    await_samples(&rig, 500);
    assert_int_equal(listener.calls, 500);
    assert_int_equal(listener.disorder, 0);
    close_rig(&rig);
}

static void deliveries_are_found_by_name(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    unsigned id;
    open_default(&rig);
    assert_int_equal(mill_delivery_ops_find("inline")->subscribe(rig.streamer, listen_to, &listener, &id), 0);
    assert_int_equal(mill_delivery_ops_find("queued")->subscribe(rig.streamer, listen_to, &listener, &id), 0);
    assert_null(mill_delivery_ops_find("locked"));
    start(&rig);
    put_samples(&rig, 3);
    await_samples(&rig, 3);
    mill_streamer_destroy(rig.streamer);
    rig.streamer = NULL;
    assert_int_equal(listener.calls, 6);
    close_rig(&rig);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct rig rig;
    struct mill_streamer *streamer;
    unsigned id;
    open_default(&rig);
    struct mill_line_source *source = mill_line_feed_source(rig.feed);
    const struct mill_streamer_retry backwards = {.backoff_ns = 2, .backoff_max_ns = 1};
    const struct mill_streamer_retry endless = {.silence_ns = UINT64_MAX};
    const struct mill_streamer_retry endless_backoff = {.backoff_max_ns = UINT64_MAX};
    const struct mill_streamer_plan plans[] = {
        {.source = NULL},
        {.source = source, .interval_ms = 1001},
        {.source = source, .min_interval_ms = 1001},
        {.source = source, .capacity = 65537},
        {.source = source, .retry = &backwards},
        {.source = source, .retry = &endless},
        {.source = source, .retry = &endless_backoff},
    };
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        assert_int_equal(mill_streamer_create(&plans[i], &streamer), -EINVAL);
    }
    assert_int_equal(mill_streamer_create(NULL, &streamer), -EINVAL);
    assert_int_equal(mill_streamer_create(&(struct mill_streamer_plan){.source = source}, NULL), -EINVAL);
    assert_int_equal(mill_streamer_start(NULL), -EINVAL);
    assert_int_equal(mill_streamer_stop(NULL, 0), -EINVAL);
    assert_int_equal(mill_streamer_stop(rig.streamer, -1), -EINVAL);
    assert_int_equal(mill_streamer_await(rig.streamer, 1, -1), -EINVAL);
    assert_int_equal(mill_streamer_subscribe(rig.streamer, NULL, NULL, &id), -EINVAL);
    assert_int_equal(mill_streamer_subscribe_queued(rig.streamer, listen_to, NULL, NULL), -EINVAL);
    assert_int_equal(mill_streamer_unsubscribe(NULL, 1), -EINVAL);
    assert_int_equal(mill_streamer_unsubscribe(rig.streamer, 1), -ENOENT);
    assert_null(mill_streamer_state_name((enum mill_streamer_state)4));
    assert_string_equal(mill_streamer_state_name(MILL_STREAMER_FAILED), "failed");
    mill_streamer_destroy(NULL);
    close_rig(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_arrive_whole_and_in_order),
        cmocka_unit_test(gaps_and_duplicates_are_told_with_the_sample),
        cmocka_unit_test(what_is_no_sample_is_counted_and_told),
        cmocka_unit_test(direct_callbacks_are_called_one_after_the_other),
        cmocka_unit_test(who_subscribes_later_gets_what_comes_later),
        cmocka_unit_test(callbacks_may_come_back),
        cmocka_unit_test(settle_waits),
        cmocka_unit_test(histograms_tell_who_delays_whom),
        cmocka_unit_test(a_queued_callback_loses_its_oldest_alone),
        cmocka_unit_test(it_connects_again),
        cmocka_unit_test(it_gives_up_and_may_be_started_again),
        cmocka_unit_test(silence_is_a_timeout),
        cmocka_unit_test(what_begins_without_a_hello_is_no_valve),
        cmocka_unit_test(stop_wakes_it_whatever_it_waits_for),
        cmocka_unit_test(a_stop_says_when_a_callback_is_still_at_work),
        cmocka_unit_test(the_interval_is_asked_for_on_each_connection),
        cmocka_unit_test(there_is_room_for_so_many),
        cmocka_unit_test(the_stream_goes_on_while_others_come_and_go),
        cmocka_unit_test(deliveries_are_found_by_name),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests_name("device/streamer", tests, NULL, NULL);
}
