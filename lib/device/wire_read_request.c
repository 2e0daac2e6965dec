/* Bodies of requests, read by the device. */
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "device/wire_json.h"
#include "device/wire_read.h"

/* The firmware copies a value's text into so many bytes, NUL included, before it looks at it. */
#define VALUE_MAX 32

unsigned mill_count_tokens(const char *text, size_t length)
{
    unsigned tokens = 0;
    bool inside = false; /* a number or word that is counted already */
    for (size_t i = 0; i < length; i++) {
        switch (text[i]) {
        case '{':
        case '[':
            tokens++;
            inside = false;
            break;
        case '"':
            tokens++;
            inside = false;
            for (i++; i < length && text[i] != '"'; i++) {
                i += text[i] == '\\'; /* whatever is escaped does not end the string */
            }
            break;
        case '}':
        case ']':
        case ':':
        case ',':
        case ' ':
        case '\t':
        case '\r':
        case '\n':
            inside = false;
            break;
        default:
            tokens += !inside;
            inside = true;
        }
    }
    return tokens;
}

/* The text of a string; NULL where it is none that fits. */
static const char *short_string(const json_t *value, size_t room)
{
    size_t length = json_string_length(value);
    return length > 0 && length < room ? json_string_value(value) : NULL;
}

/* A number, or a string that begins with one, as strtof() takes it. */
static bool number_from(const json_t *value, double *into)
{
    double found;
    if (json_is_number(value)) {
        found = json_number_value(value);
    } else {
        const char *text = short_string(value, VALUE_MAX);
        char *end = NULL;
        found = text != NULL ? strtod(text, &end) : 0;
        if (text == NULL || end == text) {
            return false;
        }
    }
    if (!isfinite(found) || fabs(found) > (double)FLT_MAX) {
        return false;
    }
    *into = found;
    return true;
}

/* …of an integer: what is behind the point is left out. */
static bool integer_from(const json_t *value, int64_t *into)
{
    double found;
    if (!number_from(value, &found) || found < INT_MIN || found > INT_MAX) {
        return false;
    }
    *into = (int64_t)found;
    return true;
}

static bool action_from(const json_t *value, enum mill_action *into)
{
    static const char *const words[] = {
        [MILL_ACTION_START] = "start",
        [MILL_ACTION_STOP] = "stop",
        [MILL_ACTION_PING] = "ping",
        [MILL_ACTION_ENABLE] = "enable",
        [MILL_ACTION_DISABLE] = "disable",
        [MILL_ACTION_ESTOP] = "estop",
        [MILL_ACTION_CLEAR] = "clear",
        [MILL_ACTION_CALIBRATE] = "calibrate",
        [MILL_ACTION_SET_MODE] = "set_mode",
        [MILL_ACTION_SET_TORQUE] = "set_torque",
        [MILL_ACTION_SET_VELOCITY] = "set_velocity",
        [MILL_ACTION_SET_POSITION] = "set_position",
    };
    if (json_is_object(value) || json_is_array(value)) {
        return false;
    }
    *into = MILL_ACTION_UNKNOWN;
    if (!json_is_string(value)) {
        return true; /* the firmware takes a number or word for a name that it does not know */
    }
    const char *text = short_string(value, VALUE_MAX);
    if (text == NULL) {
        return false;
    }
    for (int action = MILL_ACTION_START; action < MILL_ACTION_UNKNOWN; action++) {
        if (strcasecmp(text, words[action]) == 0) {
            *into = (enum mill_action)action;
        }
    }
    return true;
}

/* An index, or a name. */
static bool preset_from(const json_t *value, struct mill_device_request *request)
{
    request->preset = -1;
    request->preset_name[0] = '\0';
    if (json_is_number(value)) {
        return integer_from(value, &request->preset);
    }
    const char *text = short_string(value, VALUE_MAX);
    if (text == NULL) {
        return false;
    }
    memcpy(request->preset_name, text, strlen(text) + 1);
    return true;
}

_Static_assert(VALUE_MAX <= MILL_WIRE_NAME_MAX, "a name that was short enough fits");

static bool name_from(const json_t *value, char into[MILL_WIRE_NAME_MAX])
{
    const char *text = short_string(value, MILL_WIRE_NAME_MAX);
    if (text == NULL) {
        return false;
    }
    memcpy(into, text, strlen(text) + 1);
    return true;
}

static bool config_from(const json_t *value, enum mill_request_key key, struct mill_valve_config *config)
{
    const struct {
        double *into;
        enum mill_config_field field;
    } members[MILL_KEYS] = {
        [MILL_KEY_CLOSED_POS] = {&config->closed_pos, MILL_CONFIG_CLOSED_POS},
        [MILL_KEY_OPEN_POS] = {&config->open_pos, MILL_CONFIG_OPEN_POS},
        [MILL_KEY_VISCOUS] = {&config->viscous, MILL_CONFIG_VISCOUS},
        [MILL_KEY_COULOMB] = {&config->coulomb, MILL_CONFIG_COULOMB},
        [MILL_KEY_WALL_STIFFNESS] = {&config->wall_stiffness, MILL_CONFIG_WALL_STIFFNESS},
        [MILL_KEY_WALL_DAMPING] = {&config->wall_damping, MILL_CONFIG_WALL_DAMPING},
        [MILL_KEY_SMOOTHING] = {&config->smoothing, MILL_CONFIG_SMOOTHING},
        [MILL_KEY_TORQUE_LIMIT] = {&config->torque_limit, MILL_CONFIG_TORQUE_LIMIT},
        [MILL_KEY_TRAVEL] = {&config->travel, MILL_CONFIG_TRAVEL},
    };
    if (!number_from(value, members[key].into)) {
        return false;
    }
    config->fields |= (unsigned)members[key].field;
    return true;
}

static bool value_from(const json_t *value, enum mill_request_key key, struct mill_device_request *request)
{
    switch (key) {
    case MILL_KEY_ACTION:
        return action_from(value, &request->action);
    case MILL_KEY_PRESET:
        return preset_from(value, request);
    case MILL_KEY_VALUE:
        return number_from(value, &request->value);
    case MILL_KEY_INTERVAL_MS:
        return integer_from(value, &request->interval_ms);
    case MILL_KEY_INDEX:
        return integer_from(value, &request->index);
    case MILL_KEY_NAME:
        return name_from(value, request->name);
    case MILL_KEY_SAVE_CURRENT:
        return true;
    default:
        return config_from(value, key, &request->config);
    }
}

static const char *const keys[MILL_KEYS] = {
    [MILL_KEY_ACTION] = "action",
    [MILL_KEY_PRESET] = "preset",
    [MILL_KEY_VALUE] = "value",
    [MILL_KEY_INTERVAL_MS] = "interval_ms",
    [MILL_KEY_INDEX] = "index",
    [MILL_KEY_NAME] = "name",
    [MILL_KEY_SAVE_CURRENT] = "save_current",
    [MILL_KEY_CLOSED_POS] = "closed_pos",
    [MILL_KEY_OPEN_POS] = "open_pos",
    [MILL_KEY_VISCOUS] = "viscous",
    [MILL_KEY_COULOMB] = "coulomb",
    [MILL_KEY_WALL_STIFFNESS] = "wall_stiffness",
    [MILL_KEY_WALL_DAMPING] = "wall_damping",
    [MILL_KEY_SMOOTHING] = "smoothing",
    [MILL_KEY_TORQUE_LIMIT] = "torque_limit",
    [MILL_KEY_TRAVEL] = "travel",
};

int mill_read_request(const char *text, size_t length, struct mill_device_request *request,
                      struct mill_error *error)
{
    if (text != NULL && length <= MILL_WIRE_REQUEST_MAX &&
        mill_count_tokens(text, length) > MILL_WIRE_TOKENS_MAX) {
        return mill_error_set(error, -E2BIG, "more than %u tokens", MILL_WIRE_TOKENS_MAX);
    }
    json_t *root;
    int result = mill_json_parse(text, length, MILL_WIRE_REQUEST_MAX, &root, error);
    if (result < 0) {
        return result;
    }
    if (!json_is_object(root)) {
        json_decref(root);
        return mill_error_set(error, -EPROTOTYPE, "no object of JSON");
    }
    struct mill_device_request found = {.preset = -1};
    for (int key = 0; key < MILL_KEYS; key++) {
        const json_t *value = json_object_get(root, keys[key]);
        if (value != NULL) {
            bool valid = value_from(value, (enum mill_request_key)key, &found);
            *(valid ? &found.given : &found.invalid) |= 1u << key;
        }
    }
    json_decref(root);
    *request = found;
    return 0;
}
