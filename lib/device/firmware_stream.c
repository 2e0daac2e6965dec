/* The stream, as far as it needs no socket. */
#include <math.h>
#include <stdint.h>

#include "device/firmware_inside.h"
#include "device/wire_print.h"

bool mill_firmware_streams(const struct mill_firmware *firmware, unsigned *interval_ms)
{
    if (interval_ms != NULL) {
        *interval_ms = (unsigned)firmware->stream.default_interval_ms;
    }
    return firmware->stream.active;
}

unsigned mill_firmware_interval(const struct mill_firmware *firmware, int64_t interval_ms)
{
    if (interval_ms < (int64_t)firmware->min_interval_ms) {
        return firmware->min_interval_ms;
    }
    return interval_ms > MILL_WIRE_INTERVAL_MAX_MS ? MILL_WIRE_INTERVAL_MAX_MS : (unsigned)interval_ms;
}

static enum mill_sample_status sample_status(enum mill_valve_state state)
{
    return state == MILL_VALVE_RUNNING ? MILL_SAMPLE_RUNNING
           : state == MILL_VALVE_IDLE  ? MILL_SAMPLE_IDLE
                                       : MILL_SAMPLE_ERROR;
}

/* What `loops` of the control loop took on its processor, 43 to 44 µs each: what t_us adds up. */
static uint64_t loop_us(const struct mill_firmware *firmware, uint64_t loops)
{
    return loops * (43500 + firmware->seed % 500) / 1000;
}

void mill_firmware_sample(struct mill_firmware *firmware, uint64_t now_us, struct mill_sample_line *sample)
{
    mill_firmware_advance(firmware, now_us);
    const double quiet_rad_s = 0.08;
    const struct mill_valve *valve = &firmware->valve;
    bool runs = firmware->state == MILL_VALVE_RUNNING;
    bool counts_runs = (firmware->quirks & MILL_QUIRK_SEQ) != 0;
    uint64_t loops = counts_runs ? firmware->run : firmware->ticks;
    *sample = (struct mill_sample_line){
        .timestamp_ms = mill_firmware_uptime_ms(firmware),
        .t_us = counts_runs ? loop_us(firmware, loops) : loops * MILL_VALVE_TICK_US,
        .loop_time_us = loops > 0 ? loop_us(firmware, loops) - loop_us(firmware, loops - 1) : 0,
        .seq = loops,
        .position_turns = valve->turns,
        .position_deg = mill_valve_degrees(valve),
        .torque_nm = valve->torque,
        .filt_torque_nm = valve->torque,
        .status = sample_status(firmware->state),
        .omega_rad_s = valve->omega,
        .passivity_mj = (int64_t)(valve->tank * 1000),
        .quiet = runs && fabs(valve->omega) < quiet_rad_s,
        .err = firmware->last_error,
        .hb_age = runs ? (int64_t)(firmware->run % 100) : UINT32_MAX,
        .data_valid = true,
    };
}

void mill_firmware_stream_clients(struct mill_firmware *firmware, unsigned connected)
{
    firmware->stream.connected_clients = connected;
}

void mill_firmware_stream_sent(struct mill_firmware *firmware, uint64_t now_us, bool sent)
{
    mill_firmware_advance(firmware, now_us);
    if (sent) {
        firmware->stream.messages_sent++;
        firmware->stream.last_send_tick_ms = (int64_t)mill_firmware_uptime_ms(firmware);
    } else {
        firmware->stream.send_errors++;
    }
}

void mill_firmware_get_stream(struct mill_firmware *firmware, const struct mill_device_request *request,
                              struct mill_firmware_reply *reply)
{
    (void)request;
    mill_firmware_answer(reply, mill_print_stream(&firmware->stream, reply->body, sizeof reply->body));
}

void mill_firmware_post_stream(struct mill_firmware *firmware, const struct mill_device_request *request,
                               struct mill_firmware_reply *reply)
{
    static const struct mill_firmware_key keys[] = {
        {MILL_KEY_ACTION, "invalid_action"},
        {MILL_KEY_INTERVAL_MS, "invalid_interval_ms"},
    };
    if (MILL_FIRMWARE_REFUSE_KEYS(request, keys, reply)) {
        return;
    }
    bool given = (request->given >> MILL_KEY_INTERVAL_MS & 1) != 0;
    if (given && request->interval_ms < 0) {
        mill_firmware_refuse(reply, 400, "invalid_interval_ms");
        return;
    }
    if (request->action != MILL_ACTION_START && request->action != MILL_ACTION_STOP) {
        bool none = request->action == MILL_ACTION_NONE;
        mill_firmware_refuse(reply, 400, none ? "missing_action" : "unsupported_action");
        return;
    }
    firmware->stream.active = request->action == MILL_ACTION_START;
    if (firmware->stream.active) {
        int64_t interval = given ? request->interval_ms : MILL_WIRE_INTERVAL_MS;
        firmware->stream.default_interval_ms = mill_firmware_interval(firmware, interval);
    } else {
        firmware->stream.connected_clients = 0;
    }
    mill_firmware_answer_ok(reply);
}
