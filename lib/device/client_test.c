#include <jansson.h>
#include <math.h>

#include "device/test_script_transport.h"

#define ALL_MOTION (&(struct mill_device_policy){.allow_motion = true})

/* ---- every call that returns no value: what it sends ---- */

typedef int command(struct mill_device_client *client, struct mill_device_failure *failure);

static int start(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return mill_device_start_valve(client, 2, failure);
}

static int start_as_it_is(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return mill_device_start_valve(client, -1, failure);
}

static int set_torque(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return mill_device_set_torque(client, -0.25, failure);
}

static int start_stream(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return mill_device_start_stream(client, 0, failure);
}

static int start_stream_at(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return mill_device_start_stream(client, 20, failure);
}

static int update_config(struct mill_device_client *client, struct mill_device_failure *failure)
{
    const struct mill_valve_config config = {
        .fields = MILL_CONFIG_VISCOUS | MILL_CONFIG_TRAVEL, .viscous = 0.5, .travel = 180};
    return mill_device_update_config(client, &config, failure);
}

static int save_current(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return mill_device_save_preset(client, 3, NULL, failure);
}

static int save_preset(struct mill_device_client *client, struct mill_device_failure *failure)
{
    const struct mill_valve_preset preset = {
        .index = 7, /* that of the call counts */
        .name = "Soft",
        .config = {.fields = MILL_CONFIG_VISCOUS | MILL_CONFIG_COULOMB, .viscous = 0.5, .coulomb = 0.25}};
    return mill_device_save_preset(client, 1, &preset, failure);
}

static const struct {
    command *call;
    bool moves;
    const char *path;
    const char *body;
} commands[] = {
    {start, true, "/api/v1/control", "{\"action\":\"start\",\"preset\":2}"},
    {start_as_it_is, true, "/api/v1/control", "{\"action\":\"start\"}"},
    {mill_device_stop_valve, false, "/api/v1/control", "{\"action\":\"stop\"}"},
    {mill_device_enable_motor, true, "/api/v1/odrive", "{\"action\":\"enable\"}"},
    {mill_device_disable_motor, false, "/api/v1/odrive", "{\"action\":\"disable\"}"},
    {mill_device_calibrate_motor, true, "/api/v1/odrive", "{\"action\":\"calibrate\"}"},
    {mill_device_estop_motor, false, "/api/v1/odrive", "{\"action\":\"estop\"}"},
    {mill_device_clear_errors, false, "/api/v1/odrive", "{\"action\":\"clear\"}"},
    {set_torque, true, "/api/v1/odrive", "{\"action\":\"set_torque\",\"value\":-0.25}"},
    {start_stream, false, "/api/v1/stream", "{\"action\":\"start\"}"},
    {start_stream_at, false, "/api/v1/stream", "{\"action\":\"start\",\"interval_ms\":20}"},
    {mill_device_stop_stream, false, "/api/v1/stream", "{\"action\":\"stop\"}"},
    {update_config, false, "/api/v1/config", "{\"viscous\":0.5,\"travel\":180.0}"},
    {save_current, false, "/api/v1/presets", "{\"index\":3,\"save_current\":true}"},
    {save_preset, false, "/api/v1/presets",
     "{\"index\":1,\"name\":\"Soft\",\"viscous\":0.5,\"coulomb\":0.25}"},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

/* Equal but for how numbers are written: 180 and 180.0 are one. */
static void assert_same_json(const char *text, const char *expected)
{
    json_t *one = json_loads(text, JSON_DECODE_INT_AS_REAL, NULL);
    json_t *other = json_loads(expected, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(other);
    if (!json_equal(one, other)) {
        fail_msg("'%s' is not '%s'", text, expected);
    }
    json_decref(one);
    json_decref(other);
}

static void every_command_is_a_post_to_its_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < COMMANDS; i++) {
        struct test_script script = {
            .answers = &(struct test_reply){.http = 200, .body = "{\"status\":\"ok\"}"}, .count = 1};
        struct mill_device_failure failure;
        struct mill_device_client *client = test_script_client(&script, ALL_MOTION);
        if (commands[i].call(client, &failure) != 0) {
            fail_msg("%s: %s", commands[i].body, failure.message);
        }
        mill_device_client_destroy(client);
        assert_int_equal(script.asked, 1);
        assert_string_equal(script.method, "POST");
        assert_string_equal(script.path, commands[i].path);
        assert_same_json(script.body, commands[i].body);
    }
}

static void what_moves_the_motor_is_not_sent_without_leave(void **state)
{
    (void)state;
    for (size_t i = 0; i < COMMANDS; i++) {
        struct test_script script = {
            .answers = &(struct test_reply){.http = 200, .body = "{\"status\":\"ok\"}"}, .count = 1};
        struct mill_device_failure failure;
        struct mill_device_client *client =
            test_script_client(&script, &(struct mill_device_policy){.allow_motion = false});
        int status = commands[i].call(client, &failure);
        mill_device_client_destroy(client);
        assert_int_equal(status, commands[i].moves ? -EPERM : 0);
        assert_int_equal(script.asked, commands[i].moves ? 0 : 1);
        if (commands[i].moves) {
            assert_int_equal(failure.kind, MILL_DEVICE_VALIDATION);
            assert_int_equal(failure.tries, 0);
            assert_non_null(strstr(failure.message, "motor"));
        }
    }
}

static void a_command_is_done_when_the_reply_says_so(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "", "{}", "[]", "ok", "{\"status\":\"error\"}", "{\"status\":1}", "{\"status\":\"ok\""};
    for (size_t b = 0; b < sizeof bodies / sizeof bodies[0]; b++) {
        for (size_t i = 0; i < COMMANDS; i++) {
            struct test_script script = {.answers = &(struct test_reply){.http = 200, .body = bodies[b]},
                                         .count = 1};
            struct mill_device_failure failure;
            struct mill_device_client *client = test_script_client(&script, ALL_MOTION);
            assert_int_equal(commands[i].call(client, &failure), -EBADMSG);
            assert_int_equal(failure.kind, MILL_DEVICE_VALIDATION);
            assert_true(failure.maybe_done);
            assert_non_null(strstr(failure.message, commands[i].path));
            assert_int_equal(commands[i].call(client, NULL), -EBADMSG);
            mill_device_client_destroy(client);
        }
    }
}

/* ---- every call that returns a value ---- */

static const char status_text[] =
    "{\"pos_deg\":12.50,\"vel_rad_s\":-0.125,\"torque_nm\":1.250,\"status\":2,\"temp_fet\":30.5,"
    "\"temp_motor\":31.0,\"bus_voltage\":0.00,\"safety\":{\"errors\":1,\"last_error\":2,\"estops\":3},"
    "\"new\":[]}";
static const char config_text[] =
    "{\"closed_pos\":0,\"open_pos\":90,\"viscous\":0.02,\"coulomb\":0.06,\"wall_stiffness\":10,"
    "\"wall_damping\":0.1,\"smoothing\":0.001,\"torque_limit\":8}";
#define PRESET(index)                                                                            \
    "{\"index\":" #index ",\"name\":\"P" #index "\",\"viscous\":0." #index "5,\"coulomb\":0.06," \
    "\"wall_stiffness\":10,\"wall_damping\":0.1,\"travel\":90,\"torque_limit\":8,\"smoothing\":0.001}"
static const char presets_text[] = "[" PRESET(0) "," PRESET(1) "," PRESET(2) "," PRESET(3) "]";
static const char odrive_text[] =
    "{\"axis_error\":1,\"axis_state\":8,\"motor_flags\":0,\"encoder_flags\":0,\"controller_status\":0,"
    "\"position\":0.5,\"velocity\":0.25,\"bus_voltage\":24.0,\"bus_current\":0.5,\"fet_temp\":30,"
    "\"motor_temp\":31}";
static const char stream_text[] =
    "{\"active\":true,\"connected_clients\":2,\"default_interval_ms\":100,\"messages_sent\":7,"
    "\"send_errors\":0,\"invalid_samples\":0,\"last_send_tick_ms\":99}";
static const char can_text[] = "{\"bus\":{},\"encoder\":{},\"telemetry\":{}}";

static struct mill_device_client *one_reply(struct test_script *script, struct test_reply *reply,
                                            const char *body)
{
    *reply = (struct test_reply){.http = 200, .body = body};
    *script = (struct test_script){.answers = reply, .count = 1};
    return test_script_client(script, ALL_MOTION);
}

static void assert_got(const struct test_script *script, const char *path)
{
    assert_int_equal(script->asked, 1);
    assert_string_equal(script->method, "GET");
    assert_string_equal(script->path, path);
    assert_string_equal(script->body, "");
}

static void the_status_and_what_of_it_has_a_call(void **state)
{
    (void)state;
    struct test_script script;
    struct test_reply reply;
    struct mill_valve_status status;
    double value = 0;
    bool running = false;
    struct mill_device_client *client = one_reply(&script, &reply, status_text);
    assert_int_equal(mill_device_get_status(client, &status, NULL), 0);
    assert_got(&script, "/api/v1/status");
    assert_true(status.pos_deg == 12.5 && status.vel_rad_s == -0.125 && status.torque_nm == 1.25);
    assert_int_equal(status.state, MILL_VALVE_RUNNING);
    assert_int_equal(status.estops, 3);
    assert_int_equal(mill_device_get_position(client, &value, NULL), 0);
    assert_true(value == 12.5);
    assert_int_equal(mill_device_get_torque(client, &value, NULL), 0);
    assert_true(value == 1.25);
    assert_int_equal(mill_device_is_running(client, &running, NULL), 0);
    assert_true(running);
    assert_true(mill_device_ping(client));
    mill_device_client_destroy(client);
}

static void the_other_values(void **state)
{
    (void)state;
    struct test_script script;
    struct test_reply reply;
    struct mill_valve_config config;
    struct mill_valve_preset presets[MILL_WIRE_PRESETS];
    struct mill_odrive_status odrive;
    struct mill_stream_status stream;
    char can[sizeof can_text];
    struct mill_device_client *client = one_reply(&script, &reply, config_text);
    assert_int_equal(mill_device_get_config(client, &config, NULL), 0);
    assert_got(&script, "/api/v1/config");
    assert_true(config.open_pos == 90 && config.torque_limit == 8);
    mill_device_client_destroy(client);
    client = one_reply(&script, &reply, presets_text);
    assert_int_equal(mill_device_get_presets(client, presets, NULL), 0);
    assert_got(&script, "/api/v1/presets");
    assert_string_equal(presets[3].name, "P3");
    mill_device_client_destroy(client);
    client = one_reply(&script, &reply, odrive_text);
    assert_int_equal(mill_device_get_odrive(client, &odrive, NULL), 0);
    assert_got(&script, "/api/v1/odrive");
    assert_true(odrive.position == 0.5 && odrive.axis_state == 8);
    mill_device_client_destroy(client);
    client = one_reply(&script, &reply, stream_text);
    assert_int_equal(mill_device_get_stream(client, &stream, NULL), 0);
    assert_got(&script, "/api/v1/stream");
    assert_true(stream.active && stream.messages_sent == 7);
    mill_device_client_destroy(client);
    client = one_reply(&script, &reply, can_text);
    assert_int_equal(mill_device_get_can(client, can, sizeof can, NULL), 0);
    assert_got(&script, "/api/v1/can");
    assert_string_equal(can, can_text);
    mill_device_client_destroy(client);
}

static void loading_a_preset_sends_it_as_a_config(void **state)
{
    (void)state;
    struct test_script script = {
        .answers = (const struct test_reply[]){{.http = 200, .body = presets_text},
                                               {.http = 200, .body = "{\"status\":\"ok\",\"mask\":0}"}},
        .count = 2};
    struct mill_device_client *client = test_script_client(&script, ALL_MOTION);
    assert_int_equal(mill_device_load_preset(client, 2, NULL), 0);
    mill_device_client_destroy(client);
    assert_int_equal(script.asked, 2);
    assert_string_equal(script.path, "/api/v1/config");
    assert_same_json(script.body,
                     "{\"viscous\":0.25,\"coulomb\":0.06,\"wall_stiffness\":10,\"wall_damping\":0.1,"
                     "\"travel\":90,\"torque_limit\":8,\"smoothing\":0.001}");
}

static int read_any(struct mill_device_client *client, unsigned which, struct mill_device_failure *failure)
{
    union {
        struct mill_valve_status status;
        struct mill_valve_config config;
        struct mill_valve_preset presets[MILL_WIRE_PRESETS];
        struct mill_odrive_status odrive;
        struct mill_stream_status stream;
        char can[64];
    } value;
    switch (which) {
    case 0:
        return mill_device_get_status(client, &value.status, failure);
    case 1:
        return mill_device_get_config(client, &value.config, failure);
    case 2:
        return mill_device_get_presets(client, value.presets, failure);
    case 3:
        return mill_device_get_odrive(client, &value.odrive, failure);
    case 4:
        return mill_device_get_stream(client, &value.stream, failure);
    default:
        return mill_device_get_can(client, value.can, sizeof value.can, failure);
    }
}

static void a_reply_that_is_something_else_is_named(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "", "{", "[]", "nonsense", "null", "1e999", "{\"pos_deg\":NaN}", "{\"pos_deg\":\"12\"", "\xff\xfe"};
    for (size_t b = 0; b < sizeof bodies / sizeof bodies[0]; b++) {
        for (unsigned which = 0; which < 6; which++) {
            struct test_script script;
            struct test_reply reply;
            struct mill_device_failure failure;
            struct mill_device_client *client = one_reply(&script, &reply, bodies[b]);
            assert_int_equal(read_any(client, which, &failure), -EBADMSG);
            mill_device_client_destroy(client);
            assert_int_equal(failure.kind, MILL_DEVICE_VALIDATION);
            assert_false(failure.maybe_done);
            assert_non_null(strstr(failure.message, "valve valve:80: GET /api/v1/"));
        }
    }
}

static void a_text_that_does_not_fit(void **state)
{
    (void)state;
    struct test_script script;
    struct test_reply reply;
    struct mill_device_failure failure;
    char small[sizeof can_text - 1] = "kept";
    struct mill_device_client *client = one_reply(&script, &reply, can_text);
    assert_int_equal(mill_device_get_can(client, small, sizeof small, &failure), -ENOSPC);
    assert_string_equal(small, "kept");
    assert_non_null(strstr(failure.message, "/api/v1/can"));
    mill_device_client_destroy(client);
}

/* ---- what is refused before it is sent ---- */

static const struct mill_valve_config bad_configs[] = {
    {.fields = 0},
    {.fields = 1u << 9, .viscous = 1},
    {.fields = MILL_CONFIG_VISCOUS, .viscous = -0.1},
    {.fields = MILL_CONFIG_VISCOUS, .viscous = NAN},
    {.fields = MILL_CONFIG_COULOMB, .coulomb = -1},
    {.fields = MILL_CONFIG_WALL_STIFFNESS, .wall_stiffness = -1},
    {.fields = MILL_CONFIG_WALL_DAMPING, .wall_damping = -1},
    {.fields = MILL_CONFIG_SMOOTHING, .smoothing = 0},
    {.fields = MILL_CONFIG_TORQUE_LIMIT, .torque_limit = INFINITY},
    {.fields = MILL_CONFIG_TRAVEL, .travel = 3600.1},
    {.fields = MILL_CONFIG_TRAVEL, .travel = 0},
    {.fields = MILL_CONFIG_CLOSED_POS, .closed_pos = -INFINITY},
    {.fields = MILL_CONFIG_CLOSED_POS | MILL_CONFIG_OPEN_POS, .closed_pos = 90, .open_pos = 90},
    {.fields = MILL_CONFIG_CLOSED_POS | MILL_CONFIG_OPEN_POS, .closed_pos = -1, .open_pos = 3600},
};

static void configs_that_the_device_would_not_take(void **state)
{
    (void)state;
    struct test_script script;
    struct test_reply reply;
    struct mill_device_client *client = one_reply(&script, &reply, "{\"status\":\"ok\"}");
    for (size_t i = 0; i < sizeof bad_configs / sizeof bad_configs[0]; i++) {
        struct mill_device_failure failure;
        if (mill_device_update_config(client, &bad_configs[i], &failure) != -EINVAL) {
            fail_msg("config %zu was sent", i);
        }
        assert_int_equal(failure.kind, MILL_DEVICE_VALIDATION);
        assert_non_null(strstr(failure.message, "config"));
        struct mill_valve_preset preset = {.name = "x", .config = bad_configs[i]};
        assert_int_equal(mill_device_save_preset(client, 0, &preset, NULL), -EINVAL);
    }
    struct mill_valve_preset placed = {.name = "x",
                                       .config = {.fields = MILL_CONFIG_OPEN_POS, .open_pos = 1}};
    assert_int_equal(mill_device_save_preset(client, 0, &placed, NULL), -EINVAL);
    assert_int_equal(script.asked, 0);
    mill_device_client_destroy(client);
}

static void arguments_that_are_none(void **state)
{
    (void)state;
    struct test_script script;
    struct test_reply reply;
    struct mill_device_failure failure;
    struct mill_device_client *client = one_reply(&script, &reply, "{\"status\":\"ok\"}");
    assert_int_equal(mill_device_start_valve(client, 4, &failure), -EINVAL);
    assert_non_null(strstr(failure.message, "preset 4"));
    assert_int_equal(mill_device_start_valve(client, -2, NULL), -EINVAL);
    assert_int_equal(mill_device_load_preset(client, 4, NULL), -EINVAL);
    assert_int_equal(mill_device_save_preset(client, 4, NULL, NULL), -EINVAL);
    assert_int_equal(mill_device_set_torque(client, NAN, NULL), -EINVAL);
    assert_int_equal(mill_device_set_torque(client, -INFINITY, NULL), -EINVAL);
    assert_int_equal(mill_device_start_stream(client, 1001, NULL), -EINVAL);
    assert_int_equal(mill_device_update_config(client, NULL, NULL), -EINVAL);
    assert_int_equal(mill_device_get_status(client, NULL, NULL), -EINVAL);
    assert_int_equal(mill_device_get_position(client, NULL, NULL), -EINVAL);
    assert_int_equal(mill_device_get_torque(client, NULL, NULL), -EINVAL);
    assert_int_equal(mill_device_is_running(client, NULL, NULL), -EINVAL);
    assert_int_equal(mill_device_get_config(client, NULL, NULL), -EINVAL);
    assert_int_equal(mill_device_get_presets(client, NULL, NULL), -EINVAL);
    assert_int_equal(mill_device_get_odrive(client, NULL, NULL), -EINVAL);
    assert_int_equal(mill_device_get_stream(client, NULL, NULL), -EINVAL);
    assert_int_equal(mill_device_get_can(client, NULL, 10, NULL), -EINVAL);
    assert_int_equal(script.asked, 0);
    mill_device_client_destroy(client);
    for (size_t i = 0; i < COMMANDS; i++) {
        assert_int_equal(commands[i].call(NULL, &failure), -EINVAL);
        assert_int_equal(failure.kind, MILL_DEVICE_VALIDATION);
    }
    for (unsigned which = 0; which < 6; which++) {
        assert_int_equal(read_any(NULL, which, NULL), -EINVAL);
    }
    assert_int_equal(mill_device_client_create(NULL, NULL, NULL, NULL, &failure), -EINVAL);
    mill_device_client_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_a_post_to_its_path),
        cmocka_unit_test(what_moves_the_motor_is_not_sent_without_leave),
        cmocka_unit_test(a_command_is_done_when_the_reply_says_so),
        cmocka_unit_test(the_status_and_what_of_it_has_a_call),
        cmocka_unit_test(the_other_values),
        cmocka_unit_test(loading_a_preset_sends_it_as_a_config),
        cmocka_unit_test(a_reply_that_is_something_else_is_named),
        cmocka_unit_test(a_text_that_does_not_fit),
        cmocka_unit_test(configs_that_the_device_would_not_take),
        cmocka_unit_test(arguments_that_are_none),
    };
    return cmocka_run_group_tests_name("the client", tests, NULL, NULL);
}
