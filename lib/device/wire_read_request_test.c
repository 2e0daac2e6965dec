#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device/wire_read.h"

static struct mill_device_request request;

static int read(const char *text)
{
    memset(&request, 0x5a, sizeof request);
    return mill_read_request(text, strlen(text), &request, NULL);
}

static unsigned tokens(const char *text)
{
    return mill_count_tokens(text, strlen(text));
}

static void tokens_are_counted_as_by_the_firmware(void **state)
{
    (void)state;
    assert_int_equal(tokens(""), 0);
    assert_int_equal(tokens(" \t\r\n"), 0);
    assert_int_equal(tokens("{}"), 1);
    assert_int_equal(tokens("{\"a\":1}"), 3);
    assert_int_equal(tokens("{\"a\" : \"b\" , \"c\" : null}"), 5);
    assert_int_equal(tokens("[1,2,[3,{}],\"\"]"), 7);
    assert_int_equal(tokens("[-1.5e3, true]"), 3);
    assert_int_equal(tokens("\"a\\\"[1,2]\\\\\""), 1);
    assert_int_equal(tokens("\"not closed [1,2"), 1);
    assert_int_equal(tokens("\"ends in a \\"), 1);
    assert_int_equal(tokens("1{2\"3\"4"), 5);
}

/* An array of so many numbers in an object: they and the object, the key and the array are its tokens. */
static int read_with_numbers(unsigned numbers)
{
    char text[512] = "{\"a\":[";
    size_t length = strlen(text);
    for (unsigned i = 0; i < numbers; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, i == 0 ? "1" : ",1");
    }
    snprintf(text + length, sizeof text - length, "]}");
    return read(text);
}

static void sixty_four_tokens_and_no_more(void **state)
{
    (void)state;
    assert_int_equal(read_with_numbers(MILL_WIRE_TOKENS_MAX - 3), 0);
    assert_int_equal(read_with_numbers(MILL_WIRE_TOKENS_MAX - 2), -E2BIG);
}

static void no_object(void **state)
{
    (void)state;
    assert_int_equal(read("[]"), -EPROTOTYPE);
    assert_int_equal(read("[\"action\",\"start\"]"), -EPROTOTYPE);
    assert_int_equal(read("\"start\""), -EBADMSG);
    assert_int_equal(read("{\"action\":start}"), -EBADMSG);
}

static void nothing_is_given(void **state)
{
    (void)state;
    assert_int_equal(read("{\"colour\":\"red\"}"), 0);
    assert_int_equal(request.given, 0);
    assert_int_equal(request.invalid, 0);
    assert_int_equal(request.action, MILL_ACTION_NONE);
    assert_int_equal(request.config.fields, 0);
    assert_string_equal(request.name, "");
}

static void actions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum mill_action action;
        bool valid;
    } cases[] = {
        {"{\"action\":\"start\"}", MILL_ACTION_START, true},
        {"{\"action\":\"STOP\"}", MILL_ACTION_STOP, true},
        {"{\"action\":\"set_position\"}", MILL_ACTION_SET_POSITION, true},
        {"{\"action\":\"Calibrate\"}", MILL_ACTION_CALIBRATE, true},
        {"{\"action\":\"starts\"}", MILL_ACTION_UNKNOWN, true},
        {"{\"action\":1}", MILL_ACTION_UNKNOWN, true},
        {"{\"action\":true}", MILL_ACTION_UNKNOWN, true},
        {"{\"action\":\"\"}", MILL_ACTION_UNKNOWN, false},
        {"{\"action\":\"a word that is longer than any of them\"}", MILL_ACTION_UNKNOWN, false},
        {"{\"action\":{}}", MILL_ACTION_NONE, false},
        {"{\"action\":[\"start\"]}", MILL_ACTION_NONE, false},
        {"{\"action\":\"stop\",\"action\":\"start\"}", MILL_ACTION_START, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(read(cases[i].text), 0);
        assert_int_equal(request.given, cases[i].valid ? 1u << MILL_KEY_ACTION : 0);
        assert_int_equal(request.invalid, cases[i].valid ? 0 : 1u << MILL_KEY_ACTION);
        assert_int_equal(request.action, cases[i].action);
    }
}

/* What reads `value` given for "viscous": what it finds, or NULL. */
static const double *viscous(const char *value)
{
    char text[256];
    snprintf(text, sizeof text, "{\"viscous\":%s}", value);
    assert_int_equal(read(text), 0);
    bool given = request.given == 1u << MILL_KEY_VISCOUS && request.config.fields == MILL_CONFIG_VISCOUS;
    bool invalid = request.invalid == 1u << MILL_KEY_VISCOUS && request.config.fields == 0;
    assert_true(given != invalid);
    return given ? &request.config.viscous : NULL;
}

static void numbers_are_read_leniently(void **state)
{
    (void)state;
    assert_true(*viscous("0.05") == 0.05);
    assert_true(*viscous("-3") == -3);
    assert_true(*viscous("\"0.05\"") == 0.05);
    assert_true(*viscous("\"0.05 and more\"") == 0.05);
    assert_true(*viscous("3e38") == 3e38);
    assert_null(viscous("3.5e38")); /* more than a float holds */
    assert_null(viscous("-1e300"));
    assert_null(viscous("true"));
    assert_null(viscous("null"));
    assert_null(viscous("[1]"));
    assert_null(viscous("\"\""));
    assert_null(viscous("\"much\""));
    assert_null(viscous("\"nan\""));
    assert_null(viscous("\"inf\""));
    assert_null(viscous("\"1e999\""));
    assert_null(viscous("\"0.0000000000000000000000000000005\"")); /* 32 bytes and more */
}

static void integers_are_cut_off(void **state)
{
    (void)state;
    assert_int_equal(read("{\"interval_ms\":50.9,\"index\":\"2x\"}"), 0);
    assert_int_equal(request.interval_ms, 50);
    assert_int_equal(request.index, 2);
    assert_int_equal(read("{\"interval_ms\":2147483648,\"index\":-2147483649}"), 0);
    assert_int_equal(request.given, 0);
    assert_int_equal(request.invalid, 1u << MILL_KEY_INTERVAL_MS | 1u << MILL_KEY_INDEX);
    assert_int_equal(read("{\"interval_ms\":-2147483648}"), 0);
    assert_int_equal(request.interval_ms, INT32_MIN);
}

static void presets_by_index_and_by_name(void **state)
{
    (void)state;
    assert_int_equal(read("{\"preset\":3}"), 0);
    assert_int_equal(request.preset, 3);
    assert_int_equal(read("{\"preset\":\"heavy\"}"), 0);
    assert_int_equal(request.preset, -1);
    assert_string_equal(request.preset_name, "heavy");
    assert_int_equal(read("{\"preset\":null}"), 0);
    assert_int_equal(request.invalid, 1u << MILL_KEY_PRESET);
    assert_int_equal(read("{\"preset\":\"\"}"), 0);
    assert_int_equal(request.invalid, 1u << MILL_KEY_PRESET);
}

/* Thirty-one bytes are the most that a name, a preset's name or a number has. */
static void strings_that_are_just_short_enough(void **state)
{
    (void)state;
    static const char *const keys[] = {"name", "preset", "value"};
    static const char digits[] = "0000000000000000000000000000001";
    assert_int_equal(strlen(digits), 31);
    for (size_t i = 0; i < 3; i++) {
        char text[128];
        snprintf(text, sizeof text, "{\"%s\":\"%s\"}", keys[i], digits);
        assert_int_equal(read(text), 0);
        assert_int_equal(request.invalid, 0);
        assert_string_equal(i == 0 ? request.name : i == 1 ? request.preset_name : digits, digits);
        snprintf(text, sizeof text, "{\"%s\":\"0%s\"}", keys[i], digits);
        assert_int_equal(read(text), 0);
        assert_int_equal(request.given, 0);
    }
}

static void every_member_of_a_config(void **state)
{
    (void)state;
    assert_int_equal(
        read("{\"closed_pos\":1,\"open_pos\":2,\"viscous\":3,\"coulomb\":4,\"wall_stiffness\":5,"
             "\"wall_damping\":6,\"smoothing\":7,\"torque_limit\":8,\"travel\":9,\"name\":\"Own\","
             "\"save_current\":false,\"value\":-0.5}"),
        0);
    const struct mill_valve_config *config = &request.config;
    assert_int_equal(config->fields, MILL_CONFIG_LIVE | MILL_CONFIG_TRAVEL);
    assert_true(config->closed_pos == 1 && config->open_pos == 2 && config->viscous == 3);
    assert_true(config->coulomb == 4 && config->wall_stiffness == 5 && config->wall_damping == 6);
    assert_true(config->smoothing == 7 && config->torque_limit == 8 && config->travel == 9);
    assert_string_equal(request.name, "Own");
    assert_true(request.value == -0.5);
    assert_int_equal(request.invalid, 0);
    assert_true((request.given >> MILL_KEY_SAVE_CURRENT & 1) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_counted_as_by_the_firmware),
        cmocka_unit_test(sixty_four_tokens_and_no_more),
        cmocka_unit_test(no_object),
        cmocka_unit_test(nothing_is_given),
        cmocka_unit_test(actions),
        cmocka_unit_test(numbers_are_read_leniently),
        cmocka_unit_test(integers_are_cut_off),
        cmocka_unit_test(presets_by_index_and_by_name),
        cmocka_unit_test(strings_that_are_just_short_enough),
        cmocka_unit_test(every_member_of_a_config),
    };
    return cmocka_run_group_tests_name("wire_read_request", tests, NULL, NULL);
}
