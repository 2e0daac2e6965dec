/* The client and the simulator end to end: every call, with the firmware's quirks and without. */
#include "core/timeout.h"
#include "device/client.h"
#include "device/test_simulator.h"
#include "device/transport_strategy.h"
#include "device/valve.h"

#define LATER (60 * (int64_t)MILL_NS_PER_S)

static struct mill_device_client *connect_to(struct mill_simulator *simulator, const char *key,
                                             int64_t timeout_ns)
{
    struct mill_device_client *client;
    struct mill_device_failure failure;
    const struct mill_transport_plan plan = {
        .host = "127.0.0.1", .port = mill_simulator_http_port(simulator), .key = key};
    const struct mill_device_policy policy = {.timeout_ns = timeout_ns, .allow_motion = true};
    if (mill_device_client_create(&mill_transport_http, &plan, &policy, &client, &failure) < 0) {
        fail_msg("%s", failure.message);
    }
    return client;
}

#define DOES(call)                                                         \
    do {                                                                   \
        struct mill_device_failure failure = {.kind = MILL_DEVICE_STREAM}; \
        if ((call) != 0) {                                                 \
            fail_msg("%s: %s", #call, failure.message);                    \
        }                                                                  \
        assert_int_equal(failure.kind, MILL_DEVICE_NO_FAILURE);            \
    } while (0)

static void configs_and_presets(struct mill_simulator *simulator, struct mill_device_client *client)
{
    struct mill_valve_config config;
    struct mill_valve_config live;
    struct mill_valve_preset presets[MILL_WIRE_PRESETS];
    DOES(mill_device_get_config(client, &config, &failure));
    assert_true(config.viscous == mill_valve_presets[0].config.viscous);
    assert_true(config.open_pos == 90);
    const struct mill_valve_config change = {
        .fields = MILL_CONFIG_VISCOUS | MILL_CONFIG_TRAVEL, .viscous = 0.5, .travel = 180};
    DOES(mill_device_update_config(client, &change, &failure));
    mill_simulator_config(simulator, &live);
    assert_true(live.viscous == 0.5 && live.open_pos == 180);
    DOES(mill_device_save_preset(client, 3, NULL, &failure));
    const struct mill_valve_preset soft = {.name = "Soft",
                                           .config = {.fields = MILL_CONFIG_COULOMB, .coulomb = 0.25}};
    DOES(mill_device_save_preset(client, 1, &soft, &failure));
    DOES(mill_device_get_presets(client, presets, &failure));
    assert_string_equal(presets[0].name, "Light");
    assert_string_equal(presets[1].name, "Soft");
    assert_true(presets[1].config.coulomb == 0.25);
    assert_true(presets[3].config.viscous == 0.5);
    DOES(mill_device_load_preset(client, 2, &failure));
    mill_simulator_config(simulator, &live);
    assert_true(live.viscous == presets[2].config.viscous && live.open_pos == presets[2].config.travel);
}

static void starting_and_stopping(struct mill_device_client *client)
{
    struct mill_valve_status status;
    struct mill_device_failure failure_of_second;
    bool running = true;
    double value;
    DOES(mill_device_get_status(client, &status, &failure));
    assert_int_equal(status.state, MILL_VALVE_IDLE);
    DOES(mill_device_start_valve(client, 1, &failure));
    assert_int_equal(mill_device_start_valve(client, -1, &failure_of_second), -EREMOTEIO);
    assert_int_equal(failure_of_second.kind, MILL_DEVICE_API);
    assert_int_equal(failure_of_second.status, 500);
    assert_non_null(strstr(failure_of_second.body, "start_failed"));
    do {
        DOES(mill_device_get_status(client, &status, &failure));
    } while (status.state == MILL_VALVE_INIT);
    DOES(mill_device_is_running(client, &running, &failure));
    assert_true(running);
    DOES(mill_device_get_position(client, &value, &failure));
    DOES(mill_device_get_torque(client, &value, &failure));
    DOES(mill_device_stop_valve(client, &failure));
    DOES(mill_device_is_running(client, &running, &failure));
    assert_false(running);
}

static void the_motor(struct mill_device_client *client)
{
    struct mill_odrive_status odrive;
    struct mill_valve_status status;
    DOES(mill_device_enable_motor(client, &failure));
    DOES(mill_device_get_odrive(client, &odrive, &failure));
    assert_int_equal(odrive.axis_state, 8);
    DOES(mill_device_set_torque(client, 0.125, &failure));
    DOES(mill_device_disable_motor(client, &failure));
    DOES(mill_device_estop_motor(client, &failure));
    DOES(mill_device_get_odrive(client, &odrive, &failure));
    assert_int_not_equal(odrive.axis_error, 0);
    DOES(mill_device_clear_errors(client, &failure));
    DOES(mill_device_get_odrive(client, &odrive, &failure));
    assert_int_equal(odrive.axis_error, 0);
    DOES(mill_device_get_status(client, &status, &failure));
    assert_int_equal(status.estops, 1);
}

static void stream_and_can(struct mill_device_client *client)
{
    struct mill_stream_status stream;
    char can[MILL_WIRE_REPLY_MAX];
    DOES(mill_device_start_stream(client, 20, &failure));
    DOES(mill_device_get_stream(client, &stream, &failure));
    assert_true(stream.active);
    assert_int_equal(stream.default_interval_ms, 20);
    DOES(mill_device_stop_stream(client, &failure));
    DOES(mill_device_start_stream(client, 0, &failure));
    DOES(mill_device_stop_stream(client, &failure));
    DOES(mill_device_get_stream(client, &stream, &failure));
    assert_false(stream.active);
    DOES(mill_device_get_can(client, can, sizeof can, &failure));
    assert_non_null(strstr(can, "\"telemetry\""));
}

static void every_call(unsigned quirks)
{
    struct mill_simulator *simulator = start_with(quirks);
    struct mill_device_client *client = connect_to(simulator, NULL, LATER);
    assert_true(mill_device_ping(client));
    configs_and_presets(simulator, client);
    starting_and_stopping(client);
    the_motor(client);
    stream_and_can(client);
    mill_device_client_destroy(client);
    mill_simulator_stop(simulator);
}

static void every_call_with_the_firmwares_quirks(void **state)
{
    (void)state;
    every_call(MILL_QUIRKS_FIRMWARE);
}

static void every_call_without_quirks(void **state)
{
    (void)state;
    every_call(MILL_QUIRKS_NONE);
}

static void calibrating_is_done_at_once_or_outlasts_the_timeout(void **state)
{
    (void)state;
    static const unsigned quirks[] = {MILL_QUIRKS_NONE, MILL_QUIRKS_FIRMWARE};
    for (int i = 0; i < 2; i++) {
        struct mill_device_failure failure;
        struct mill_simulator *simulator = start_with(quirks[i]);
        struct mill_device_client *client =
            connect_to(simulator, NULL, i == 0 ? LATER : 500 * (int64_t)MILL_NS_PER_MS);
        assert_int_equal(mill_device_calibrate_motor(client, &failure), i == 0 ? 0 : -ETIMEDOUT);
        assert_int_equal(failure.kind, i == 0 ? MILL_DEVICE_NO_FAILURE : MILL_DEVICE_TIMEOUT);
        assert_int_equal(failure.maybe_done, i);
        mill_device_client_destroy(client);
        mill_simulator_stop(simulator);
    }
}

static void another_key_is_told_apart(void **state)
{
    (void)state;
    struct mill_device_failure failure;
    struct mill_valve_status status;
    struct mill_simulator *simulator = start_with(MILL_QUIRKS_NONE);
    struct mill_device_client *client = connect_to(simulator, "wrong", LATER);
    assert_int_equal(mill_device_get_status(client, &status, &failure), -EACCES);
    assert_int_equal(failure.kind, MILL_DEVICE_AUTHENTICATION);
    assert_int_equal(failure.status, 401);
    assert_non_null(strstr(failure.body, "unauthorized"));
    assert_false(mill_device_ping(client));
    mill_device_client_destroy(client);
    mill_simulator_stop(simulator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_with_the_firmwares_quirks),
        cmocka_unit_test(every_call_without_quirks),
        cmocka_unit_test(calibrating_is_done_at_once_or_outlasts_the_timeout),
        cmocka_unit_test(another_key_is_told_apart),
    };
    return cmocka_run_group_tests_name("the client and the simulator", tests, NULL, NULL);
}
