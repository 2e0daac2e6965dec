/* Texts that come from anywhere: what is right is read, and everything else is refused by its name. */
#include "device/wire_read.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Everything that is read, under one shape. */
static int read_status(const char *text, size_t length, struct mill_error *error)
{
    struct mill_valve_status found;
    return mill_read_status(text, length, &found, error);
}

static int read_config(const char *text, size_t length, struct mill_error *error)
{
    struct mill_valve_config found;
    return mill_read_config(text, length, &found, error);
}

static int read_presets(const char *text, size_t length, struct mill_error *error)
{
    struct mill_valve_preset found[MILL_WIRE_PRESETS];
    return mill_read_presets(text, length, found, error);
}

static int read_odrive(const char *text, size_t length, struct mill_error *error)
{
    struct mill_odrive_status found;
    return mill_read_odrive(text, length, &found, error);
}

static int read_stream(const char *text, size_t length, struct mill_error *error)
{
    struct mill_stream_status found;
    return mill_read_stream(text, length, &found, error);
}

static int read_line(const char *text, size_t length, struct mill_error *error)
{
    struct mill_stream_line found;
    return mill_read_line(text, length, &found, error);
}

static int read_request(const char *text, size_t length, struct mill_error *error)
{
    struct mill_device_request found;
    return mill_read_request(text, length, &found, error);
}

#define PRESET(index)                                                            \
    "{\"index\":" index ",\"name\":\"Own\",\"viscous\":0.02,\"coulomb\":1,"      \
    "\"wall_stiffness\":10,\"wall_damping\":0,\"travel\":90,\"torque_limit\":8," \
    "\"smoothing\":1e-3}"

static const struct reader {
    const char *name;
    int (*read)(const char *text, size_t length, struct mill_error *error);
    const char *good;
    size_t limit;
} readers[] = {
    {"status", read_status,
     "{\"pos_deg\":1.25,\"vel_rad_s\":0,\"torque_nm\":-3,\"status\":2,\"temp_fet\":30.1,\"temp_motor\":29,"
     "\"bus_voltage\":0.00,\"safety\":{\"errors\":0,\"last_error\":1,\"estops\":2}}",
     MILL_WIRE_REPLY_MAX},
    {"config", read_config,
     "{\"closed_pos\":0.00,\"open_pos\":90,\"viscous\":0.02,\"coulomb\":0.06,\"wall_stiffness\":10,"
     "\"wall_damping\":0.1,\"smoothing\":0.001,\"torque_limit\":8}",
     MILL_WIRE_REPLY_MAX},
    {"presets", read_presets, "[" PRESET("0") "," PRESET("1") "," PRESET("2") "," PRESET("3") "]",
     MILL_WIRE_REPLY_MAX},
    {"odrive", read_odrive,
     "{\"axis_error\":0,\"axis_state\":8,\"motor_flags\":0,\"encoder_flags\":0,\"controller_status\":1,"
     "\"position\":0.1,\"velocity\":0,\"bus_voltage\":24,\"bus_current\":0.2,\"fet_temp\":30,"
     "\"motor_temp\":28}",
     MILL_WIRE_REPLY_MAX},
    {"stream", read_stream,
     "{\"active\":true,\"connected_clients\":1,\"default_interval_ms\":100,\"messages_sent\":5,"
     "\"send_errors\":0,\"invalid_samples\":0,\"last_send_tick_ms\":77}",
     MILL_WIRE_REPLY_MAX},
    {"ok", mill_read_ok, "{\"status\":\"ok\"}", MILL_WIRE_REPLY_MAX},
    {"hello", read_line, "{\"stream\":\"valve\",\"message\":\"connected\",\"interval_ms\":100}",
     MILL_WIRE_LINE_MAX},
    {"sample", read_line,
     "{\"timestamp_ms\":1,\"t_us\":2,\"loop_time_us\":3,\"seq\":4,\"position_turns\":0.5,\"position_deg\":6,"
     "\"torque_nm\":7,\"filt_torque_nm\":8,\"status\":\"NO_DATA\",\"omega_rad_s\":9,\"passivity_mj\":-1,"
     "\"quiet\":true,\"err\":0,\"hb_age\":4294967295,\"data_valid\":false}",
     MILL_WIRE_LINE_MAX},
    {"sync", read_line, "{\"sync\":\"ok\",\"t_us\":1,\"seq\":2,\"timestamp_ms\":3,\"token\":\"a\"}",
     MILL_WIRE_LINE_MAX},
    {"request", read_request, "{\"action\":\"start\",\"preset\":2}", MILL_WIRE_REQUEST_MAX},
};

enum { READERS = sizeof readers / sizeof readers[0] };

/* Reads a copy that ends where its memory ends, so that a byte read behind it is an error under
 * AddressSanitizer. */
static int read_exactly(const struct reader *reader, const char *text, size_t length,
                        struct mill_error *error)
{
    char *copy = malloc(length != 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    int result = reader->read(copy, length, error);
    free(copy);
    return result;
}

static void assert_bad(const struct reader *reader, const char *text, size_t length)
{
    struct mill_error error = {.message = ""};
    int result = read_exactly(reader, text, length, &error);
    if (result != -EBADMSG || error.message[0] == '\0') {
        fail_msg("%s: %d (%s) for '%.*s'", reader->name, result, error.message, (int)length, text);
    }
}

/* `text` with its first `old` replaced. */
static const char *with(const char *text, const char *old, const char *new)
{
    static char changed[8192];
    const char *at = strstr(text, old);
    if (at == NULL) {
        return NULL;
    }
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    return changed;
}

static void what_is_right_is_read(void **state)
{
    (void)state;
    for (unsigned i = 0; i < READERS; i++) {
        struct mill_error error;
        if (read_exactly(&readers[i], readers[i].good, strlen(readers[i].good), &error) != 0) {
            fail_msg("%s: %s", readers[i].name, error.message);
        }
    }
}

static void cut_off_at_every_byte(void **state)
{
    (void)state;
    for (unsigned i = 0; i < READERS; i++) {
        for (size_t length = 0; length < strlen(readers[i].good); length++) {
            assert_bad(&readers[i], readers[i].good, length);
        }
    }
}

/* Every byte of what is right made another: whatever comes of it, it is one of the answers. */
static void every_byte_changed(void **state)
{
    (void)state;
    static const char others[] = {'\0', '"', '}', ']',  '{',    '[',    ',',
                                  ':',  '9', '-', '\\', '\x80', '\xff', '\n'};
    for (unsigned i = 0; i < READERS; i++) {
        char text[2048];
        size_t length = strlen(readers[i].good);
        for (size_t at = 0; at < length; at++) {
            memcpy(text, readers[i].good, length);
            for (size_t other = 0; other < sizeof others; other++) {
                text[at] = others[other];
                int result = read_exactly(&readers[i], text, length, NULL);
                assert_true(result == 0 || result == -EBADMSG || result == -EPROTOTYPE);
            }
        }
    }
}

static void numbers_that_are_none(void **state)
{
    (void)state;
    static const char *const none[] = {
        "NaN",  "Infinity", "-Infinity", "1e999", "-1e999", "0x10",
        "1.",   ".5",       "+1",        "01",    "1e",     "99999999999999999999",
        "null", "true",     "\"1\"",     "[1]",   "{}"};
    const struct reader *status = &readers[0];
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        const char *text = with(status->good, "1.25", none[i]);
        assert_bad(status, text, strlen(text));
    }
}

/* Each key of each reply is needed, and its value is of one type. */
static void a_missing_key_and_a_wrong_type_are_named(void **state)
{
    (void)state;
    static const struct {
        unsigned reader;
        const char *key;
    } keys[] = {
        {0, "pos_deg"},
        {0, "vel_rad_s"},
        {0, "torque_nm"},
        {0, "status"},
        {0, "temp_fet"},
        {0, "temp_motor"},
        {0, "bus_voltage"},
        {0, "safety"},
        {0, "errors"},
        {0, "last_error"},
        {0, "estops"},
        {1, "closed_pos"},
        {1, "open_pos"},
        {1, "viscous"},
        {1, "coulomb"},
        {1, "wall_stiffness"},
        {1, "wall_damping"},
        {1, "smoothing"},
        {1, "torque_limit"},
        {2, "index"},
        {2, "name"},
        {2, "viscous"},
        {2, "travel"},
        {2, "smoothing"},
        {3, "axis_error"},
        {3, "controller_status"},
        {3, "position"},
        {3, "motor_temp"},
        {4, "active"},
        {4, "connected_clients"},
        {4, "last_send_tick_ms"},
        {5, "status"},
        {6, "interval_ms"},
        {7, "timestamp_ms"},
        {7, "t_us"},
        {7, "loop_time_us"},
        {7, "seq"},
        {7, "position_turns"},
        {7, "status"},
        {7, "quiet"},
        {7, "hb_age"},
        {7, "data_valid"},
        {8, "t_us"},
        {8, "seq"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct reader *reader = &readers[keys[i].reader];
        char key[64];
        char other[64];
        struct mill_error error;
        snprintf(key, sizeof key, "\"%s\":", keys[i].key);
        snprintf(other, sizeof other, "\"other\":");
        const char *text = with(reader->good, key, other);
        assert_non_null(text);
        assert_int_equal(read_exactly(reader, text, strlen(text), &error), -EBADMSG);
        assert_non_null(strstr(error.message, keys[i].key));
        snprintf(other, sizeof other, "\"%s\":[],\"other\":", keys[i].key);
        text = with(reader->good, key, other);
        assert_int_equal(read_exactly(reader, text, strlen(text), &error), -EBADMSG);
        assert_non_null(strstr(error.message, keys[i].key));
    }
}

static void values_out_of_their_range(void **state)
{
    (void)state;
    static const struct {
        unsigned reader;
        const char *old, *new;
    } cases[] = {
        {0, "\"status\":2", "\"status\":4"},
        {0, "\"status\":2", "\"status\":-1"},
        {0, "\"status\":2", "\"status\":2.0"},
        {0, "\"errors\":0", "\"errors\":0.5"},
        {0, "\"errors\":0", "\"errors\":9223372036854775808"},
        {2, "\"index\":3", "\"index\":4"},
        {2, "\"index\":3", "\"index\":-1"},
        {2, "\"index\":3", "\"index\":2"},
        {2, "\"Own\"", "\"a name that is much longer than any\""},
        {2, "\"Own\"", "\"a\\u0000b\""},
        {5, "\"ok\"", "\"error\""},
        {6, "\"valve\"", "\"pump\""},
        {6, ":100", ":-1"},
        {6, ":100", ":4294967296"},
        {7, "\"seq\":4", "\"seq\":-4"},
        {7, "\"seq\":4", "\"seq\":18446744073709551616"},
        {7, "NO_DATA", "no_data"},
        {8, "\"ok\"", "\"no\""},
        {8, "\"a\"", "1"},
        {8, "\"a\"", "\"a token that is longer than the sixty-three bytes there are for one\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reader *reader = &readers[cases[i].reader];
        const char *text = with(reader->good, cases[i].old, cases[i].new);
        assert_non_null(text);
        assert_bad(reader, text, strlen(text));
    }
}

static void what_is_behind_the_end_and_what_is_no_text(void **state)
{
    (void)state;
    for (unsigned i = 0; i < READERS; i++) {
        const struct reader *reader = &readers[i];
        char text[4096];
        snprintf(text, sizeof text, "%s x", reader->good);
        assert_bad(reader, text, strlen(text));
        snprintf(text, sizeof text, "%s%s", reader->good, reader->good);
        assert_bad(reader, text, strlen(text));
        assert_bad(reader, reader->good, strlen(reader->good) + 1); /* its NUL, too */
        assert_bad(reader, "", 0);
        assert_bad(reader, "\0", 1);
        assert_bad(reader, "\xef\xbb\xbf{}", 5);
        assert_bad(reader, "{\"a\xff\":1}", 8);          /* no UTF-8 */
        assert_bad(reader, "{\"a\xc0\x80\":1}", 9);      /* an overlong NUL */
        assert_bad(reader, "{\"a\xed\xa0\x80\":1}", 10); /* half a pair */
        assert_bad(reader, "{\"a\\ud800\":1}", 13);
        assert_int_equal(reader->read(NULL, 0, NULL), -EBADMSG);
    }
}

static void longer_than_the_limit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < READERS; i++) {
        const struct reader *reader = &readers[i];
        char text[MILL_WIRE_REPLY_MAX + 2];
        size_t length = strlen(reader->good);
        memset(text, ' ', sizeof text);
        memcpy(text, reader->good, length);
        assert_int_equal(read_exactly(reader, text, reader->limit, NULL), 0);
        assert_int_equal(read_exactly(reader, text, reader->limit + 1, NULL), -EMSGSIZE);
    }
}

static void deep_nesting(void **state)
{
    (void)state;
    for (unsigned i = 0; i < READERS; i++) {
        const struct reader *reader = &readers[i];
        char text[MILL_WIRE_REPLY_MAX];
        memset(text, '[', sizeof text);
        int result = read_exactly(reader, text, reader->limit, NULL);
        assert_int_equal(result, reader->read == read_request ? -E2BIG : -EBADMSG);
        memset(text + reader->limit / 2, ']', reader->limit / 2);
        result = read_exactly(reader, text, reader->limit, NULL);
        assert_int_equal(result, reader->read == read_request ? -E2BIG : -EBADMSG);
    }
}

static void unknown_keys_and_keys_that_come_twice(void **state)
{
    (void)state;
    struct mill_valve_status status;
    const char *text = with(readers[0].good, "{\"pos_deg\":1.25",
                            "{\"pos_deg\":\"no\",\"new\":[{\"a\":null}],\"pos_deg\":-7");
    assert_int_equal(mill_read_status(text, strlen(text), &status, NULL), 0);
    assert_true(status.pos_deg == -7);
    assert_int_equal(status.state, MILL_VALVE_RUNNING);
    assert_int_equal(status.last_error, 1);
}

static void values_are_left_alone_by_a_failure(void **state)
{
    (void)state;
    struct mill_valve_status status;
    memset(&status, 0x5a, sizeof status);
    struct mill_valve_status before = status;
    assert_int_equal(mill_read_status("{\"pos_deg\":1}", 13, &status, NULL), -EBADMSG);
    assert_memory_equal(&status, &before, sizeof status);
}

static void lines_of_each_kind(void **state)
{
    (void)state;
    struct mill_stream_line line;
    const struct reader *hello = &readers[6];
    assert_int_equal(mill_read_line(hello->good, strlen(hello->good), &line, NULL), 0);
    assert_int_equal(line.kind, MILL_LINE_HELLO);
    assert_int_equal(line.interval_ms, 100);
    const struct reader *sample = &readers[7];
    assert_int_equal(mill_read_line(sample->good, strlen(sample->good), &line, NULL), 0);
    assert_int_equal(line.kind, MILL_LINE_SAMPLE);
    assert_int_equal(line.sample.status, MILL_SAMPLE_NO_DATA);
    assert_int_equal(line.sample.seq, 4);
    assert_int_equal(line.sample.hb_age, UINT32_MAX);
    assert_true(line.sample.quiet && !line.sample.data_valid && line.sample.omega_rad_s == 9);
    const struct reader *sync = &readers[8];
    assert_int_equal(mill_read_line(sync->good, strlen(sync->good), &line, NULL), 0);
    assert_int_equal(line.kind, MILL_LINE_SYNC);
    assert_string_equal(line.token, "a");
    assert_int_equal(line.sample.timestamp_ms, 3);
    const char *bare = "{\"sync\":\"ok\",\"t_us\":1,\"seq\":2,\"timestamp_ms\":3}";
    assert_int_equal(mill_read_line(bare, strlen(bare), &line, NULL), 0);
    assert_string_equal(line.token, "");
}

static void commands(void **state)
{
    (void)state;
    struct mill_stream_command command;
    static const struct {
        const char *text;
        int64_t interval_ms;
    } intervals[] = {{"interval 20", 20},
                     {"interval 20\r", 20},
                     {"interval -5", -5},
                     {"interval 007", 7},
                     {"interval 99999999999999999999", INT64_MAX},
                     {"interval -99999999999999999999", -INT64_MAX}};
    for (size_t i = 0; i < sizeof intervals / sizeof intervals[0]; i++) {
        assert_int_equal(mill_read_command(intervals[i].text, strlen(intervals[i].text), &command), 0);
        assert_int_equal(command.kind, MILL_COMMAND_INTERVAL);
        assert_int_equal(command.interval_ms, intervals[i].interval_ms);
    }
    assert_int_equal(mill_read_command("sync", 4, &command), 0);
    assert_int_equal(command.kind, MILL_COMMAND_SYNC);
    assert_string_equal(command.token, "");
    assert_int_equal(mill_read_command("sync a b", 8, &command), 0);
    assert_string_equal(command.token, "a b");
    char longest[5 + MILL_WIRE_TOKEN_MAX];
    memset(longest, 'x', sizeof longest);
    static const char sync[] = {'s', 'y', 'n', 'c', ' '};
    memcpy(longest, sync, sizeof sync);
    assert_int_equal(mill_read_command(longest, sizeof longest - 1, &command), 0);
    assert_int_equal(strlen(command.token), MILL_WIRE_TOKEN_MAX - 1);
    assert_int_equal(mill_read_command(longest, sizeof longest, &command), -EBADMSG);
    static const char *const none[] = {"",           "interval", "interval ",   "interval -", "interval 5 ",
                                       "interval x", "i",        "intervals 5", "syn",        "synced",
                                       "SYNC",       "sync\r\r"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(mill_read_command(none[i], strlen(none[i]), &command), -EBADMSG);
    }
    assert_int_equal(mill_read_command("sync a\0b", 8, &command), -EBADMSG);
    assert_int_equal(mill_read_command(NULL, 0, &command), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right_is_read),
        cmocka_unit_test(cut_off_at_every_byte),
        cmocka_unit_test(every_byte_changed),
        cmocka_unit_test(numbers_that_are_none),
        cmocka_unit_test(a_missing_key_and_a_wrong_type_are_named),
        cmocka_unit_test(values_out_of_their_range),
        cmocka_unit_test(what_is_behind_the_end_and_what_is_no_text),
        cmocka_unit_test(longer_than_the_limit),
        cmocka_unit_test(deep_nesting),
        cmocka_unit_test(unknown_keys_and_keys_that_come_twice),
        cmocka_unit_test(values_are_left_alone_by_a_failure),
        cmocka_unit_test(lines_of_each_kind),
        cmocka_unit_test(commands),
    };
    return cmocka_run_group_tests_name("wire_read", tests, NULL, NULL);
}
