/* The endpoints of the motor's driver and of the bus to it. Commands change what the driver tells of itself;
 * setpoints are taken and move nothing, since what turns this valve is its hand. */
#include <math.h>

#include "device/firmware_inside.h"
#include "device/wire_print.h"

#define ESTOP_REQUESTED 0x8000000 /* the driver's error */

/* What GET odrive and GET can tell alike. */
struct telemetry {
    double position, velocity, bus_voltage, bus_current, fet_temp, motor_temp;
};

static struct telemetry telemetry_of(const struct mill_firmware *firmware)
{
    uint64_t second = mill_firmware_uptime_ms(firmware) / 1000;
    const double volts = 24 + 0.1 * mill_firmware_noise(firmware, 5, second);
    const double two_pi = 6.28318530717958647692;
    return (struct telemetry){
        .position = firmware->valve.turns,
        .velocity = firmware->valve.omega / two_pi,
        .bus_voltage = volts,
        .bus_current = fabs(firmware->valve.torque * firmware->valve.omega) / volts,
        .fet_temp = 30 + mill_firmware_noise(firmware, 1, second),
        .motor_temp = 28 + mill_firmware_noise(firmware, 2, second),
    };
}

void mill_firmware_get_odrive(struct mill_firmware *firmware, const struct mill_device_request *request,
                              struct mill_firmware_reply *reply)
{
    (void)request;
    struct telemetry now = telemetry_of(firmware);
    const struct mill_odrive_status odrive = {
        .axis_error = firmware->axis_error,
        .axis_state = (int64_t)firmware->axis_state,
        .position = now.position,
        .velocity = now.velocity,
        .bus_voltage = now.bus_voltage,
        .bus_current = now.bus_current,
        .fet_temp = now.fet_temp,
        .motor_temp = now.motor_temp,
    };
    mill_firmware_answer(reply,
                         mill_print_odrive(&odrive, firmware->quirks, reply->body, sizeof reply->body));
}

void mill_firmware_get_can(struct mill_firmware *firmware, const struct mill_device_request *request,
                           struct mill_firmware_reply *reply)
{
    (void)request;
    struct telemetry now = telemetry_of(firmware);
    uint64_t uptime = mill_firmware_uptime_ms(firmware);
    const struct mill_can_status can = {
        .tx_count = (int64_t)(firmware->commands + firmware->loops),
        .rx_count = (int64_t)(uptime + uptime / 100), /* positions every ms, a heartbeat every 100 */
        .position = now.position,
        .velocity = now.velocity,
        .bus_voltage = now.bus_voltage,
        .bus_current = now.bus_current,
        .fet_temp = now.fet_temp,
        .motor_temp = now.motor_temp,
    };
    mill_firmware_answer(reply, mill_print_can(&can, firmware->quirks, reply->body, sizeof reply->body));
}

/* The driver stops by itself, and the valve with it. */
static void estop(struct mill_firmware *firmware)
{
    firmware->axis_error = ESTOP_REQUESTED;
    firmware->axis_state = MILL_AXIS_IDLE;
    firmware->estops++;
    firmware->errors++;
    firmware->last_error = ESTOP_REQUESTED;
    mill_valve_stop(&firmware->valve);
    if (firmware->state != MILL_VALVE_IDLE) {
        firmware->state = MILL_VALVE_ERROR;
    }
}

static void calibrate(struct mill_firmware *firmware, struct mill_firmware_reply *reply)
{
    firmware->axis_state = MILL_AXIS_IDLE;
    if ((firmware->quirks & MILL_QUIRK_BLOCKING) != 0) {
        double more = mill_firmware_noise(firmware, 4, firmware->commands);
        reply->before_us = 20000000 + (uint64_t)(more * 10000000);
    }
}

/* Tells whether the mode or setpoint that goes with the action is there and allowed. */
static bool has_value(const struct mill_device_request *request, struct mill_firmware_reply *reply)
{
    if ((request->given >> MILL_KEY_VALUE & 1) == 0) {
        mill_firmware_refuse(reply, 400, "missing_value");
        return false;
    }
    if (request->action == MILL_ACTION_SET_MODE && !(request->value > -1 && request->value < 4)) {
        mill_firmware_refuse(reply, 400, "invalid_mode");
        return false;
    }
    return true;
}

void mill_firmware_post_odrive(struct mill_firmware *firmware, const struct mill_device_request *request,
                               struct mill_firmware_reply *reply)
{
    static const struct mill_firmware_key keys[] = {
        {MILL_KEY_ACTION, "invalid_action"},
        {MILL_KEY_VALUE, "invalid_value"},
    };
    if (MILL_FIRMWARE_REFUSE_KEYS(request, keys, reply)) {
        return;
    }
    switch (request->action) {
    case MILL_ACTION_NONE:
        mill_firmware_refuse(reply, 400, "missing_action");
        return;
    case MILL_ACTION_PING:
        break;
    case MILL_ACTION_ENABLE:
        firmware->axis_state = firmware->axis_error == 0 ? MILL_AXIS_CLOSED_LOOP : MILL_AXIS_IDLE;
        break;
    case MILL_ACTION_DISABLE:
        firmware->axis_state = MILL_AXIS_IDLE;
        break;
    case MILL_ACTION_ESTOP:
        estop(firmware);
        break;
    case MILL_ACTION_CLEAR:
        firmware->axis_error = 0;
        break;
    case MILL_ACTION_CALIBRATE:
        calibrate(firmware, reply);
        break;
    case MILL_ACTION_SET_MODE:
    case MILL_ACTION_SET_TORQUE:
    case MILL_ACTION_SET_VELOCITY:
    case MILL_ACTION_SET_POSITION:
        if (!has_value(request, reply)) {
            return;
        }
        break;
    case MILL_ACTION_START:
    case MILL_ACTION_STOP:
    case MILL_ACTION_UNKNOWN:
        mill_firmware_refuse(reply, 400, "unsupported_action");
        return;
    }
    firmware->commands++;
    mill_firmware_answer_ok(reply);
}
