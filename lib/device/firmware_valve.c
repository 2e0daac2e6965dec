/* The endpoints of the valve itself: status, config, control, presets. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "device/firmware_inside.h"
#include "device/wire_print.h"

/* The firmware keeps no longer names, NUL included. */
#define NAME_MAX_HERE 16

void mill_firmware_get_status(struct mill_firmware *firmware, const struct mill_device_request *request,
                              struct mill_firmware_reply *reply)
{
    (void)request;
    uint64_t second = mill_firmware_uptime_ms(firmware) / 1000;
    const struct mill_valve_status status = {
        .pos_deg = mill_valve_degrees(&firmware->valve),
        .vel_rad_s = firmware->valve.omega,
        .torque_nm = firmware->valve.torque,
        .state = firmware->state,
        .temp_fet = 30 + mill_firmware_noise(firmware, 1, second),
        .temp_motor = 28 + mill_firmware_noise(firmware, 2, second),
        .errors = firmware->errors,
        .last_error = firmware->last_error,
        .estops = firmware->estops,
    };
    mill_firmware_answer(reply,
                         mill_print_status(&status, firmware->quirks, reply->body, sizeof reply->body));
}

void mill_firmware_get_config(struct mill_firmware *firmware, const struct mill_device_request *request,
                              struct mill_firmware_reply *reply)
{
    (void)request;
    mill_firmware_answer(
        reply, mill_print_config(&firmware->live, firmware->quirks, reply->body, sizeof reply->body));
}

void mill_firmware_post_config(struct mill_firmware *firmware, const struct mill_device_request *request,
                               struct mill_firmware_reply *reply)
{
    static const struct mill_firmware_key keys[] = {
        {MILL_KEY_VISCOUS, "invalid_viscous"},
        {MILL_KEY_COULOMB, "invalid_coulomb"},
        {MILL_KEY_WALL_STIFFNESS, "invalid_wall_stiffness"},
        {MILL_KEY_WALL_DAMPING, "invalid_wall_damping"},
        {MILL_KEY_SMOOTHING, "invalid_smoothing"},
        {MILL_KEY_TORQUE_LIMIT, "invalid_torque"},
        {MILL_KEY_TRAVEL, "invalid_travel"},
        {MILL_KEY_OPEN_POS, "invalid_open_pos"},
        {MILL_KEY_CLOSED_POS, "invalid_closed_pos"},
    };
    if (MILL_FIRMWARE_REFUSE_KEYS(request, keys, reply)) {
        return;
    }
    unsigned mask = request->config.fields;
    if (mask == 0) {
        mill_firmware_refuse(reply, 400, "no_fields");
        return;
    }
    struct mill_valve_config config = *mill_firmware_base(firmware);
    mill_valve_change(&config, &request->config);
    if (mill_firmware_stage(firmware, &config, 1) < 0) {
        mill_firmware_refuse(reply, 400, "config_update_failed");
        return;
    }
    if ((mask & MILL_CONFIG_TRAVEL) != 0) {
        mask = (mask & MILL_CONFIG_LIVE) | MILL_CONFIG_OPEN_POS;
    }
    mill_firmware_answer(reply,
                         snprintf(reply->body, sizeof reply->body, "{\"status\":\"ok\",\"mask\":%u}", mask));
}

/* By its index or its name; MILL_WIRE_PRESETS when there is none such. */
static size_t find_preset(const struct mill_firmware *firmware, const struct mill_device_request *request)
{
    for (size_t i = 0; i < MILL_WIRE_PRESETS; i++) {
        if (request->preset < 0 ? strcasecmp(request->preset_name, firmware->presets[i].name) == 0
                                : request->preset == (int64_t)i) {
            return i;
        }
    }
    return MILL_WIRE_PRESETS;
}

static bool start(struct mill_firmware *firmware, struct mill_firmware_reply *reply)
{
    if (firmware->state != MILL_VALVE_IDLE) {
        mill_firmware_refuse(reply, 500, "start_failed");
        return false;
    }
    /* What was staged when the valve stopped is forgotten. */
    firmware->pending = false;
    firmware->staged_posts = 0;
    firmware->axis_error = 0;
    firmware->axis_state = MILL_AXIS_CLOSED_LOOP;
    firmware->commands += 4;
    if ((firmware->quirks & MILL_QUIRK_BLOCKING) != 0) {
        double more = mill_firmware_noise(firmware, 3, firmware->starts);
        reply->before_us = 900000 + (uint64_t)(more * 200000);
    }
    firmware->starts++;
    firmware->state = MILL_VALVE_INIT;
    firmware->ready_us = firmware->now_us + reply->before_us;
    mill_firmware_run_when_ready(firmware);
    return true;
}

static void stop(struct mill_firmware *firmware)
{
    if (firmware->state == MILL_VALVE_RUNNING) {
        mill_valve_stop(&firmware->valve);
    }
    firmware->state = MILL_VALVE_IDLE;
    firmware->axis_state = MILL_AXIS_IDLE;
    firmware->commands += 2;
    if ((firmware->quirks & MILL_QUIRK_STAGED) == 0) {
        mill_firmware_apply_staged(firmware);
    }
}

void mill_firmware_post_control(struct mill_firmware *firmware, const struct mill_device_request *request,
                                struct mill_firmware_reply *reply)
{
    static const struct mill_firmware_key keys[] = {
        {MILL_KEY_ACTION, "invalid_action"},
        {MILL_KEY_PRESET, "invalid_preset"},
    };
    if (MILL_FIRMWARE_REFUSE_KEYS(request, keys, reply)) {
        return;
    }
    enum mill_action action = request->action;
    bool preset = (request->given >> MILL_KEY_PRESET & 1) != 0;
    size_t index = preset ? find_preset(firmware, request) : 0;
    if (action > MILL_ACTION_STOP || index == MILL_WIRE_PRESETS) {
        mill_firmware_refuse(reply, 400,
                             action > MILL_ACTION_STOP ? "unsupported_action" : "unsupported_preset");
        return;
    }
    if (action == MILL_ACTION_NONE && !preset) {
        mill_firmware_refuse(reply, 400, "no_control_action");
        return;
    }
    if (preset) {
        struct mill_valve_config config;
        mill_valve_load(&firmware->presets[index], &config);
        if (mill_firmware_stage(firmware, &config, 0) < 0) {
            mill_firmware_refuse(reply, 400, "preset_failed");
            return;
        }
    }
    if (action == MILL_ACTION_START && !start(firmware, reply)) {
        return;
    }
    if (action == MILL_ACTION_STOP) {
        stop(firmware);
    }
    bool runs = firmware->state == MILL_VALVE_RUNNING || firmware->state == MILL_VALVE_INIT;
    mill_firmware_answer(reply, snprintf(reply->body, sizeof reply->body,
                                         "{\"status\":\"ok\",\"mode\":\"%s\",\"preset_applied\":%s}",
                                         runs ? "running" : "idle", preset ? "true" : "false"));
}

void mill_firmware_get_presets(struct mill_firmware *firmware, const struct mill_device_request *request,
                               struct mill_firmware_reply *reply)
{
    (void)request;
    mill_firmware_answer(
        reply, mill_print_presets(firmware->presets, firmware->quirks, reply->body, sizeof reply->body));
}

/* A preset of what was given; what was not is 0, but for travel, and for what the firmware leaves alone. */
static bool preset_from(const struct mill_device_request *request, struct mill_valve_preset *preset)
{
    const struct mill_valve_config *given = &request->config;
    struct mill_valve_config *config = &preset->config;
    config->viscous = given->viscous;
    config->coulomb = given->coulomb;
    config->wall_stiffness = given->wall_stiffness;
    config->wall_damping = given->wall_damping;
    config->travel = (given->fields & MILL_CONFIG_TRAVEL) != 0 ? given->travel : 90;
    if ((given->fields & MILL_CONFIG_TORQUE_LIMIT) != 0) {
        config->torque_limit = given->torque_limit;
    }
    if ((given->fields & MILL_CONFIG_SMOOTHING) != 0) {
        config->smoothing = given->smoothing;
    }
    if (request->name[0] != '\0') {
        memcpy(preset->name, request->name, sizeof preset->name);
    }
    return config->viscous >= 0 && config->coulomb >= 0 && config->wall_stiffness >= 0 &&
           config->wall_damping >= 0 && config->travel > 0;
}

static void preset_of_live(const struct mill_firmware *firmware, struct mill_valve_preset *preset)
{
    unsigned fields = preset->config.fields;
    preset->config = firmware->live;
    preset->config.fields = fields;
    preset->config.travel = firmware->live.open_pos - firmware->live.closed_pos;
}

void mill_firmware_post_presets(struct mill_firmware *firmware, const struct mill_device_request *request,
                                struct mill_firmware_reply *reply)
{
    static const struct mill_firmware_key keys[] = {
        {MILL_KEY_INDEX, "invalid_index"},
        {MILL_KEY_NAME, "invalid_name"},
        {MILL_KEY_VISCOUS, "invalid_viscous"},
        {MILL_KEY_COULOMB, "invalid_coulomb"},
        {MILL_KEY_WALL_STIFFNESS, "invalid_wall_stiffness"},
        {MILL_KEY_WALL_DAMPING, "invalid_wall_damping"},
        {MILL_KEY_TRAVEL, "invalid_travel"},
        {MILL_KEY_TORQUE_LIMIT, "invalid_torque_limit"},
        {MILL_KEY_SMOOTHING, "invalid_smoothing"},
    };
    if (MILL_FIRMWARE_REFUSE_KEYS(request, keys, reply)) {
        return;
    }
    if (strlen(request->name) >= NAME_MAX_HERE) {
        mill_firmware_refuse(reply, 400, "invalid_name");
        return;
    }
    bool given = (request->given >> MILL_KEY_INDEX & 1) != 0;
    if (!given || request->index < 0 || request->index >= (int64_t)MILL_WIRE_PRESETS) {
        mill_firmware_refuse(reply, 400, "invalid_index");
        return;
    }
    struct mill_valve_preset preset = firmware->presets[request->index];
    if ((request->given >> MILL_KEY_SAVE_CURRENT & 1) != 0) {
        preset_of_live(firmware, &preset);
    } else if (!preset_from(request, &preset)) {
        mill_firmware_refuse(reply, 400, "invalid_values");
        return;
    }
    firmware->presets[request->index] = preset;
    if ((firmware->quirks & MILL_QUIRK_BLOCKING) != 0) {
        reply->after_us = 100000; /* it writes to its flash */
    }
    mill_firmware_answer_ok(reply);
}
