/* The simulator's stream from outside, line by line. */
#include "device/test_simulator.h"

#include "device/wire_read.h"

enum { BRISK = MILL_QUIRKS_FIRMWARE & ~(MILL_QUIRK_BLOCKING | MILL_QUIRK_LOOP_DELAY) };

#define HELLO "{\"stream\":\"valve\",\"message\":\"connected\",\"interval_ms\":"

static void start_stream(struct mill_simulator *simulator, const char *interval_ms)
{
    char body[64];
    snprintf(body, sizeof body, "{\"action\":\"start\",\"interval_ms\":%s}", interval_ms);
    post_ok(simulator, "/api/v1/stream", body);
}

static struct listener_end listen_to(struct mill_simulator *simulator)
{
    return (struct listener_end){.fd = dial(mill_simulator_stream_port(simulator))};
}

static void next_of(struct listener_end *end, enum mill_line_kind kind, struct mill_stream_line *line)
{
    char text[MILL_WIRE_LINE_MAX];
    struct mill_error error;
    do {
        assert_true(next_line(end, text, sizeof text));
        if (mill_read_line(text, strlen(text), line, &error) < 0) {
            fail_msg("%s: %s", error.message, text);
        }
    } while (line->kind != kind);
}

static void it_listens_between_start_and_stop(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(MILL_QUIRKS_FIRMWARE);
    unsigned port = mill_simulator_stream_port(simulator);
    char text[MILL_WIRE_LINE_MAX];
    int fd;
    assert_int_equal(try_dial(port, 0, &fd), ECONNREFUSED);
    for (int round = 0; round < 2; round++) {
        start_stream(simulator, "20");
        struct listener_end ends[2] = {listen_to(simulator), listen_to(simulator)};
        for (int i = 0; i < 2; i++) {
            assert_true(next_line(&ends[i], text, sizeof text));
            assert_string_equal(text, HELLO "20}");
            assert_true(next_line(&ends[i], text, sizeof text));
            assert_non_null(strstr(text, "\"position_deg\":"));
        }
        post_ok(simulator, "/api/v1/stream", "{\"action\":\"stop\"}");
        for (int i = 0; i < 2; i++) {
            while (next_line(&ends[i], text, sizeof text)) {
            }
            close(ends[i].fd);
        }
        assert_int_equal(try_dial(port, 0, &fd), ECONNREFUSED);
    }
    mill_simulator_stop(simulator);
}

static void the_seventh_is_closed_without_a_hello(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct listener_end ends[MILL_WIRE_STREAM_CLIENTS + 1];
    struct answer answer;
    char text[MILL_WIRE_LINE_MAX];
    start_stream(simulator, "1000");
    for (size_t i = 0; i < MILL_WIRE_STREAM_CLIENTS; i++) {
        ends[i] = listen_to(simulator);
        assert_true(next_line(&ends[i], text, sizeof text));
    }
    take(dial(mill_simulator_stream_port(simulator)), &answer);
    assert_int_equal(answer.length, 0);
    assert_int_equal(answer.end, 0);
    ask(simulator, "GET", "/api/v1/stream", "", &answer);
    assert_non_null(strstr(answer.body, "\"connected_clients\":6"));
    close(ends[0].fd); /* who goes leaves a place */
    bool served = false;
    while (!served) {
        ends[0] = listen_to(simulator);
        served = next_line(&ends[0], text, sizeof text);
        if (!served) {
            close(ends[0].fd);
        }
    }
    for (size_t i = 0; i < MILL_WIRE_STREAM_CLIENTS; i++) {
        close(ends[i].fd);
    }
    mill_simulator_stop(simulator);
}

static void each_has_its_interval(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct mill_stream_line line, next;
    start_stream(simulator, "1000");
    struct listener_end quick = listen_to(simulator), slow = listen_to(simulator);
    next_of(&quick, MILL_LINE_HELLO, &line);
    next_of(&slow, MILL_LINE_HELLO, &line);
    put(quick.fd, "inter");
    put(quick.fd, "val 3\r\n"); /* less than there is: ten */
    next_of(&quick, MILL_LINE_SAMPLE, &line);
    for (int i = 0; i < 20; i++) {
        next_of(&quick, MILL_LINE_SAMPLE, &next);
        uint64_t step = next.sample.timestamp_ms - line.sample.timestamp_ms;
        assert_true(step > 0 && step % 10 == 0); /* more than once only where a whole second was missed */
        line = next;
    }
    next_of(&slow, MILL_LINE_SAMPLE, &line);
    next_of(&slow, MILL_LINE_SAMPLE, &next);
    assert_int_equal((next.sample.timestamp_ms - line.sample.timestamp_ms) % 1000, 0);
    close(quick.fd);
    close(slow.fd);
    mill_simulator_stop(simulator);
}

/* A thousand samples a second, each of its own millisecond, none left out and none twice: but for those that
 * were lost since this reader had no processor, which are counted, and for a machine that slept for a second.
 */
static void a_kilohertz_does_not_drift(void **state)
{
    unsigned quirks = *(const unsigned *)*state;
    struct mill_simulator *simulator =
        start(&(struct mill_simulator_plan){.quirks = quirks, .min_interval_ms = 1});
    struct mill_stream_line line, next;
    uint64_t missing = 0;
    start_stream(simulator, "1");
    struct listener_end end = listen_to(simulator);
    next_of(&end, MILL_LINE_HELLO, &line);
    assert_int_equal(line.interval_ms, 1);
    next_of(&end, MILL_LINE_SAMPLE, &line);
    for (int i = 0; i < 1500; i++) {
        next_of(&end, MILL_LINE_SAMPLE, &next);
        uint64_t step = next.sample.timestamp_ms - line.sample.timestamp_ms;
        assert_true(step > 0);
        missing += step < 1000 ? step - 1 : 0;
        line = next;
    }
    assert_true(missing <= COUNTED(simulator, stream_lost));
    close(end.fd);
    mill_simulator_stop(simulator);
}

static void sync_answers_in_the_line(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct mill_stream_line line;
    char text[MILL_WIRE_LINE_MAX], nonsense[400];
    start_stream(simulator, "1000");
    struct listener_end end = listen_to(simulator);
    next_of(&end, MILL_LINE_HELLO, &line);
    put(end.fd, "sync moon\nsync\n");
    next_of(&end, MILL_LINE_SYNC, &line);
    assert_string_equal(line.token, "moon");
    next_of(&end, MILL_LINE_SYNC, &line);
    assert_string_equal(line.token, "");
    /* what is not understood is passed over, however long */
    memset(nonsense, 'x', sizeof nonsense);
    for (size_t length = 120; length < 140; length++) {
        snprintf(nonsense + length, sizeof nonsense - length, "sync hidden\n");
        put(end.fd, nonsense);
        memset(nonsense, 'x', sizeof nonsense);
    }
    put(end.fd, "interval\ninterval x\n\n\r\nstop\nsync a\"b\\c\n");
    do {
        assert_true(next_line(&end, text, sizeof text));
    } while (strstr(text, "sync") == NULL);
    assert_non_null(strstr(text, "\"token\":\"a\\\"b\\\\c\"}"));
    close(end.fd);
    mill_simulator_stop(simulator);
}

static uint64_t send_errors(struct mill_simulator *simulator)
{
    struct answer answer;
    struct mill_stream_status status;
    struct mill_error error;
    ask(simulator, "GET", "/api/v1/stream", "", &answer);
    if (mill_read_stream(answer.body, strlen(answer.body), &status, &error) < 0) {
        fail_msg("%s", error.message);
    }
    return (uint64_t)status.send_errors;
}

static void a_slow_reader_loses_samples_and_nobody_else(void **state)
{
    (void)state;
    struct mill_simulator *simulator =
        start(&(struct mill_simulator_plan){.quirks = BRISK, .min_interval_ms = 1});
    struct mill_stream_line line;
    struct listener_end slow = {.length = 0};
    uint64_t last = 0, gaps = 0;
    start_stream(simulator, "1");
    struct listener_end quick = listen_to(simulator);
    assert_int_equal(try_dial(mill_simulator_stream_port(simulator), 2048, &slow.fd), 0);
    while (COUNTED(simulator, stream_lost) < 50) { /* slow reads nothing, quick all */
        next_of(&quick, MILL_LINE_SAMPLE, &line);
    }
    assert_true(send_errors(simulator) >= 50);
    close(quick.fd);
    next_of(&slow, MILL_LINE_HELLO, &line);
    while (gaps == 0) { /* no line is torn, and some are missing */
        next_of(&slow, MILL_LINE_SAMPLE, &line);
        gaps += last != 0 && line.sample.timestamp_ms > last + 20;
        last = line.sample.timestamp_ms;
    }
    close(slow.fd);
    mill_simulator_stop(simulator);
}

static void without_the_quirk_a_slow_reader_is_told(void **state)
{
    (void)state;
    struct mill_simulator *simulator =
        start(&(struct mill_simulator_plan){.quirks = BRISK & ~MILL_QUIRK_SEND_BUFFER, .min_interval_ms = 1});
    struct listener_end slow = {.length = 0};
    char text[MILL_WIRE_LINE_MAX];
    start_stream(simulator, "1");
    assert_int_equal(try_dial(mill_simulator_stream_port(simulator), 2048, &slow.fd), 0);
    wait_until(COUNTED(simulator, stream_lines) > 0);
    uint64_t sent = 0, before = 1;
    while (sent != before) { /* until it is sent no more */
        before = COUNTED(simulator, stream_lines);
        for (int i = 0; i < 100; i++) {
            nap();
        }
        sent = COUNTED(simulator, stream_lines);
    }
    while (next_line(&slow, text, sizeof text)) {
    }
    assert_int_equal(COUNTED(simulator, stream_lost), 0);
    close(slow.fd);
    mill_simulator_stop(simulator);
}

static void gaps_and_doubles_to_order(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct mill_stream_line line, next;
    start_stream(simulator, "10");
    set_faults(simulator, "twice=1");
    struct listener_end end = listen_to(simulator);
    for (int i = 0; i < 5; i++) {
        next_of(&end, MILL_LINE_SAMPLE, &line);
        next_of(&end, MILL_LINE_SAMPLE, &next);
        assert_int_equal(next.sample.timestamp_ms, line.sample.timestamp_ms);
    }
    set_faults(simulator, "gap=1");
    uint64_t before = COUNTED(simulator, faults);
    wait_until(COUNTED(simulator, faults) > before + 10);
    uint64_t lines = COUNTED(simulator, stream_lines);
    before = COUNTED(simulator, faults);
    wait_until(COUNTED(simulator, faults) > before + 10);
    assert_int_equal(COUNTED(simulator, stream_lines), lines);
    put(end.fd, "sync\n"); /* the connection is well */
    next_of(&end, MILL_LINE_SYNC, &line);
    close(end.fd);
    mill_simulator_stop(simulator);
}

static void the_loop_that_is_held_up_misses_samples(void **state)
{
    (void)state;
    struct mill_simulator *simulator =
        start(&(struct mill_simulator_plan){.quirks = BRISK, .service_ns = 300 * MILL_NS_PER_MS});
    struct mill_stream_line line;
    struct answer answer;
    uint64_t longest = 0;
    start_stream(simulator, "10");
    struct listener_end end = listen_to(simulator);
    next_of(&end, MILL_LINE_SAMPLE, &line);
    uint64_t last = line.sample.timestamp_ms;
    ask(simulator, "GET", "/api/v1/status", "", &answer);
    assert_int_equal(answer.status, 200);
    put(end.fd, "sync after\n");
    do {
        char text[MILL_WIRE_LINE_MAX];
        assert_true(next_line(&end, text, sizeof text));
        assert_int_equal(mill_read_line(text, strlen(text), &line, NULL), 0);
        uint64_t step = line.sample.timestamp_ms - last;
        longest = step > longest ? step : longest;
        last = line.sample.timestamp_ms;
    } while (line.kind != MILL_LINE_SYNC);
    assert_true(longest >= 280);
    close(end.fd);
    mill_simulator_stop(simulator);
}

static void the_power_resets_its_clients(void **state)
{
    (void)state;
    struct mill_simulator *simulator = start_with(BRISK);
    struct answer answer;
    char text[MILL_WIRE_LINE_MAX];
    int fd;
    start_stream(simulator, "1000");
    struct listener_end end = listen_to(simulator);
    assert_true(next_line(&end, text, sizeof text));
    mill_simulator_power_cycle(simulator, 0);
    while (next_line(&end, text, sizeof text)) {
    }
    assert_int_equal(end.failure, ECONNRESET);
    assert_int_equal(try_dial(mill_simulator_stream_port(simulator), 0, &fd), ECONNREFUSED);
    ask(simulator, "GET", "/api/v1/stream", "", &answer);
    assert_non_null(strstr(answer.body, "\"active\":false"));
    start_stream(simulator, "10");
    close(end.fd);
    end = listen_to(simulator);
    assert_true(next_line(&end, text, sizeof text));
    close(end.fd);
    mill_simulator_stop(simulator);
}

int main(void)
{
    static unsigned firmware = MILL_QUIRKS_FIRMWARE, quick = BRISK;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_listens_between_start_and_stop),
        cmocka_unit_test(the_seventh_is_closed_without_a_hello),
        cmocka_unit_test(each_has_its_interval),
        cmocka_unit_test_prestate(a_kilohertz_does_not_drift, &firmware),
        cmocka_unit_test_prestate(a_kilohertz_does_not_drift, &quick),
        cmocka_unit_test(sync_answers_in_the_line),
        cmocka_unit_test(a_slow_reader_loses_samples_and_nobody_else),
        cmocka_unit_test(without_the_quirk_a_slow_reader_is_told),
        cmocka_unit_test(gaps_and_doubles_to_order),
        cmocka_unit_test(the_loop_that_is_held_up_misses_samples),
        cmocka_unit_test(the_power_resets_its_clients),
    };
    return cmocka_run_group_tests_name("simulator_stream", tests, NULL, NULL);
}
