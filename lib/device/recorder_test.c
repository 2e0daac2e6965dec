#include "device/recorder.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "device/line_feed.h"
#include "device/test_recorder.h"
#include "device/test_streamer.h"

/* ---- recording ---- */

static void it_records_between_start_and_stop(void **state)
{
    (void)state;
    struct mill_recorder *recorder = create(10, MILL_RECORDER_DROP_OLDEST);
    take(recorder, 1, 2);
    assert_int_equal(mill_recorder_stop(recorder), -EALREADY);
    assert_int_equal(metrics_of(recorder).recording_number, 0);
    assert_int_equal(mill_recorder_start(recorder), 0);
    assert_int_equal(mill_recorder_start(recorder), -EALREADY);
    take(recorder, 3, 4);
    struct mill_recorder_metrics metrics = metrics_of(recorder);
    assert_true(metrics.recording);
    assert_int_equal(metrics.held, 4); /* counted while it records */
    assert_true(metrics.started_ns > 0 && metrics.ended_ns == 0);
    assert_int_equal(mill_recorder_stop(recorder), 0);
    take(recorder, 7, 3);
    metrics = metrics_of(recorder);
    assert_false(metrics.recording);
    assert_int_equal(metrics.held, 4);
    assert_int_equal(metrics.taken, 4);
    assert_int_equal(metrics.ignored, 5);
    assert_true(metrics.ended_ns >= metrics.started_ns);
    assert_int_equal(mill_recorder_start(recorder), 0);
    metrics = metrics_of(recorder);
    assert_int_equal(metrics.recording_number, 2);
    assert_int_equal(metrics.held, 0);
    assert_int_equal(metrics.ignored, 5);
    assert_int_equal(metrics.offered, 9);
    assert_int_equal(metrics.all_taken, 4);
    assert_int_equal(metrics.ended_ns, 0);
    mill_recorder_destroy(recorder);
}

static void assert_held(struct mill_recorder *recorder, uint64_t first, uint64_t count)
{
    struct mill_stream_sample samples[20];
    uint64_t from = 0;
    size_t got;
    assert_int_equal(mill_recorder_copy(recorder, 0, &from, samples, 20, &got), 0);
    assert_int_equal(got, count);
    for (uint64_t i = 0; i < count; i++) {
        assert_int_equal(samples[i].number, first + i);
        assert_true(is_whole(&samples[i]));
    }
}

static void when_full_it_drops_the_oldest(void **state)
{
    (void)state;
    struct mill_recorder *recorder = create(10, MILL_RECORDER_DROP_OLDEST);
    mill_recorder_start(recorder);
    take(recorder, 1, 10);
    assert_int_equal(metrics_of(recorder).dropped, 0);
    take(recorder, 11, 13);
    struct mill_recorder_metrics metrics = metrics_of(recorder);
    assert_int_equal(metrics.taken, 23);
    assert_int_equal(metrics.held, 10);
    assert_int_equal(metrics.dropped, 13);
    assert_int_equal(metrics.refused, 0);
    assert_held(recorder, 14, 10);
    mill_recorder_destroy(recorder);
}

static void or_it_refuses_what_comes(void **state)
{
    (void)state;
    struct mill_recorder *recorder = create(10, MILL_RECORDER_REFUSE);
    mill_recorder_start(recorder);
    take(recorder, 1, 23);
    struct mill_recorder_metrics metrics = metrics_of(recorder);
    assert_int_equal(metrics.taken, 10);
    assert_int_equal(metrics.held, 10);
    assert_int_equal(metrics.dropped, 0);
    assert_int_equal(metrics.refused, 13);
    assert_held(recorder, 1, 10);
    mill_recorder_stop(recorder);
    mill_recorder_start(recorder);
    metrics = metrics_of(recorder);
    assert_int_equal(metrics.refused, 0);
    assert_int_equal(metrics.all_refused, 13);
    mill_recorder_destroy(recorder);
}

static void it_is_read_by_position(void **state)
{
    (void)state;
    struct mill_recorder *recorder = create(10, MILL_RECORDER_DROP_OLDEST);
    struct mill_stream_sample samples[4];
    size_t count;
    uint64_t from = 0;
    mill_recorder_start(recorder);
    assert_int_equal(mill_recorder_copy(recorder, 1, &from, samples, 4, &count), 0);
    assert_int_equal(count, 0);
    take(recorder, 100, 8);
    from = 6;
    assert_int_equal(mill_recorder_copy(recorder, 1, &from, samples, 4, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(samples[0].number, 106);
    take(recorder, 108, 5);
    from = 1;
    assert_int_equal(mill_recorder_copy(recorder, 1, &from, samples, 4, &count), 0);
    assert_int_equal(from, 3); /* those before were dropped */
    assert_int_equal(count, 4);
    assert_int_equal(samples[3].number, 106);
    from = 99;
    assert_int_equal(mill_recorder_copy(recorder, 1, &from, samples, 4, &count), 0);
    assert_int_equal(from, 99);
    assert_int_equal(count, 0);
    assert_int_equal(mill_recorder_copy(recorder, 2, &from, samples, 4, &count), -ESTALE);
    assert_int_equal(mill_recorder_copy(recorder, 1, NULL, samples, 4, &count), -EINVAL);
    assert_int_equal(mill_recorder_copy(recorder, 1, &from, NULL, 4, &count), -EINVAL);
    mill_recorder_destroy(recorder);
}

/* ---- from any thread ---- */

#define TAKES 20000u

struct crowd {
    struct mill_recorder *recorder;
    atomic_bool over;
    _Atomic uint64_t seen;   /* samples */
    _Atomic uint64_t broken; /* looks that saw what cannot be */
};

static void *be_stream(void *context)
{
    struct crowd *crowd = context;
    take(crowd->recorder, 1, TAKES);
    return NULL;
}

static void *be_switch(void *context)
{
    struct crowd *crowd = context;
    while (!atomic_load(&crowd->over)) {
        mill_recorder_start(crowd->recorder);
        mill_recorder_stop(crowd->recorder);
    }
    return NULL;
}

static bool adds_up(const struct mill_recorder_metrics *metrics)
{
    return metrics->held <= 64 && metrics->taken == metrics->held + metrics->dropped &&
           metrics->refused == 0 && metrics->offered == metrics->all_taken + metrics->ignored &&
           metrics->recording == (metrics->ended_ns == 0);
}

static void *be_reader(void *context)
{
    struct crowd *crowd = context;
    struct mill_stream_sample samples[64];
    while (!atomic_load(&crowd->over)) {
        struct mill_recorder_metrics metrics;
        uint64_t from = 0;
        size_t count;
        mill_recorder_read(crowd->recorder, &metrics);
        atomic_fetch_add(&crowd->broken, metrics.recording_number > 0 && !adds_up(&metrics));
        mill_recorder_copy(crowd->recorder, 0, &from, samples, 64, &count);
        for (size_t i = 0; i < count; i++) {
            atomic_fetch_add(&crowd->broken, !is_whole(&samples[i]));
        }
        atomic_fetch_add(&crowd->seen, count);
    }
    return NULL;
}

static void any_thread_may_do_anything(void **state)
{
    (void)state;
    struct crowd crowd = {.recorder = create(64, MILL_RECORDER_DROP_OLDEST)};
    pthread_t streams[2], others[3];
    assert_int_equal(pthread_create(&others[0], NULL, be_switch, &crowd), 0);
    assert_int_equal(pthread_create(&others[1], NULL, be_reader, &crowd), 0);
    assert_int_equal(pthread_create(&others[2], NULL, be_reader, &crowd), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&streams[i], NULL, be_stream, &crowd), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(streams[i], NULL);
    }
    atomic_store(&crowd.over, true);
    for (unsigned i = 0; i < 3; i++) {
        pthread_join(others[i], NULL);
    }
    assert_int_equal(crowd.broken, 0);
    assert_int_equal(metrics_of(crowd.recorder).offered, 2 * TAKES);
    mill_recorder_destroy(crowd.recorder);
}

static void it_records_a_stream(void **state)
{
    (void)state;
    struct mill_recorder *recorder = create(100, MILL_RECORDER_DROP_OLDEST);
    struct mill_line_feed *feed;
    struct mill_streamer *streamer;
    struct mill_stream_sample sample;
    uint64_t from = 4;
    size_t count;
    unsigned id;
    assert_int_equal(mill_line_feed_create(&(struct mill_line_feed_plan){.interval_ms = 10}, &feed), 0);
    const struct mill_streamer_plan plan = {.source = mill_line_feed_source(feed)};
    assert_int_equal(mill_streamer_create(&plan, &streamer), 0);
    assert_int_equal(mill_streamer_subscribe(streamer, mill_recorder_take, recorder, &id), 0);
    mill_recorder_start(recorder);
    assert_int_equal(mill_streamer_start(streamer), 0);
    mill_test_await_connections(streamer, 1);
    for (uint64_t i = 0; i < 5; i++) {
        const struct mill_sample_line line = {.timestamp_ms = 10 * i, .data_valid = true};
        assert_int_equal(mill_line_feed_put_sample(feed, &line, MILL_TEST_PATIENCE_NS), 0);
    }
    assert_int_equal(mill_streamer_await(streamer, 5, MILL_TEST_PATIENCE_NS), 0);
    assert_int_equal(metrics_of(recorder).held, 5);
    assert_int_equal(mill_recorder_copy(recorder, 1, &from, &sample, 1, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(sample.line.timestamp_ms, 40);
    assert_int_equal(mill_streamer_unsubscribe(streamer, id), 0);
    assert_int_equal(mill_streamer_settle(streamer, MILL_TEST_PATIENCE_NS), 0);
    mill_recorder_destroy(recorder); /* before the streamer */
    mill_streamer_destroy(streamer);
    mill_line_feed_destroy(feed);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct mill_recorder *recorder;
    struct mill_error error;
    const struct mill_recorder_plan plan = {.capacity = 1};
    const struct mill_recorder_plan huge = {.capacity = MILL_RECORDER_CAPACITY_MAX + 1};
    const struct mill_recorder_plan odd = {.policy = (enum mill_recorder_policy)2};
    assert_int_equal(mill_recorder_create(NULL, &recorder), -EINVAL);
    assert_int_equal(mill_recorder_create(&plan, NULL), -EINVAL);
    assert_int_equal(mill_recorder_create(&huge, &recorder), -EINVAL);
    assert_int_equal(mill_recorder_create(&odd, &recorder), -EINVAL);
    assert_int_equal(mill_recorder_create(&plan, &recorder), 0);
    const enum mill_recorder_format none = (enum mill_recorder_format)2;
    assert_null(mill_recorder_format_name(none));
    assert_string_equal(mill_recorder_format_name(MILL_RECORDER_JSONL), "jsonl");
    assert_int_equal(mill_recorder_write(recorder, none, stderr, NULL, &error), -EINVAL);
    assert_int_equal(mill_recorder_write(recorder, MILL_RECORDER_CSV, NULL, NULL, &error), -EINVAL);
    assert_int_equal(mill_recorder_save(recorder, MILL_RECORDER_CSV, NULL, NULL, &error), -EINVAL);
    mill_recorder_destroy(recorder);
    mill_recorder_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_records_between_start_and_stop),
        cmocka_unit_test(when_full_it_drops_the_oldest),
        cmocka_unit_test(or_it_refuses_what_comes),
        cmocka_unit_test(it_is_read_by_position),
        cmocka_unit_test(any_thread_may_do_anything),
        cmocka_unit_test(it_records_a_stream),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests_name("device/recorder", tests, NULL, NULL);
}
