#include "device/wire_print.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/quirks.h"
#include "device/valve.h"
#include "device/wire_read.h"

static char text[MILL_WIRE_REPLY_MAX];

/* Prints a status that is 0 but for its torque, and gives the torque's text. */
static const char *torque_text(double torque_nm, unsigned quirks)
{
    static char found[64];
    int length =
        mill_print_status(&(struct mill_valve_status){.torque_nm = torque_nm}, quirks, text, sizeof text);
    assert_int_equal(length, strlen(text));
    const char *from = strstr(text, "\"torque_nm\":") + strlen("\"torque_nm\":");
    size_t digits = strcspn(from, ",");
    assert_true(digits < sizeof found);
    memcpy(found, from, digits);
    found[digits] = '\0';
    return found;
}

static const char *sampled_omega(double omega_rad_s, unsigned quirks)
{
    static char found[64];
    int length =
        mill_print_sample(&(struct mill_sample_line){.omega_rad_s = omega_rad_s}, quirks, text, sizeof text);
    assert_int_equal(length, strlen(text));
    const char *from = strstr(text, "\"omega_rad_s\":") + strlen("\"omega_rad_s\":");
    size_t digits = strcspn(from, ",");
    memcpy(found, from, digits);
    found[digits] = '\0';
    return found;
}

static void a_status_to_the_letter(void **state)
{
    (void)state;
    const struct mill_valve_status status = {.pos_deg = 12.345,
                                             .vel_rad_s = 1.5,
                                             .torque_nm = 2.0625,
                                             .state = MILL_VALVE_RUNNING,
                                             .temp_fet = 31.25,
                                             .temp_motor = 28,
                                             .errors = 1,
                                             .last_error = 134217728,
                                             .estops = 2};
    int length = mill_print_status(&status, 0, text, sizeof text);
    assert_string_equal(text, "{\"pos_deg\":12.35,\"vel_rad_s\":1.500,\"torque_nm\":2.063,\"status\":2,"
                              "\"temp_fet\":31.3,\"temp_motor\":28.0,\"bus_voltage\":0.00,"
                              "\"safety\":{\"errors\":1,\"last_error\":134217728,\"estops\":2}}");
    assert_int_equal(length, strlen(text));
}

static void a_config_to_the_letter(void **state)
{
    (void)state;
    struct mill_valve_config config;
    mill_valve_load(&mill_valve_presets[0], &config);
    mill_print_config(&config, MILL_QUIRKS_FIRMWARE, text, sizeof text);
    assert_string_equal(text, "{\"closed_pos\":0.00,\"open_pos\":90.00,\"viscous\":0.0200,\"coulomb\":0.0600,"
                              "\"wall_stiffness\":10.00,\"wall_damping\":0.1000,\"smoothing\":0.001000,"
                              "\"torque_limit\":8.00}");
}

static void presets_to_the_letter(void **state)
{
    (void)state;
    mill_print_presets(mill_valve_presets, 0, text, sizeof text);
    const char *first = "[{\"index\":0,\"name\":\"Light\",\"viscous\":0.0200,\"coulomb\":0.0600,"
                        "\"wall_stiffness\":10.00,\"wall_damping\":0.1000,\"travel\":90.0,"
                        "\"torque_limit\":8.00,\"smoothing\":0.001000},{\"index\":1,";
    assert_memory_equal(text, first, strlen(first));
    assert_non_null(strstr(text, "{\"index\":3,\"name\":\"Industrial\",\"viscous\":0.1200,\"coulomb\":0.4000,"
                                 "\"wall_stiffness\":35.00,\"wall_damping\":0.6000,\"travel\":360.0,"));
    assert_string_equal(text + strlen(text) - 2, "}]");
}

static void a_sample_to_the_letter(void **state)
{
    (void)state;
    const struct mill_sample_line sample = {.timestamp_ms = 12345678,
                                            .t_us = 987654321,
                                            .loop_time_us = 125,
                                            .seq = 7890,
                                            .position_turns = 2.4569,
                                            .position_deg = 883.29,
                                            .torque_nm = 0.1259,
                                            .filt_torque_nm = 0.118,
                                            .status = MILL_SAMPLE_RUNNING,
                                            .omega_rad_s = 1.2349,
                                            .passivity_mj = -5,
                                            .hb_age = 10,
                                            .data_valid = true};
    int length = mill_print_sample(&sample, MILL_QUIRKS_FIRMWARE, text, sizeof text);
    assert_string_equal(text,
                        "{\"timestamp_ms\":12345678,\"t_us\":987654321,\"loop_time_us\":125,\"seq\":7890,"
                        "\"position_turns\":2.456,\"position_deg\":883.2,\"torque_nm\":0.125,"
                        "\"filt_torque_nm\":0.118,\"status\":\"RUNNING\",\"omega_rad_s\":1.234,"
                        "\"passivity_mj\":-5,\"quiet\":false,\"err\":0,\"hb_age\":10,"
                        "\"data_valid\":true}\n");
    assert_in_range(length, 250, 300);
}

static void greetings_and_answers(void **state)
{
    (void)state;
    const struct mill_sample_line at = {.t_us = 5, .seq = 6, .timestamp_ms = 7};
    mill_print_hello(100, text, sizeof text);
    assert_string_equal(text, "{\"stream\":\"valve\",\"message\":\"connected\",\"interval_ms\":100}\n");
    mill_print_sync(&at, "", text, sizeof text);
    assert_string_equal(text, "{\"sync\":\"ok\",\"t_us\":5,\"seq\":6,\"timestamp_ms\":7}\n");
    mill_print_sync(&at, "a\"b\n", text, sizeof text);
    assert_string_equal(
        text, "{\"sync\":\"ok\",\"t_us\":5,\"seq\":6,\"timestamp_ms\":7,\"token\":\"a\\\"b\\u000a\"}\n");
    mill_print_error("not_found", text, sizeof text);
    assert_string_equal(text, "{\"status\":\"error\",\"error\":\"not_found\"}");
}

static void replies_are_rounded_and_samples_cut_off(void **state)
{
    (void)state;
    assert_string_equal(torque_text(0.0005, 0), "0.001");
    assert_string_equal(torque_text(0.9996, 0), "1.000");
    assert_string_equal(torque_text(-2.0625, 0), "-2.063");
    assert_string_equal(sampled_omega(0.9996, 0), "0.999");
    assert_string_equal(sampled_omega(-2.0009, 0), "-2.000");
}

static void the_sign_is_lost_between_0_and_minus_1(void **state)
{
    (void)state;
    assert_string_equal(torque_text(-0.125, MILL_QUIRK_SIGN), "0.125");
    assert_string_equal(torque_text(-0.125, MILL_QUIRKS_FIRMWARE & ~(unsigned)MILL_QUIRK_SIGN), "-0.125");
    assert_string_equal(torque_text(-1.125, MILL_QUIRK_SIGN), "-1.125");
    assert_string_equal(sampled_omega(-0.125, MILL_QUIRK_SIGN), "0.125");
    assert_string_equal(sampled_omega(-0.125, 0), "-0.125");
    assert_string_equal(sampled_omega(-1.125, MILL_QUIRK_SIGN), "-1.125");
    assert_string_equal(sampled_omega(-0.0001, 0), "0.000");
}

static void what_is_too_large_is_the_largest(void **state)
{
    (void)state;
    assert_string_equal(torque_text(1e300, 0), "2147483647.000");
    assert_string_equal(torque_text(-4e9, MILL_QUIRK_SIGN), "-2147483647.000");
    assert_string_equal(sampled_omega(1e300, 0), "2147480.064"); /* as near as a float comes */
    assert_string_equal(sampled_omega(-4e9, 0), "-2147480.064");
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    const double none[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            mill_print_status(&(struct mill_valve_status){.pos_deg = none[i]}, 0, text, sizeof text),
            -EINVAL);
        assert_int_equal(
            mill_print_sample(&(struct mill_sample_line){.position_deg = none[i]}, 0, text, sizeof text),
            -EINVAL);
        const struct mill_valve_config config = {.fields = MILL_CONFIG_VISCOUS, .viscous = none[i]};
        assert_int_equal(mill_print_config_request(&config, text, sizeof text), -EINVAL);
    }
    assert_int_equal(mill_print_sample(&(struct mill_sample_line){.status = (enum mill_sample_status)9}, 0,
                                       text, sizeof text),
                     -EINVAL);
}

static void a_name_without_an_end_is_refused(void **state)
{
    (void)state;
    struct mill_valve_preset preset = {.index = 1};
    memset(preset.name, 'x', sizeof preset.name);
    assert_int_equal(mill_print_preset_request(&preset, text, sizeof text), -EINVAL);
}

/* At each size that is too small the length is not told and nothing is written behind the end. */
static void every_size_that_is_too_small(void **state)
{
    (void)state;
    const struct mill_valve_status status = {.pos_deg = 12};
    char whole[512];
    int length = mill_print_status(&status, 0, whole, sizeof whole);
    for (size_t size = 0; size <= (size_t)length; size++) {
        memset(text, '#', sizeof text);
        assert_int_equal(mill_print_status(&status, 0, text, size), -ENOSPC);
        assert_int_equal(text[size], '#');
    }
    assert_int_equal(mill_print_status(&status, 0, text, (size_t)length + 1), length);
}

static void requests_hold_what_is_given(void **state)
{
    (void)state;
    const struct mill_valve_config config = {
        .fields = MILL_CONFIG_VISCOUS | MILL_CONFIG_TRAVEL, .viscous = 0.1, .coulomb = 9, .travel = 1.0 / 3};
    mill_print_config_request(&config, text, sizeof text);
    assert_string_equal(text, "{\"viscous\":0.1,\"travel\":0.3333333333333333}");
    mill_print_config_request(&(struct mill_valve_config){.fields = 0}, text, sizeof text);
    assert_string_equal(text, "{}");
    const struct mill_valve_preset preset = {.index = 2, .name = "Own \\ \"one\"", .config = config};
    mill_print_preset_request(&preset, text, sizeof text);
    assert_string_equal(text, "{\"index\":2,\"name\":\"Own \\\\ \\\"one\\\"\",\"viscous\":0.1,"
                              "\"travel\":0.3333333333333333}");
}

static void what_is_printed_is_read_back(void **state)
{
    (void)state;
    struct mill_error error;
    const struct mill_valve_status status = {
        .pos_deg = -12.25, .vel_rad_s = -0.125, .torque_nm = 7.5, .state = MILL_VALVE_ERROR, .estops = 3};
    struct mill_valve_status status_back;
    int length = mill_print_status(&status, 0, text, sizeof text);
    assert_int_equal(mill_read_status(text, (size_t)length, &status_back, &error), 0);
    assert_true(status_back.pos_deg == -12.25 && status_back.vel_rad_s == -0.125);
    assert_true(status_back.torque_nm == 7.5 && status_back.bus_voltage == 0);
    assert_int_equal(status_back.state, MILL_VALVE_ERROR);
    assert_int_equal(status_back.estops, 3);

    struct mill_valve_preset presets[MILL_WIRE_PRESETS];
    length = mill_print_presets(mill_valve_presets, 0, text, sizeof text);
    assert_int_equal(mill_read_presets(text, (size_t)length, presets, &error), 0);
    for (unsigned i = 0; i < MILL_WIRE_PRESETS; i++) {
        assert_string_equal(presets[i].name, mill_valve_presets[i].name);
        assert_int_equal(presets[i].config.fields, mill_valve_presets[i].config.fields);
        assert_true(presets[i].config.viscous == mill_valve_presets[i].config.viscous);
        assert_true(presets[i].config.travel == mill_valve_presets[i].config.travel);
    }

    const struct mill_sample_line sample = {.seq = 9, .position_deg = 883.5, .status = MILL_SAMPLE_IDLE};
    struct mill_stream_line line;
    length = mill_print_sample(&sample, 0, text, sizeof text);
    assert_int_equal(mill_read_line(text, (size_t)length - 1, &line, &error), 0);
    assert_int_equal(line.kind, MILL_LINE_SAMPLE);
    assert_int_equal(line.sample.seq, 9);
    assert_true(line.sample.position_deg == 883.5);

    const struct mill_valve_config config = {
        .fields = MILL_CONFIG_LIVE, .open_pos = 1.0 / 3, .viscous = 5e-324, .coulomb = 0.1 + 0.2};
    struct mill_device_request request;
    length = mill_print_config_request(&config, text, sizeof text);
    assert_int_equal(mill_read_request(text, (size_t)length, &request, &error), 0);
    assert_int_equal(request.config.fields, MILL_CONFIG_LIVE);
    assert_true(request.config.open_pos == config.open_pos && request.config.viscous == config.viscous);
    assert_true(request.config.coulomb == config.coulomb);
}

static void odrive_can_and_stream(void **state)
{
    (void)state;
    struct mill_error error;
    const struct mill_odrive_status odrive = {.axis_state = 8, .position = 0.25, .bus_voltage = 24.05};
    struct mill_odrive_status odrive_back;
    int length = mill_print_odrive(&odrive, 0, text, sizeof text);
    assert_non_null(strstr(text, "\"position\":0.250000,\"velocity\":0.000000,\"bus_voltage\":24.05,"));
    assert_int_equal(mill_read_odrive(text, (size_t)length, &odrive_back, &error), 0);
    assert_int_equal(odrive_back.axis_state, 8);
    const struct mill_stream_status stream = {.active = true, .default_interval_ms = 100, .send_errors = 4};
    struct mill_stream_status stream_back;
    length = mill_print_stream(&stream, text, sizeof text);
    assert_int_equal(mill_read_stream(text, (size_t)length, &stream_back, &error), 0);
    assert_true(stream_back.active);
    assert_int_equal(stream_back.send_errors, 4);
    mill_print_can(&(struct mill_can_status){.tx_count = 7, .last_error = 0x1f}, 0, text, sizeof text);
    assert_string_equal(text, "{\"bus\":{\"tx_count\":7,\"rx_count\":0,\"error_count\":0,"
                              "\"last_error\":\"0x0000001F\"},"
                              "\"encoder\":{\"position\":0.000000,\"velocity\":0.000000},"
                              "\"telemetry\":{\"bus_voltage\":0.00,\"bus_current\":0.00,\"fet_temp\":0.0,"
                              "\"motor_temp\":0.0}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_to_the_letter),
        cmocka_unit_test(a_config_to_the_letter),
        cmocka_unit_test(presets_to_the_letter),
        cmocka_unit_test(a_sample_to_the_letter),
        cmocka_unit_test(greetings_and_answers),
        cmocka_unit_test(replies_are_rounded_and_samples_cut_off),
        cmocka_unit_test(the_sign_is_lost_between_0_and_minus_1),
        cmocka_unit_test(what_is_too_large_is_the_largest),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(a_name_without_an_end_is_refused),
        cmocka_unit_test(every_size_that_is_too_small),
        cmocka_unit_test(requests_hold_what_is_given),
        cmocka_unit_test(what_is_printed_is_read_back),
        cmocka_unit_test(odrive_can_and_stream),
    };
    return cmocka_run_group_tests_name("wire_print", tests, NULL, NULL);
}
