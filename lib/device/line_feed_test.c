#include "device/line_feed.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/timeout.h"
#include "device/wire_read.h"

#define PATIENCE_NS (60 * (int64_t)MILL_NS_PER_S)

static int read_line(struct mill_line_feed *feed, char *line, size_t size, uint64_t deadline)
{
    struct mill_line_source *source = mill_line_feed_source(feed);
    struct mill_error error;
    uint64_t arrived_ns;
    int length = source->ops->read(source, line, size - 1, &arrived_ns, deadline, &error);
    if (length >= 0) {
        line[length] = '\0';
    }
    return length;
}

static void open_source(struct mill_line_feed *feed)
{
    struct mill_line_source *source = mill_line_feed_source(feed);
    struct mill_error error;
    assert_int_equal(source->ops->open(source, 0, &error), 0);
}

static struct mill_line_feed *open_feed(void)
{
    struct mill_line_feed *feed;
    char hello[MILL_WIRE_LINE_MAX];
    assert_int_equal(mill_line_feed_create(&(struct mill_line_feed_plan){.interval_ms = 20}, &feed), 0);
    open_source(feed);
    struct mill_stream_line line;
    int length = read_line(feed, hello, sizeof hello, 0);
    assert_true(length > 0);
    assert_int_equal(mill_read_line(hello, (size_t)length, &line, NULL), 0);
    assert_int_equal(line.kind, MILL_LINE_HELLO);
    assert_int_equal(line.interval_ms, 20);
    return feed;
}

static struct mill_line_feed_counts counts_of(struct mill_line_feed *feed)
{
    struct mill_line_feed_counts counts;
    mill_line_feed_read(feed, &counts);
    return counts;
}

static void it_is_a_ring_of_whole_lines(void **state)
{
    (void)state;
    struct mill_line_feed *feed = open_feed();
    char wanted[512];
    char line[512];
    for (unsigned i = 0; i < 2000; i++) {
        int length = snprintf(wanted, sizeof wanted, "%u %*u", i, (int)(i % 300), i);
        assert_int_equal(mill_line_feed_put(feed, wanted, (size_t)length, 0), 0);
        assert_int_equal(mill_line_feed_put(feed, "", 0, 0), 0);
        assert_int_equal(read_line(feed, line, sizeof line, 0), length);
        assert_string_equal(line, wanted);
        assert_int_equal(read_line(feed, line, sizeof line, 0), 0);
    }
    assert_int_equal(read_line(feed, line, sizeof line, 0), -ETIMEDOUT);
    assert_int_equal(counts_of(feed).put, 4000);
    mill_line_feed_destroy(feed);
}

static void it_holds_what_the_device_holds(void **state)
{
    (void)state;
    struct mill_line_feed *feed = open_feed();
    static char line[MILL_WIRE_SEND_BUFFER + 1];
    memset(line, 'x', sizeof line);
    assert_int_equal(mill_line_feed_put(feed, line, MILL_WIRE_SEND_BUFFER, 0), -EINVAL);
    assert_int_equal(mill_line_feed_put(feed, line, MILL_WIRE_SEND_BUFFER - 11, 0), 0);
    assert_int_equal(mill_line_feed_put(feed, line, 10, 0), -EAGAIN);
    assert_int_equal(mill_line_feed_put(feed, line, 10, MILL_NS_PER_MS), -ETIMEDOUT);
    assert_int_equal(mill_line_feed_put(feed, line, 9, 0), 0);
    assert_int_equal(mill_line_feed_put(feed, line, 0, 0), -EAGAIN);
    assert_int_equal(counts_of(feed).dropped, 3);
    assert_int_equal(read_line(feed, line, 100, 0), -EMSGSIZE);
    assert_int_equal(read_line(feed, line, 100, 0), 9);
    mill_line_feed_destroy(feed);
}

static void *put_one(void *context)
{
    static char line[MILL_WIRE_SEND_BUFFER];
    memset(line, 'y', sizeof line);
    int status = mill_line_feed_put(context, line, sizeof line - 1, PATIENCE_NS);
    return (void *)(intptr_t)status;
}

static void a_put_waits_for_room_and_a_read_for_a_line(void **state)
{
    (void)state;
    struct mill_line_feed *feed = open_feed();
    static char line[MILL_WIRE_SEND_BUFFER + 1];
    pthread_t thread;
    void *status;
    assert_int_equal(mill_line_feed_put(feed, "x", 1, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, put_one, feed), 0);
    assert_int_equal(read_line(feed, line, sizeof line, 0), 1);
    assert_int_equal(read_line(feed, line, sizeof line, mill_now_ns() + (uint64_t)PATIENCE_NS),
                     MILL_WIRE_SEND_BUFFER - 1);
    pthread_join(thread, &status);
    assert_null(status);
    mill_line_feed_destroy(feed);
}

static void nobody_hears_it(void **state)
{
    (void)state;
    struct mill_line_feed *feed = open_feed();
    struct mill_line_source *source = mill_line_feed_source(feed);
    char line[512];
    assert_int_equal(mill_line_feed_put(feed, "a", 1, 0), 0);
    assert_int_equal(mill_line_feed_put(feed, "b", 1, 0), 0);
    source->ops->close(source);
    assert_int_equal(mill_line_feed_put(feed, "c", 1, PATIENCE_NS), -ENOTCONN);
    assert_int_equal(source->ops->write(source, "interval 10\n", 12), -ENOTCONN);
    assert_int_equal(counts_of(feed).unheard, 3);
    open_source(feed);
    assert_true(read_line(feed, line, sizeof line, 0) > 0);
    assert_non_null(strstr(line, "connected"));
    mill_line_feed_hang_up(feed);
    assert_int_equal(mill_line_feed_put(feed, "d", 1, PATIENCE_NS), -ENOTCONN);
    assert_int_equal(read_line(feed, line, sizeof line, MILL_NO_DEADLINE), -ENODATA);
    mill_line_feed_destroy(feed);
}

static void what_was_put_is_read_before_the_end(void **state)
{
    (void)state;
    struct mill_line_feed *feed = open_feed();
    char line[8];
    assert_int_equal(mill_line_feed_put(feed, "a", 1, 0), 0);
    mill_line_feed_hang_up(feed);
    assert_int_equal(read_line(feed, line, sizeof line, 0), 1);
    assert_int_equal(read_line(feed, line, sizeof line, 0), -ENODATA);
    mill_line_feed_destroy(feed);
}

static void it_can_be_interrupted_and_stopped(void **state)
{
    (void)state;
    struct mill_line_feed *feed = open_feed();
    struct mill_line_source *source = mill_line_feed_source(feed);
    struct mill_error error;
    char line[8];
    source->ops->interrupt(source, 1);
    assert_int_equal(mill_line_feed_put(feed, "a", 1, 0), 0);
    assert_int_equal(read_line(feed, line, sizeof line, MILL_NO_DEADLINE), -ECANCELED);
    assert_int_equal(source->ops->open(source, 0, &error), -ECANCELED);
    source->ops->interrupt(source, 0);
    assert_int_equal(read_line(feed, line, sizeof line, 0), 1);
    mill_line_feed_stop(feed);
    assert_int_equal(mill_line_feed_put(feed, "a", 1, MILL_FOREVER), -ECANCELED);
    mill_line_feed_destroy(feed);
}

static void samples_are_printed(void **state)
{
    (void)state;
    struct mill_line_feed *feed = open_feed();
    struct mill_stream_line line;
    char text[MILL_WIRE_LINE_MAX];
    const struct mill_sample_line sample = {.seq = 7, .position_deg = 12.5, .data_valid = true};
    assert_int_equal(mill_line_feed_put_sample(feed, &sample, 0), 0);
    int length = read_line(feed, text, sizeof text, 0);
    assert_true(length > 0);
    assert_int_equal(mill_read_line(text, (size_t)length, &line, NULL), 0);
    assert_int_equal(line.sample.seq, 7);
    assert_true(line.sample.position_deg > 12.4 && line.sample.position_deg < 12.6);
    mill_line_feed_destroy(feed);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct mill_line_feed *feed = open_feed();
    struct mill_line_feed *other;
    char hello[129];
    memset(hello, 'x', sizeof hello - 1);
    hello[sizeof hello - 1] = '\0';
    assert_int_equal(mill_line_feed_create(NULL, &other), -EINVAL);
    assert_int_equal(mill_line_feed_create(&(struct mill_line_feed_plan){.interval_ms = 1001}, &other),
                     -EINVAL);
    assert_int_equal(mill_line_feed_create(&(struct mill_line_feed_plan){.hello = hello}, &other), -EINVAL);
    assert_int_equal(mill_line_feed_put(feed, NULL, 0, 0), -EINVAL);
    assert_int_equal(mill_line_feed_put(feed, "a\nb", 3, 0), -EINVAL);
    assert_int_equal(mill_line_feed_put(feed, "a", 1, -1), -EINVAL);
    assert_int_equal(mill_line_feed_put_sample(feed, NULL, 0), -EINVAL);
    mill_line_feed_destroy(feed);
    mill_line_feed_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_a_ring_of_whole_lines),
        cmocka_unit_test(it_holds_what_the_device_holds),
        cmocka_unit_test(a_put_waits_for_room_and_a_read_for_a_line),
        cmocka_unit_test(nobody_hears_it),
        cmocka_unit_test(what_was_put_is_read_before_the_end),
        cmocka_unit_test(it_can_be_interrupted_and_stopped),
        cmocka_unit_test(samples_are_printed),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests_name("device/line_feed", tests, NULL, NULL);
}
