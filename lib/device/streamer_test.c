/* What it receives, and from whom, over a feed; streamer_callbacks_test.c has whom it calls,
 * line_source_socket_test.c a streamer over a socket. */
#include "device/streamer.h"

#include <errno.h>

#include "device/test_streamer_rig.h"

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
    assert_int_equal(listener.sample.step.kind, MILL_STREAM_NEXT);
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
    assert_int_equal(listener.sample.step.kind, MILL_STREAM_GAP);
    assert_int_equal(listener.sample.step.missing, 3);
    rig.ms -= 10;
    put_sample(&rig);
    await_samples(&rig, 3);
    assert_int_equal(listener.sample.step.kind, MILL_STREAM_DUPLICATE);
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
        cmocka_unit_test(it_connects_again),
        cmocka_unit_test(it_gives_up_and_may_be_started_again),
        cmocka_unit_test(silence_is_a_timeout),
        cmocka_unit_test(what_begins_without_a_hello_is_no_valve),
        cmocka_unit_test(stop_wakes_it_whatever_it_waits_for),
        cmocka_unit_test(a_stop_says_when_a_callback_is_still_at_work),
        cmocka_unit_test(the_interval_is_asked_for_on_each_connection),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests_name("device/streamer", tests, NULL, NULL);
}
