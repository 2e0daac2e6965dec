#include "device/firmware.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/hand.h"
#include "device/test_firmware.h"

static int boot(void **state)
{
    (void)state;
    return boot_with(MILL_QUIRKS_FIRMWARE, NULL);
}

static int boot_without_quirks(void **state)
{
    (void)state;
    return boot_with(MILL_QUIRKS_NONE, NULL);
}

static void plans_that_are_refused(void **state)
{
    (void)state;
    struct mill_firmware *none = NULL;
    assert_int_equal(mill_firmware_create(&(struct mill_firmware_plan){.quirks = 1u << 20}, &none), -EINVAL);
    assert_int_equal(mill_firmware_create(&(struct mill_firmware_plan){.min_interval_ms = 1001}, &none),
                     -EINVAL);
    assert_int_equal(mill_firmware_create(NULL, &none), -EINVAL);
    assert_int_equal(mill_firmware_create(&(struct mill_firmware_plan){.seed = 1}, NULL), -EINVAL);
    assert_null(none);
    mill_firmware_destroy(NULL);
}

static void a_valve_that_was_switched_on(void **state)
{
    (void)state;
    struct mill_valve_status status = status_at(123456789);
    assert_int_equal(status.state, MILL_VALVE_IDLE);
    assert_true(status.pos_deg == 0 && status.torque_nm == 0 && status.bus_voltage == 0);
    assert_true(status.temp_fet >= 30 && status.temp_fet <= 31);
    assert_int_equal(status.errors + status.last_error + status.estops, 0);
    get(123456789, "config");
    assert_string_equal(reply.body,
                        "{\"closed_pos\":0.00,\"open_pos\":90.00,\"viscous\":0.0200,\"coulomb\":0.0600,"
                        "\"wall_stiffness\":10.00,\"wall_damping\":0.1000,\"smoothing\":0.001000,"
                        "\"torque_limit\":8.00}");
}

static void a_config_changes_what_it_names(void **state)
{
    (void)state;
    post(0, "config", "{\"viscous\":0.05,\"travel\":45,\"colour\":\"red\"}");
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "{\"status\":\"ok\",\"mask\":65}"); /* viscous and open_pos */
    struct mill_valve_config live = live_config();
    assert_true(live.viscous == 0.05 && live.open_pos == 45 && live.coulomb == 0.06);
    assert_int_equal(mill_firmware_applied(firmware), 1);
}

static void configs_that_are_refused_change_nothing(void **state)
{
    (void)state;
    struct mill_valve_config before = live_config();
    static const struct {
        const char *body;
        const char *error;
    } cases[] = {
        {"{}", "no_fields"},
        {"{\"colour\":1}", "no_fields"},
        {"{\"viscous\":-1}", "config_update_failed"},
        {"{\"smoothing\":0}", "config_update_failed"},
        {"{\"travel\":3601}", "config_update_failed"},
        {"{\"open_pos\":0}", "config_update_failed"},
        {"{\"viscous\":1,\"closed_pos\":90}", "config_update_failed"},
        {"{\"viscous\":\"much\"}", "invalid_viscous"},
        {"{\"coulomb\":null}", "invalid_coulomb"},
        {"{\"wall_stiffness\":{}}", "invalid_wall_stiffness"},
        {"{\"wall_damping\":[]}", "invalid_wall_damping"},
        {"{\"smoothing\":true}", "invalid_smoothing"},
        {"{\"torque_limit\":1e39}", "invalid_torque"},
        {"{\"travel\":\"\"}", "invalid_travel"},
        {"{\"open_pos\":\"x\"}", "invalid_open_pos"},
        {"{\"closed_pos\":\"nan\",\"viscous\":1}", "invalid_closed_pos"},
        {"{\"viscous\":NaN}", "json_parse_error"},
        {"{\"viscous\":1e999}", "json_parse_error"},
        {"{\"viscous\":1", "json_parse_error"},
        {"viscous", "json_parse_error"},
        {"[1]", "root_not_object"},
        {"", "invalid_request"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        post(i, "config", cases[i].body);
        assert_refused(400, cases[i].error);
    }
    struct mill_valve_config after = live_config();
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(mill_firmware_applied(firmware), 0);
}

static void bodies_that_are_too_large(void **state)
{
    (void)state;
    char body[MILL_WIRE_REQUEST_MAX + 2];
    memset(body, ' ', sizeof body);
    body[sizeof body - 1] = '\0';
    memcpy(body, "{\"viscous\":0.5}", 15);
    post(0, "config", body);
    assert_refused(413, "request_too_large");
    body[MILL_WIRE_REQUEST_MAX] = '\0';
    post(0, "config", body);
    assert_int_equal(reply.status, 200);
    int length = snprintf(body, sizeof body, "{\"viscous\":1,\"a\":[1");
    for (int tokens = 6; tokens <= 64; tokens++) {
        length += snprintf(body + length, sizeof body - (size_t)length, ",1");
    }
    snprintf(body + length, sizeof body - (size_t)length, "]}"); /* sixty-five of them */
    post(0, "config", body);
    assert_refused(413, "request_too_large");
}

static void paths_and_methods(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        int status;
        const char *error;
    } cases[] = {
        {"GET", "/", 404, "not_found"},
        {"GET", "", 404, "not_found"},
        {"GET", "/api/v1", 404, "not_found"},
        {"GET", "/api/v1/statuses", 404, "not_found"},
        {"GET", "/api/v2/status", 404, "not_found"},
        {"GET", "/api/v1/status?x=1", 404, "not_found"},
        {"GET", "/api/v1/control", 404, "not_found"},
        {"POST", "/api/v1/status", 404, "not_found"},
        {"POST", "/api/v1/can", 404, "not_found"},
        {"PUT", "/api/v1/config", 400, "unsupported_method"},
        {"get", "/api/v1/status", 400, "unsupported_method"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(mill_firmware_request(firmware, 0, cases[i].method, cases[i].path, "{}", 2, &reply),
                         0);
        assert_refused(cases[i].status, cases[i].error);
    }
    assert_int_equal(mill_firmware_request(NULL, 0, "GET", "/", NULL, 0, &reply), -EINVAL);
    assert_int_equal(mill_firmware_request(firmware, 0, NULL, "/", NULL, 0, &reply), -EINVAL);
    assert_int_equal(mill_firmware_request(firmware, 0, "GET", NULL, NULL, 0, &reply), -EINVAL);
    assert_int_equal(mill_firmware_request(firmware, 0, "GET", "/", NULL, 0, NULL), -EINVAL);
}

static void a_start_takes_about_a_second(void **state)
{
    (void)state;
    post(500, "control", "{\"action\":\"start\",\"preset\":2}");
    assert_string_equal(reply.body, "{\"status\":\"ok\",\"mode\":\"running\",\"preset_applied\":true}");
    assert_in_range(reply.before_us, 900000, 1100000);
    uint64_t ready = 500 + reply.before_us;
    assert_int_equal(status_at(ready - 1).state, MILL_VALVE_INIT);
    assert_int_equal(status_at(ready).state, MILL_VALVE_RUNNING);
    struct mill_valve_config live = live_config();
    assert_true(live.viscous == 0.08 && live.open_pos == 90); /* whatever the preset's travel */
    post(ready, "control", "{\"action\":\"start\"}");
    assert_refused(500, "start_failed");
    post(ready, "control", "{\"action\":\"stop\"}");
    assert_string_equal(reply.body, "{\"status\":\"ok\",\"mode\":\"idle\",\"preset_applied\":false}");
    assert_int_equal(status_at(ready).state, MILL_VALVE_IDLE);
}

static void without_the_quirk_it_starts_at_once(void **state)
{
    (void)state;
    post(500, "control", "{\"action\":\"start\"}");
    assert_int_equal(reply.before_us, 0);
    assert_int_equal(status_at(500).state, MILL_VALVE_RUNNING);
    post(500, "odrive", "{\"action\":\"calibrate\"}");
    assert_int_equal(reply.before_us, 0);
    post(500, "presets", "{\"index\":0,\"save_current\":true}");
    assert_int_equal(reply.after_us, 0);
}

static void controls(void **state)
{
    (void)state;
    static const struct {
        const char *body, *error;
    } refused[] = {
        {"{}", "no_control_action"},
        {"{\"action\":\"ping\"}", "unsupported_action"},
        {"{\"action\":\"go\"}", "unsupported_action"},
        {"{\"action\":\"\"}", "invalid_action"},
        {"{\"action\":\"start\",\"preset\":4}", "unsupported_preset"},
        {"{\"action\":\"start\",\"preset\":\"Soft\"}", "unsupported_preset"},
        {"{\"preset\":-1}", "unsupported_preset"},
        {"{\"preset\":true}", "invalid_preset"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        post(0, "control", refused[i].body);
        assert_refused(400, refused[i].error);
    }
    assert_int_equal(status_at(0).state, MILL_VALVE_IDLE);
    post(0, "control", "{\"preset\":\"industrial\"}");
    assert_string_equal(reply.body, "{\"status\":\"ok\",\"mode\":\"idle\",\"preset_applied\":true}");
    assert_true(live_config().viscous == 0.12);
    post(0, "control", "{\"action\":\"stop\"}");
    assert_string_equal(reply.body, "{\"status\":\"ok\",\"mode\":\"idle\",\"preset_applied\":false}");
    assert_int_equal(mill_firmware_applied(firmware), 0); /* no POST config among them */
}

/* Two posts within a tick while RUNNING, and one in the next. */
static void two_configs_in_one_tick(uint64_t start)
{
    post(start + 100, "config", "{\"viscous\":0.5}");
    post(start + 900, "config", "{\"coulomb\":0.7}");
    assert_int_equal(mill_firmware_applied(firmware), 0);
    assert_true(live_config().viscous == 0.02 && live_config().coulomb == 0.06);
    mill_firmware_advance(firmware, start + 1000);
    post(start + 1500, "config", "{\"torque_limit\":3}");
    mill_firmware_advance(firmware, start + 2000);
    assert_true(live_config().coulomb == 0.7 && live_config().torque_limit == 3);
}

static void the_first_of_two_configs_in_a_tick_is_lost(void **state)
{
    (void)state;
    two_configs_in_one_tick(run_at(0));
    assert_true(live_config().viscous == 0.02);
    assert_int_equal(mill_firmware_applied(firmware), 2);
}

static void without_the_quirk_both_apply(void **state)
{
    (void)state;
    two_configs_in_one_tick(run_at(0));
    assert_true(live_config().viscous == 0.5);
    assert_int_equal(mill_firmware_applied(firmware), 3);
}

static void a_preset_and_a_config_in_one_tick(void **state)
{
    (void)state;
    uint64_t start = run_at(0);
    post(start + 100, "config", "{\"viscous\":0.5}");
    post(start + 200, "control", "{\"preset\":3}");
    mill_firmware_advance(firmware, start + 1000);
    assert_true(live_config().viscous == 0.12);
    assert_int_equal(mill_firmware_applied(firmware), 0);
    post(start + 1100, "control", "{\"preset\":2}");
    post(start + 1200, "config", "{\"viscous\":0.5}");
    mill_firmware_advance(firmware, start + 2000);
    assert_true(live_config().viscous == 0.5 && live_config().coulomb == 0.40); /* of preset 3 */
    assert_int_equal(mill_firmware_applied(firmware), 1);
}

static void what_is_staged_when_the_valve_stops_is_lost(void **state)
{
    (void)state;
    uint64_t start = run_at(0);
    post(start + 100, "config", "{\"viscous\":0.5}");
    post(start + 200, "control", "{\"action\":\"stop\"}");
    assert_int_equal(run_at(start + 300) > start, true);
    mill_firmware_advance(firmware, start + 5000000);
    assert_true(live_config().viscous == 0.02);
    assert_int_equal(mill_firmware_applied(firmware), 0);
}

static void without_the_quirk_it_is_applied(void **state)
{
    (void)state;
    uint64_t start = run_at(0);
    post(start + 100, "config", "{\"viscous\":0.5}");
    post(start + 200, "control", "{\"action\":\"stop\"}");
    assert_true(live_config().viscous == 0.5);
    assert_int_equal(mill_firmware_applied(firmware), 1);
}

static void presets_are_kept(void **state)
{
    (void)state;
    post(0, "presets",
         "{\"index\":1,\"name\":\"Ours\",\"viscous\":1,\"coulomb\":2,\"wall_stiffness\":3,\"wall_damping\":4,"
         "\"travel\":180,\"torque_limit\":5,\"smoothing\":0.01}");
    assert_string_equal(reply.body, "{\"status\":\"ok\"}");
    assert_int_equal(reply.before_us, 0);
    assert_int_equal(reply.after_us, 100000);
    post(0, "config", "{\"travel\":33,\"viscous\":0.25}");
    post(0, "presets", "{\"index\":2,\"save_current\":true}");
    post(0, "presets", "{\"index\":3}"); /* all that is not given is 0, but travel, limit and smoothing */
    mill_firmware_power_cycle(firmware, 1000);
    assert_true(live_config().viscous == 0.02 && live_config().open_pos == 90);
    get(1000, "presets");
    struct mill_valve_preset presets[MILL_WIRE_PRESETS];
    assert_int_equal(mill_read_presets(reply.body, reply.length, presets, NULL), 0);
    assert_string_equal(presets[1].name, "Ours");
    assert_true(presets[1].config.viscous == 1 && presets[1].config.travel == 180);
    assert_true(presets[1].config.torque_limit == 5 && presets[1].config.smoothing == 0.01);
    assert_string_equal(presets[2].name, "Heavy");
    assert_true(presets[2].config.viscous == 0.25 && presets[2].config.travel == 33);
    assert_true(presets[3].config.viscous == 0 && presets[3].config.travel == 90);
    assert_true(presets[3].config.torque_limit == 8 && presets[3].config.smoothing == 0.001);
    post(1000, "control", "{\"preset\":\"OURS\"}");
    assert_true(live_config().viscous == 1 && live_config().open_pos == 90);
}

static void presets_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body, *error;
    } cases[] = {
        {"{}", "invalid_index"},
        {"{\"index\":4}", "invalid_index"},
        {"{\"index\":-1}", "invalid_index"},
        {"{\"index\":\"one\"}", "invalid_index"},
        {"{\"index\":0,\"viscous\":-1}", "invalid_values"},
        {"{\"index\":0,\"travel\":0}", "invalid_values"},
        {"{\"index\":0,\"torque_limit\":\"x\"}", "invalid_torque_limit"},
        {"{\"index\":0,\"name\":\"sixteen letters!\"}", "invalid_name"},
        {"{\"index\":0,\"name\":\"\"}", "invalid_name"},
    };
    get(0, "presets");
    struct mill_firmware_reply before = reply;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        post(0, "presets", cases[i].body);
        assert_refused(400, cases[i].error);
    }
    get(0, "presets");
    assert_string_equal(reply.body, before.body);
    /* One that no rule forbids to be saved, but that can never be loaded. */
    post(0, "presets", "{\"index\":0,\"smoothing\":-1}");
    assert_int_equal(reply.status, 200);
    post(0, "control", "{\"preset\":0}");
    assert_refused(400, "preset_failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_that_are_refused),
        cmocka_unit_test_setup_teardown(a_valve_that_was_switched_on, boot, shut_down),
        cmocka_unit_test_setup_teardown(a_config_changes_what_it_names, boot, shut_down),
        cmocka_unit_test_setup_teardown(configs_that_are_refused_change_nothing, boot, shut_down),
        cmocka_unit_test_setup_teardown(bodies_that_are_too_large, boot, shut_down),
        cmocka_unit_test_setup_teardown(paths_and_methods, boot, shut_down),
        cmocka_unit_test_setup_teardown(a_start_takes_about_a_second, boot, shut_down),
        cmocka_unit_test_setup_teardown(without_the_quirk_it_starts_at_once, boot_without_quirks, shut_down),
        cmocka_unit_test_setup_teardown(controls, boot, shut_down),
        cmocka_unit_test_setup_teardown(the_first_of_two_configs_in_a_tick_is_lost, boot, shut_down),
        cmocka_unit_test_setup_teardown(without_the_quirk_both_apply, boot_without_quirks, shut_down),
        cmocka_unit_test_setup_teardown(a_preset_and_a_config_in_one_tick, boot, shut_down),
        cmocka_unit_test_setup_teardown(what_is_staged_when_the_valve_stops_is_lost, boot, shut_down),
        cmocka_unit_test_setup_teardown(without_the_quirk_it_is_applied, boot_without_quirks, shut_down),
        cmocka_unit_test_setup_teardown(presets_are_kept, boot, shut_down),
        cmocka_unit_test_setup_teardown(presets_that_are_refused, boot, shut_down),
    };
    return cmocka_run_group_tests_name("firmware", tests, NULL, NULL);
}
