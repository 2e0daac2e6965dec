/* Configs and presets: what of them the client refuses before it is sent, since the device would not take it.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "device/client_parts.h"
#include "device/client_retry.h"
#include "device/valve.h"
#include "device/wire_print.h"
#include "device/wire_read.h"

#define CONFIG        MILL_WIRE_BASE "/config"
#define PRESETS       MILL_WIRE_BASE "/presets"

#define TRAVEL_MAX    3600.0

#define CONFIG_FIELDS ((unsigned)MILL_CONFIG_LIVE | MILL_CONFIG_TRAVEL)
#define PRESET_FIELDS                                                                                    \
    (MILL_CONFIG_VISCOUS | MILL_CONFIG_COULOMB | MILL_CONFIG_WALL_STIFFNESS | MILL_CONFIG_WALL_DAMPING | \
     MILL_CONFIG_TRAVEL | MILL_CONFIG_TORQUE_LIMIT | MILL_CONFIG_SMOOTHING)

/* ---- what is refused ---- */

enum range {
    ANY,
    NOT_NEGATIVE,
    POSITIVE,
};

static const struct {
    unsigned field;
    const char *name;
    size_t offset;
    enum range range;
    double most;
} members[] = {
#define MEMBER(FIELD, name, range, most)                                                  \
    {                                                                                     \
        MILL_CONFIG_##FIELD, #name, offsetof(struct mill_valve_config, name), range, most \
    }
    MEMBER(CLOSED_POS, closed_pos, ANY, INFINITY),
    MEMBER(OPEN_POS, open_pos, ANY, INFINITY),
    MEMBER(VISCOUS, viscous, NOT_NEGATIVE, INFINITY),
    MEMBER(COULOMB, coulomb, NOT_NEGATIVE, INFINITY),
    MEMBER(WALL_STIFFNESS, wall_stiffness, NOT_NEGATIVE, INFINITY),
    MEMBER(WALL_DAMPING, wall_damping, NOT_NEGATIVE, INFINITY),
    MEMBER(SMOOTHING, smoothing, POSITIVE, INFINITY),
    MEMBER(TORQUE_LIMIT, torque_limit, ANY, INFINITY),
    MEMBER(TRAVEL, travel, POSITIVE, MILL_VALVE_TRAVEL_MAX),
};

static int refuse(struct mill_device_failure *failure, const char *name, double value, const char *words)
{
    return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -EINVAL, "config: %s of %g %s", name, value,
                              words);
}

static int check_member(const struct mill_valve_config *config, size_t i, struct mill_device_failure *failure)
{
    double value = *(const double *)(const void *)((const char *)config + members[i].offset);
    if (!isfinite(value)) {
        return refuse(failure, members[i].name, value, "is no number");
    }
    if (members[i].range == NOT_NEGATIVE && value < 0) {
        return refuse(failure, members[i].name, value, "is negative");
    }
    if (members[i].range == POSITIVE && value <= 0) {
        return refuse(failure, members[i].name, value, "is not over 0");
    }
    if (value > members[i].most) {
        return refuse(failure, members[i].name, value, "is over what the device takes");
    }
    return 0;
}

static int check_config(const struct mill_valve_config *config, unsigned allowed,
                        struct mill_device_failure *failure)
{
    if (config->fields == 0 || (config->fields & ~allowed) != 0) {
        return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -EINVAL,
                                  "config: fields 0x%x are none, or not of those (0x%x) that are sent",
                                  config->fields, allowed);
    }
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if ((config->fields & members[i].field) != 0 && check_member(config, i, failure) < 0) {
            return -EINVAL;
        }
    }
    unsigned both = MILL_CONFIG_CLOSED_POS | MILL_CONFIG_OPEN_POS;
    if ((config->fields & both) == both && config->closed_pos >= config->open_pos) {
        return refuse(failure, "closed_pos", config->closed_pos, "is not below open_pos");
    }
    if ((config->fields & both) == both && config->open_pos - config->closed_pos > MILL_VALVE_TRAVEL_MAX) {
        return refuse(failure, "open_pos", config->open_pos, "is too far from closed_pos");
    }
    return 0;
}

static int check_index(unsigned index, struct mill_device_failure *failure)
{
    if (index < MILL_WIRE_PRESETS) {
        return 0;
    }
    return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -EINVAL, "preset %u is not from 0 to %u",
                              index, MILL_WIRE_PRESETS - 1);
}

/* ---- the calls ---- */

int mill_device_get_config(struct mill_device_client *client, struct mill_valve_config *config,
                           struct mill_device_failure *failure)
{
    if (!config) {
        return mill_client_invalid(failure, "client: no place for the result");
    }
    int status = mill_client_get(client, CONFIG, failure);
    if (status < 0) {
        return status;
    }
    status = mill_read_config(client->reply.body, client->reply.length, config, &client->error);
    return mill_client_read(client, status, failure);
}

int mill_client_config_body(const struct mill_valve_config *config, char body[MILL_WIRE_REQUEST_MAX],
                            struct mill_device_failure *failure)
{
    int status =
        config ? check_config(config, CONFIG_FIELDS, failure) : mill_client_invalid(failure, "config: none");
    if (status < 0) {
        return status;
    }
    if (mill_print_config_request(config, body, MILL_WIRE_REQUEST_MAX) < 0) {
        return mill_client_invalid(failure, "config: it cannot be printed");
    }
    return 0;
}

int mill_device_update_config(struct mill_device_client *client, const struct mill_valve_config *config,
                              struct mill_device_failure *failure)
{
    char body[MILL_WIRE_REQUEST_MAX];
    int status = mill_client_config_body(config, body, failure);
    return status < 0 ? status : mill_client_command(client, CONFIG, body, failure);
}

int mill_device_get_presets(struct mill_device_client *client,
                            struct mill_valve_preset presets[MILL_WIRE_PRESETS],
                            struct mill_device_failure *failure)
{
    if (!presets) {
        return mill_client_invalid(failure, "client: no place for the result");
    }
    int status = mill_client_get(client, PRESETS, failure);
    if (status < 0) {
        return status;
    }
    status = mill_read_presets(client->reply.body, client->reply.length, presets, &client->error);
    return mill_client_read(client, status, failure);
}

int mill_device_load_preset(struct mill_device_client *client, unsigned index,
                            struct mill_device_failure *failure)
{
    struct mill_valve_preset presets[MILL_WIRE_PRESETS];
    int status = check_index(index, failure);
    if (status == 0) {
        status = mill_device_get_presets(client, presets, failure);
    }
    if (status < 0) {
        return status;
    }
    struct mill_valve_config config = presets[index].config;
    config.fields = PRESET_FIELDS;
    return mill_device_update_config(client, &config, failure);
}

int mill_device_save_preset(struct mill_device_client *client, unsigned index,
                            const struct mill_valve_preset *preset, struct mill_device_failure *failure)
{
    char body[MILL_WIRE_REQUEST_MAX];
    int status = check_index(index, failure);
    if (status < 0) {
        return status;
    }
    if (!preset) {
        snprintf(body, sizeof body, "{\"index\":%u,\"save_current\":true}", index);
        return mill_client_command(client, PRESETS, body, failure);
    }
    struct mill_valve_preset saved = *preset;
    saved.index = index;
    if (check_config(&saved.config, PRESET_FIELDS, failure) < 0) {
        return -EINVAL;
    }
    if (mill_print_preset_request(&saved, body, sizeof body) < 0) {
        return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -EINVAL, "preset: it cannot be printed");
    }
    return mill_client_command(client, PRESETS, body, failure);
}
