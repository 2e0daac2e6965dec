#include "core/test_exhaustion.h"

#include "device/line_feed.h"
#include "device/test_streamer.h"

static void count(void *context, const struct mill_stream_sample *sample)
{
    (void)sample;
    atomic_fetch_add_explicit((atomic_uint *)context, 1, memory_order_relaxed);
}

static int subscribe(struct mill_streamer *streamer, atomic_uint *calls)
{
    unsigned id;
    int status = mill_streamer_subscribe(streamer, count, calls, &id);
    return status < 0 ? status : mill_streamer_subscribe_queued(streamer, count, calls, &id);
}

static int stream_once(void *context)
{
    struct mill_line_feed *feed = NULL;
    struct mill_streamer *streamer = NULL;
    atomic_uint calls = 0;
    const struct mill_streamer_retry retry = {.silence_ns = 3600 * MILL_NS_PER_S};
    (void)context;
    int status = mill_line_feed_create(&(struct mill_line_feed_plan){.interval_ms = 10}, &feed);
    if (status == 0) {
        const struct mill_streamer_plan plan = {
            .source = mill_line_feed_source(feed), .retry = &retry, .capacity = 2};
        status = mill_streamer_create(&plan, &streamer);
    }
    if (status == 0) {
        status = subscribe(streamer, &calls);
    }
    if (status == 0) {
        status = mill_streamer_start(streamer);
    }
    if (status == 0) {
        const struct mill_sample_line line = {.timestamp_ms = 1, .data_valid = true};
        mill_test_await_connections(streamer, 1);
        status = mill_line_feed_put_sample(feed, &line, MILL_TEST_PATIENCE_NS);
    }
    if (status == 0) {
        status = mill_streamer_await(streamer, 1, MILL_TEST_PATIENCE_NS);
    }
    mill_streamer_destroy(streamer);
    mill_line_feed_destroy(feed);
    assert_true(status < 0 || calls == 2);
    return status;
}

static int make_socket(void *context)
{
    struct mill_line_source *source = NULL;
    (void)context;
    int status =
        mill_stream_socket_create(&(struct mill_stream_socket_plan){.host = "127.0.0.1", .port = 1}, &source);
    mill_line_source_destroy(source);
    return status;
}

static void a_streamer_survives(void **state)
{
    (void)state;
    assert_true(mill_exhaust(stream_once, NULL) >= 10);
}

static void a_socket_survives(void **state)
{
    (void)state;
    assert_true(mill_exhaust(make_socket, NULL) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_streamer_survives),
        cmocka_unit_test(a_socket_survives),
    };
    return cmocka_run_group_tests_name("device/streamer_exhaustion", tests, NULL, NULL);
}
