#include "device/line_source.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/timeout.h"
#include "device/test_stream_server.h"
#include "device/test_streamer.h"
#include "device/wire_print.h"

#define HELLO "{\"stream\":\"valve\",\"message\":\"connected\",\"interval_ms\":10}\n"

/* ---- the source alone ---- */

struct rig {
    struct mill_test_server server;
    struct mill_line_source *source;
    struct mill_error error;
    char line[MILL_WIRE_LINE_MAX];
    uint64_t arrived_ns;
};

static uint64_t patience(void)
{
    return mill_now_ns() + (uint64_t)MILL_TEST_PATIENCE_NS;
}

static int create(const char *host, unsigned port, struct mill_line_source **source)
{
    return mill_stream_socket_create(&(struct mill_stream_socket_plan){.host = host, .port = port}, source);
}

static int open_source(struct rig *rig)
{
    return rig->source->ops->open(rig->source, patience(), &rig->error);
}

static void open_rig(struct rig *rig)
{
    mill_test_server_open(&rig->server);
    assert_int_equal(create("127.0.0.1", rig->server.port, &rig->source), 0);
    assert_int_equal(open_source(rig), 0);
    mill_test_server_accept(&rig->server);
}

static void close_rig(struct rig *rig)
{
    mill_line_source_destroy(rig->source);
    mill_test_server_close(&rig->server);
}

static int read_until(struct rig *rig, uint64_t deadline)
{
    return rig->source->ops->read(rig->source, rig->line, sizeof rig->line, &rig->arrived_ns, deadline,
                                  &rig->error);
}

static int read_line(struct rig *rig)
{
    return read_until(rig, patience());
}

static void assert_line(struct rig *rig, const char *wanted)
{
    int length = read_line(rig);
    assert_int_equal(length, strlen(wanted));
    assert_memory_equal(rig->line, wanted, strlen(wanted));
}

static void lines_come_out_however_they_come_in(void **state)
{
    (void)state;
    struct rig rig;
    open_rig(&rig);
    uint64_t before = mill_now_ns();
    mill_test_server_say(&rig.server, "one\ntwo\r\n\nfo");
    assert_line(&rig, "one");
    assert_true(rig.arrived_ns >= before && rig.arrived_ns <= mill_now_ns());
    assert_line(&rig, "two");
    assert_line(&rig, "");
    assert_int_equal(read_until(&rig, 0), -ETIMEDOUT);
    assert_int_equal(read_until(&rig, mill_now_ns() + MILL_NS_PER_MS), -ETIMEDOUT);
    mill_test_server_say(&rig.server, "ur\nfive");
    assert_line(&rig, "four");
    mill_test_server_hang_up(&rig.server);
    assert_int_equal(read_line(&rig), -ENODATA); /* half a line is none */
    assert_non_null(strstr(rig.error.message, "127.0.0.1"));
    close_rig(&rig);
}

static void any_bytes_may_come(void **state)
{
    (void)state;
    struct rig rig;
    static const char bytes[] = "a\0\xff\x80 b\n";
    open_rig(&rig);
    mill_test_server_say_bytes(&rig.server, bytes, sizeof bytes - 1);
    assert_int_equal(read_line(&rig), sizeof bytes - 2);
    assert_memory_equal(rig.line, bytes, sizeof bytes - 2);
    close_rig(&rig);
}

static void a_line_that_is_too_long_is_skipped(void **state)
{
    (void)state;
    struct rig rig;
    static char text[20 * MILL_WIRE_LINE_MAX];
    memset(text, 'x', sizeof text);
    open_rig(&rig);
    text[MILL_WIRE_LINE_MAX] = '\n'; /* exactly as long as may be */
    mill_test_server_say_bytes(&rig.server, text, MILL_WIRE_LINE_MAX + 1);
    assert_int_equal(read_line(&rig), MILL_WIRE_LINE_MAX);
    text[MILL_WIRE_LINE_MAX] = 'x'; /* one more */
    text[MILL_WIRE_LINE_MAX + 1] = '\n';
    mill_test_server_say_bytes(&rig.server, text, MILL_WIRE_LINE_MAX + 2);
    assert_int_equal(read_line(&rig), -EMSGSIZE);
    text[MILL_WIRE_LINE_MAX + 1] = 'x'; /* far more */
    mill_test_server_say_bytes(&rig.server, text, sizeof text);
    mill_test_server_say(&rig.server, "\nnext\n");
    assert_int_equal(read_line(&rig), -EMSGSIZE);
    assert_line(&rig, "next");
    close_rig(&rig);
}

static void a_flood_without_lines_ends_in_time(void **state)
{
    (void)state;
    struct rig rig;
    static char text[4 * 8 * MILL_WIRE_LINE_MAX];
    memset(text, 'x', sizeof text);
    open_rig(&rig);
    mill_test_server_say_bytes(&rig.server, text, sizeof text);
    mill_test_server_say(&rig.server, "\nnext\n");
    assert_int_equal(read_until(&rig, 0), -ETIMEDOUT); /* it is not all read, however much there is */
    int status = -ETIMEDOUT;
    uint64_t end = patience();
    while (status == -ETIMEDOUT && mill_now_ns() < end) {
        status = read_until(&rig, 0);
    }
    assert_int_equal(status, -EMSGSIZE);
    assert_line(&rig, "next");
    close_rig(&rig);
}

static void a_timeout_of_0_tries_once(void **state)
{
    (void)state;
    struct rig rig;
    open_rig(&rig);
    assert_int_equal(read_until(&rig, 0), -ETIMEDOUT);
    mill_test_server_say(&rig.server, "one\n");
    int status = -ETIMEDOUT;
    uint64_t end = patience();
    while (status == -ETIMEDOUT && mill_now_ns() < end) {
        status = read_until(&rig, 0);
    }
    assert_int_equal(status, 3);
    close_rig(&rig);
}

static void a_reset_is_told(void **state)
{
    (void)state;
    struct rig rig;
    open_rig(&rig);
    mill_test_server_reset(&rig.server);
    assert_int_equal(read_line(&rig), -ECONNRESET);
    rig.source->ops->close(rig.source);
    rig.source->ops->close(rig.source);
    assert_int_equal(rig.source->ops->write(rig.source, "x\n", 2), -ENOTCONN);
    assert_int_equal(open_source(&rig), 0); /* again */
    mill_test_server_accept(&rig.server);
    mill_test_server_say(&rig.server, "hello\n");
    assert_line(&rig, "hello");
    close_rig(&rig);
}

static void nobody_listens(void **state)
{
    (void)state;
    struct rig rig = {.server.client = -1};
    mill_test_server_open(&rig.server);
    assert_int_equal(create("localhost", rig.server.port, &rig.source), 0);
    close(rig.server.listening);
    rig.server.listening = -1;
    assert_int_equal(open_source(&rig), -ECONNREFUSED);
    assert_non_null(strstr(rig.error.message, "connecting"));
    close_rig(&rig);

    /* no name, so that nobody is asked for it */
    assert_int_equal(create("no..such..host", 8888, &rig.source), 0);
    assert_int_equal(open_source(&rig), -ENOENT);
    assert_non_null(strstr(rig.error.message, "no..such..host"));
    mill_line_source_destroy(rig.source);
}

static void *interrupt(void *context)
{
    struct mill_line_source *source = context;
    source->ops->interrupt(source, 1);
    return NULL;
}

static void an_interruption_wakes_and_stays(void **state)
{
    (void)state;
    struct rig rig;
    pthread_t thread;
    open_rig(&rig);
    assert_int_equal(pthread_create(&thread, NULL, interrupt, rig.source), 0);
    assert_int_equal(read_until(&rig, MILL_NO_DEADLINE), -ECANCELED);
    pthread_join(thread, NULL);
    mill_test_server_say(&rig.server, "one\n");
    assert_int_equal(read_until(&rig, MILL_NO_DEADLINE), -ECANCELED);
    rig.source->ops->interrupt(rig.source, 1);
    rig.source->ops->interrupt(rig.source, 0);
    assert_line(&rig, "one");
    rig.source->ops->interrupt(rig.source, 0);
    assert_int_equal(read_until(&rig, mill_now_ns() + MILL_NS_PER_MS), -ETIMEDOUT);
    close_rig(&rig);
}

static void commands_are_written(void **state)
{
    (void)state;
    struct rig rig;
    char heard[32];
    open_rig(&rig);
    assert_int_equal(rig.source->ops->write(rig.source, "interval 10\n", 12), 0);
    mill_test_server_hear(&rig.server, heard, sizeof heard);
    assert_string_equal(heard, "interval 10");
    close_rig(&rig);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct mill_line_source *source;
    char name[300];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(create(NULL, 1, &source), -EINVAL);
    assert_int_equal(create("", 1, &source), -EINVAL);
    assert_int_equal(create(name, 1, &source), -EINVAL);
    assert_int_equal(create("a", 0, &source), -EINVAL);
    assert_int_equal(create("a", 65536, &source), -EINVAL);
    assert_int_equal(create("a", 1, NULL), -EINVAL);
    assert_int_equal(mill_stream_socket_create(NULL, &source), -EINVAL);
    const struct mill_stream_socket_plan huge = {.host = "a", .port = 1, .receive_bytes = 1u << 31};
    assert_int_equal(mill_stream_socket_create(&huge, &source), -EINVAL);
    mill_line_source_destroy(NULL);
}

/* ---- a streamer over it ---- */

static void say_samples(struct mill_test_server *server, uint64_t first_ms, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char text[MILL_WIRE_LINE_MAX];
        const struct mill_sample_line line = {.timestamp_ms = first_ms + 10 * i, .data_valid = true};
        assert_true(mill_print_sample(&line, 0, text, sizeof text) > 0);
        mill_test_server_say(server, text);
    }
}

static void a_streamer_survives_what_the_network_does(void **state)
{
    (void)state;
    struct rig rig;
    struct mill_streamer *streamer;
    struct mill_streamer_metrics metrics;
    char heard[32];
    const struct mill_streamer_retry retry = {.reconnects = 3, .silence_ns = 3600 * MILL_NS_PER_S};
    mill_test_server_open(&rig.server);
    assert_int_equal(create("127.0.0.1", rig.server.port, &rig.source), 0);
    const struct mill_streamer_plan plan = {.source = rig.source, .retry = &retry, .interval_ms = 10};
    assert_int_equal(mill_streamer_create(&plan, &streamer), 0);
    assert_int_equal(mill_streamer_start(streamer), 0);

    mill_test_server_accept(&rig.server);
    mill_test_server_say(&rig.server, HELLO);
    mill_test_server_hear(&rig.server, heard, sizeof heard);
    assert_string_equal(heard, "interval 10");
    say_samples(&rig.server, 0, 10);
    assert_int_equal(mill_streamer_await(streamer, 10, MILL_TEST_PATIENCE_NS), 0);
    mill_test_server_say(&rig.server, "{\"timestamp_ms\":100,\"t");
    mill_test_server_reset(&rig.server);

    mill_test_server_accept(&rig.server);
    mill_test_server_hang_up(&rig.server); /* the seventh client */

    mill_test_server_accept(&rig.server);
    mill_test_server_say(&rig.server, HELLO "rubbish\n");
    say_samples(&rig.server, 150, 5);
    assert_int_equal(mill_streamer_await(streamer, 15, MILL_TEST_PATIENCE_NS), 0);
    assert_int_equal(mill_streamer_stop(streamer, MILL_TEST_PATIENCE_NS), 0); /* wakes it from its read */
    mill_streamer_read(streamer, &metrics);
    assert_int_equal(metrics.connections, 2);
    assert_int_equal(metrics.failures, 2);
    assert_int_equal(metrics.bad, 1);
    assert_int_equal(metrics.count.missing, 5);
    mill_streamer_destroy(streamer);
    close_rig(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_out_however_they_come_in),
        cmocka_unit_test(any_bytes_may_come),
        cmocka_unit_test(a_line_that_is_too_long_is_skipped),
        cmocka_unit_test(a_flood_without_lines_ends_in_time),
        cmocka_unit_test(a_timeout_of_0_tries_once),
        cmocka_unit_test(a_reset_is_told),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(an_interruption_wakes_and_stays),
        cmocka_unit_test(commands_are_written),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(a_streamer_survives_what_the_network_does),
    };
    return cmocka_run_group_tests_name("device/line_source_socket", tests, NULL, NULL);
}
