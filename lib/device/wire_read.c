/* Replies. */
#include "device/wire_read.h"

#include <errno.h>
#include <string.h>

#include "device/wire_json.h"

#define MEMBER(type, of, member, name)                         \
    {                                                          \
        name, MILL_JSON_##type, offsetof(struct of, member), 0 \
    }

/* What the root of a reply means, into a place that means nothing where it could not be read. */
typedef int meaning(const json_t *root, void *found, struct mill_error *error);

/* Reads a reply into `found`, and from there into `told` only if all of it could be read; both are `size`
 * bytes. */
static int read_reply(const char *text, size_t length, meaning *from, void *found, size_t size, void *told,
                      struct mill_error *error)
{
    json_t *root;
    int result = mill_json_parse(text, length, MILL_WIRE_REPLY_MAX, &root, error);
    if (result < 0) {
        return result;
    }
    result = from(root, found, error);
    json_decref(root);
    if (result == 0 && size > 0) {
        memcpy(told, found, size);
    }
    return result;
}

static const struct mill_json_member status_members[] = {
    MEMBER(NUMBER, mill_valve_status, pos_deg, "pos_deg"),
    MEMBER(NUMBER, mill_valve_status, vel_rad_s, "vel_rad_s"),
    MEMBER(NUMBER, mill_valve_status, torque_nm, "torque_nm"),
    MEMBER(NUMBER, mill_valve_status, temp_fet, "temp_fet"),
    MEMBER(NUMBER, mill_valve_status, temp_motor, "temp_motor"),
    MEMBER(NUMBER, mill_valve_status, bus_voltage, "bus_voltage"),
};

static const struct mill_json_member safety_members[] = {
    MEMBER(INTEGER, mill_valve_status, errors, "errors"),
    MEMBER(INTEGER, mill_valve_status, last_error, "last_error"),
    MEMBER(INTEGER, mill_valve_status, estops, "estops"),
};

static int status_from(const json_t *root, void *found, struct mill_error *error)
{
    struct mill_valve_status *status = found;
    int result = MILL_JSON_READ(root, status_members, status, error);
    if (result < 0) {
        return result;
    }
    const json_t *state = json_object_get(root, "status");
    if (!json_is_integer(state) || json_integer_value(state) < MILL_VALVE_IDLE ||
        json_integer_value(state) > MILL_VALVE_ERROR) {
        return mill_error_set(error, -EBADMSG, "'status' is not a number from 0 to 3");
    }
    status->state = (enum mill_valve_state)json_integer_value(state);
    const json_t *safety = json_object_get(root, "safety");
    if (!json_is_object(safety)) {
        return mill_error_set(error, -EBADMSG, "'safety' is not an object");
    }
    return MILL_JSON_READ(safety, safety_members, status, error);
}

int mill_read_status(const char *text, size_t length, struct mill_valve_status *status,
                     struct mill_error *error)
{
    struct mill_valve_status found;
    return read_reply(text, length, status_from, &found, sizeof found, status, error);
}

static const struct mill_json_member config_members[] = {
    MEMBER(NUMBER, mill_valve_config, closed_pos, "closed_pos"),
    MEMBER(NUMBER, mill_valve_config, open_pos, "open_pos"),
    MEMBER(NUMBER, mill_valve_config, viscous, "viscous"),
    MEMBER(NUMBER, mill_valve_config, coulomb, "coulomb"),
    MEMBER(NUMBER, mill_valve_config, wall_stiffness, "wall_stiffness"),
    MEMBER(NUMBER, mill_valve_config, wall_damping, "wall_damping"),
    MEMBER(NUMBER, mill_valve_config, smoothing, "smoothing"),
    MEMBER(NUMBER, mill_valve_config, torque_limit, "torque_limit"),
};

static int config_from(const json_t *root, void *found, struct mill_error *error)
{
    return MILL_JSON_READ(root, config_members, found, error);
}

int mill_read_config(const char *text, size_t length, struct mill_valve_config *config,
                     struct mill_error *error)
{
    struct mill_valve_config found = {.fields = MILL_CONFIG_LIVE};
    return read_reply(text, length, config_from, &found, sizeof found, config, error);
}

enum {
    PRESET_FIELDS = MILL_CONFIG_VISCOUS | MILL_CONFIG_COULOMB | MILL_CONFIG_WALL_STIFFNESS |
                    MILL_CONFIG_WALL_DAMPING | MILL_CONFIG_SMOOTHING | MILL_CONFIG_TORQUE_LIMIT |
                    MILL_CONFIG_TRAVEL
};

static const struct mill_json_member preset_members[] = {
    {"name", MILL_JSON_STRING, offsetof(struct mill_valve_preset, name), MILL_WIRE_NAME_MAX},
    MEMBER(NUMBER, mill_valve_preset, config.viscous, "viscous"),
    MEMBER(NUMBER, mill_valve_preset, config.coulomb, "coulomb"),
    MEMBER(NUMBER, mill_valve_preset, config.wall_stiffness, "wall_stiffness"),
    MEMBER(NUMBER, mill_valve_preset, config.wall_damping, "wall_damping"),
    MEMBER(NUMBER, mill_valve_preset, config.travel, "travel"),
    MEMBER(NUMBER, mill_valve_preset, config.torque_limit, "torque_limit"),
    MEMBER(NUMBER, mill_valve_preset, config.smoothing, "smoothing"),
};

static int presets_from(const json_t *root, void *found, struct mill_error *error)
{
    struct mill_valve_preset *presets = found;
    if (!json_is_array(root) || json_array_size(root) != MILL_WIRE_PRESETS) {
        return mill_error_set(error, -EBADMSG, "no array of %u presets", MILL_WIRE_PRESETS);
    }
    unsigned seen = 0;
    for (size_t i = 0; i < MILL_WIRE_PRESETS; i++) {
        const json_t *item = json_array_get(root, i);
        const json_t *index = json_object_get(item, "index");
        json_int_t at = json_integer_value(index);
        if (!json_is_integer(index) || at < 0 || at >= MILL_WIRE_PRESETS || (seen >> at & 1) != 0) {
            return mill_error_set(error, -EBADMSG,
                                  "preset %zu: 'index' is not a number from 0 to %u of its own", i,
                                  MILL_WIRE_PRESETS - 1);
        }
        seen |= 1u << at;
        struct mill_valve_preset *preset = &presets[at];
        *preset = (struct mill_valve_preset){.index = (unsigned)at, .config.fields = PRESET_FIELDS};
        int result = MILL_JSON_READ(item, preset_members, preset, error);
        if (result < 0) {
            return result;
        }
    }
    return 0;
}

int mill_read_presets(const char *text, size_t length, struct mill_valve_preset presets[MILL_WIRE_PRESETS],
                      struct mill_error *error)
{
    struct mill_valve_preset found[MILL_WIRE_PRESETS];
    return read_reply(text, length, presets_from, found, sizeof found, presets, error);
}

static const struct mill_json_member odrive_members[] = {
    MEMBER(INTEGER, mill_odrive_status, axis_error, "axis_error"),
    MEMBER(INTEGER, mill_odrive_status, axis_state, "axis_state"),
    MEMBER(INTEGER, mill_odrive_status, motor_flags, "motor_flags"),
    MEMBER(INTEGER, mill_odrive_status, encoder_flags, "encoder_flags"),
    MEMBER(INTEGER, mill_odrive_status, controller_status, "controller_status"),
    MEMBER(NUMBER, mill_odrive_status, position, "position"),
    MEMBER(NUMBER, mill_odrive_status, velocity, "velocity"),
    MEMBER(NUMBER, mill_odrive_status, bus_voltage, "bus_voltage"),
    MEMBER(NUMBER, mill_odrive_status, bus_current, "bus_current"),
    MEMBER(NUMBER, mill_odrive_status, fet_temp, "fet_temp"),
    MEMBER(NUMBER, mill_odrive_status, motor_temp, "motor_temp"),
};

static int odrive_from(const json_t *root, void *found, struct mill_error *error)
{
    return MILL_JSON_READ(root, odrive_members, found, error);
}

int mill_read_odrive(const char *text, size_t length, struct mill_odrive_status *odrive,
                     struct mill_error *error)
{
    struct mill_odrive_status found;
    return read_reply(text, length, odrive_from, &found, sizeof found, odrive, error);
}

static const struct mill_json_member stream_members[] = {
    MEMBER(BOOL, mill_stream_status, active, "active"),
    MEMBER(INTEGER, mill_stream_status, connected_clients, "connected_clients"),
    MEMBER(INTEGER, mill_stream_status, default_interval_ms, "default_interval_ms"),
    MEMBER(INTEGER, mill_stream_status, messages_sent, "messages_sent"),
    MEMBER(INTEGER, mill_stream_status, send_errors, "send_errors"),
    MEMBER(INTEGER, mill_stream_status, invalid_samples, "invalid_samples"),
    MEMBER(INTEGER, mill_stream_status, last_send_tick_ms, "last_send_tick_ms"),
};

static int stream_from(const json_t *root, void *found, struct mill_error *error)
{
    return MILL_JSON_READ(root, stream_members, found, error);
}

int mill_read_stream(const char *text, size_t length, struct mill_stream_status *stream,
                     struct mill_error *error)
{
    struct mill_stream_status found;
    return read_reply(text, length, stream_from, &found, sizeof found, stream, error);
}

static int ok_from(const json_t *root, void *found, struct mill_error *error)
{
    const char *status = json_string_value(json_object_get(root, "status"));
    (void)found;
    if (status == NULL) {
        return mill_error_set(error, -EBADMSG, "'status' is not a word");
    }
    return strcmp(status, "ok") == 0 ? 0
                                     : mill_error_set(error, -EBADMSG, "'status' is '%s', not 'ok'", status);
}

int mill_read_ok(const char *text, size_t length, struct mill_error *error)
{
    return read_reply(text, length, ok_from, NULL, 0, NULL, error);
}
