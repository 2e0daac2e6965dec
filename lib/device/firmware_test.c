#include "device/firmware.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/error.h"
#include "device/wire_read.h"

static struct mill_firmware *firmware;
static struct mill_firmware_reply reply;

static struct mill_firmware *boot(unsigned quirks)
{
    const struct mill_firmware_plan plan = {.quirks = quirks, .seed = 7};
    assert_int_equal(mill_firmware_create(&plan, &firmware), 0);
    return firmware;
}

static void get(uint64_t now_us, const char *path)
{
    assert_int_equal(mill_firmware_request(firmware, now_us, "GET", path, NULL, 0, &reply), 0);
    assert_int_equal(strlen(reply.body), reply.length);
}

static void post(uint64_t now_us, const char *path, const char *body)
{
    assert_int_equal(mill_firmware_request(firmware, now_us, "POST", path, body, strlen(body), &reply), 0);
    assert_int_equal(strlen(reply.body), reply.length);
}

/* The reply is an error of that name. */
static void assert_refused(int status, const char *error)
{
    assert_int_equal(reply.status, status);
    char expected[128];
    snprintf(expected, sizeof expected, "{\"status\":\"error\",\"error\":\"%s\"}", error);
    assert_string_equal(reply.body, expected);
}

static int64_t state_at(uint64_t now_us)
{
    struct mill_valve_status status;
    get(now_us, "/api/v1/status");
    assert_int_equal(mill_read_status(reply.body, reply.length, &status, NULL), 0);
    return (int64_t)status.state;
}

static void a_valve_that_was_switched_on(void **state)
{
    (void)state;
    boot(MILL_QUIRKS_FIRMWARE);
    assert_int_equal(state_at(123456789), MILL_VALVE_IDLE);
    get(123456789, "/api/v1/config");
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body,
                        "{\"closed_pos\":0.00,\"open_pos\":90.00,\"viscous\":0.0200,\"coulomb\":0.0600,"
                        "\"wall_stiffness\":10.00,\"wall_damping\":0.1000,\"smoothing\":0.001000,"
                        "\"torque_limit\":8.00}");
    mill_firmware_destroy(firmware);
}

static void a_config_changes_what_it_names(void **state)
{
    (void)state;
    boot(MILL_QUIRKS_FIRMWARE);
    post(0, "/api/v1/config", "{\"viscous\":0.05,\"travel\":45,\"colour\":\"red\"}");
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "{\"status\":\"ok\",\"mask\":65}"); /* 1 << 0 and 1 << 6 */
    struct mill_valve_config live;
    mill_firmware_config(firmware, &live);
    assert_true(live.viscous == 0.05 && live.open_pos == 45 && live.coulomb == 0.06);
    assert_int_equal(mill_firmware_applied(firmware), 1);
    mill_firmware_destroy(firmware);
}

static void a_start_takes_about_a_second(void **state)
{
    (void)state;
    boot(MILL_QUIRKS_FIRMWARE);
    post(500, "/api/v1/control", "{\"action\":\"start\",\"preset\":2}");
    assert_string_equal(reply.body, "{\"status\":\"ok\",\"mode\":\"running\",\"preset_applied\":true}");
    assert_in_range(reply.before_us, 900000, 1100000);
    uint64_t ready = 500 + reply.before_us;
    assert_int_equal(state_at(ready - 1), MILL_VALVE_INIT);
    assert_int_equal(state_at(ready), MILL_VALVE_RUNNING);
    struct mill_valve_config live;
    mill_firmware_config(firmware, &live);
    assert_true(live.viscous == 0.08 && live.open_pos == 90); /* whatever the preset's travel */
    post(ready, "/api/v1/control", "{\"action\":\"start\"}");
    assert_refused(500, "start_failed");
    post(ready, "/api/v1/control", "{\"action\":\"stop\"}");
    assert_string_equal(reply.body, "{\"status\":\"ok\",\"mode\":\"idle\",\"preset_applied\":false}");
    assert_int_equal(state_at(ready), MILL_VALVE_IDLE);
    mill_firmware_destroy(firmware);
}

static void without_the_quirk_it_starts_at_once(void **state)
{
    (void)state;
    boot(MILL_QUIRKS_NONE);
    post(500, "/api/v1/control", "{\"action\":\"start\"}");
    assert_int_equal(reply.before_us, 0);
    assert_int_equal(state_at(500), MILL_VALVE_RUNNING);
    mill_firmware_destroy(firmware);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_valve_that_was_switched_on),
        cmocka_unit_test(a_config_changes_what_it_names),
        cmocka_unit_test(a_start_takes_about_a_second),
        cmocka_unit_test(without_the_quirk_it_starts_at_once),
    };
    return cmocka_run_group_tests_name("firmware", tests, NULL, NULL);
}
