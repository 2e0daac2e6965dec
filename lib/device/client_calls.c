/* What the device can be asked for and told to do, but for configs and presets: a path, a body, and how the
 * reply is read.
 */
#include "device/client_parts.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "device/client_retry.h"
#include "device/wire_json.h"
#include "device/wire_read.h"

#define STATUS  MILL_WIRE_BASE "/status"
#define CONTROL MILL_WIRE_BASE "/control"
#define ODRIVE  MILL_WIRE_BASE "/odrive"
#define STREAM  MILL_WIRE_BASE "/stream"
#define CAN     MILL_WIRE_BASE "/can"

static int nowhere(struct mill_device_failure *failure)
{
    mill_client_invalid(failure, "client: no place for the result");
    return -EINVAL;
}

/* ---- what the valve does ---- */

int mill_device_get_status(struct mill_device_client *client, struct mill_valve_status *status,
                           struct mill_device_failure *failure)
{
    int result = status ? mill_client_get(client, STATUS, failure) : nowhere(failure);
    if (result < 0) {
        return result;
    }
    result = mill_read_status(client->reply.body, client->reply.length, status, &client->error);
    return mill_client_read(client, result, failure);
}

int mill_device_get_position(struct mill_device_client *client, double *degrees,
                             struct mill_device_failure *failure)
{
    struct mill_valve_status status;
    int result = degrees ? mill_device_get_status(client, &status, failure) : nowhere(failure);
    if (result == 0) {
        *degrees = status.pos_deg;
    }
    return result;
}

int mill_device_get_torque(struct mill_device_client *client, double *nm, struct mill_device_failure *failure)
{
    struct mill_valve_status status;
    int result = nm ? mill_device_get_status(client, &status, failure) : nowhere(failure);
    if (result == 0) {
        *nm = status.torque_nm;
    }
    return result;
}

int mill_device_is_running(struct mill_device_client *client, bool *running,
                           struct mill_device_failure *failure)
{
    struct mill_valve_status status;
    int result = running ? mill_device_get_status(client, &status, failure) : nowhere(failure);
    if (result == 0) {
        *running = status.state == MILL_VALVE_RUNNING;
    }
    return result;
}

/* ---- what moves the motor, and what stops it ---- */

static int move(struct mill_device_client *client, const char *path, const char *body,
                struct mill_device_failure *failure)
{
    if (client && !client->policy.allow_motion) {
        return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -EPERM,
                                  "%s: POST %s %s may move the motor, which the policy does not allow",
                                  client->place, path, body);
    }
    return mill_client_command(client, path, body, failure);
}

int mill_device_start_valve(struct mill_device_client *client, int preset,
                            struct mill_device_failure *failure)
{
    char body[64] = "{\"action\":\"start\"}";
    if (preset < -1 || preset >= (int)MILL_WIRE_PRESETS) {
        return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -EINVAL,
                                  "start: preset %d is not from 0 to %u, nor -1 for none", preset,
                                  MILL_WIRE_PRESETS - 1);
    }
    if (preset >= 0) {
        snprintf(body, sizeof body, "{\"action\":\"start\",\"preset\":%d}", preset);
    }
    return move(client, CONTROL, body, failure);
}

int mill_device_stop_valve(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return mill_client_command(client, CONTROL, "{\"action\":\"stop\"}", failure);
}

int mill_device_get_odrive(struct mill_device_client *client, struct mill_odrive_status *odrive,
                           struct mill_device_failure *failure)
{
    int result = odrive ? mill_client_get(client, ODRIVE, failure) : nowhere(failure);
    if (result < 0) {
        return result;
    }
    result = mill_read_odrive(client->reply.body, client->reply.length, odrive, &client->error);
    return mill_client_read(client, result, failure);
}

int mill_device_enable_motor(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return move(client, ODRIVE, "{\"action\":\"enable\"}", failure);
}

int mill_device_calibrate_motor(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return move(client, ODRIVE, "{\"action\":\"calibrate\"}", failure);
}

int mill_device_disable_motor(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return mill_client_command(client, ODRIVE, "{\"action\":\"disable\"}", failure);
}

int mill_device_estop_motor(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return mill_client_command(client, ODRIVE, "{\"action\":\"estop\"}", failure);
}

int mill_device_clear_errors(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return mill_client_command(client, ODRIVE, "{\"action\":\"clear\"}", failure);
}

/* The number is printed by the JSON library: with a point in every locale, and as many digits as it has. */
static int print_torque(double nm, char *text, size_t size)
{
    json_t *body = json_pack("{s:s, s:f}", "action", "set_torque", "value", nm);
    size_t length = body ? json_dumpb(body, text, size - 1, JSON_COMPACT) : 0;
    json_decref(body);
    if (length == 0 || length >= size) {
        return -ENOMEM;
    }
    text[length] = '\0';
    return 0;
}

int mill_device_set_torque(struct mill_device_client *client, double nm, struct mill_device_failure *failure)
{
    char body[96];
    if (!isfinite(nm)) {
        return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -EINVAL, "torque: %g is no torque", nm);
    }
    if (print_torque(nm, body, sizeof body) < 0) {
        return mill_device_refuse(failure, MILL_DEVICE_CONNECTION, -ENOMEM, "torque: no memory for the body");
    }
    return move(client, ODRIVE, body, failure);
}

/* ---- stream and CAN bus ---- */

int mill_device_start_stream(struct mill_device_client *client, unsigned interval_ms,
                             struct mill_device_failure *failure)
{
    char body[64] = "{\"action\":\"start\"}";
    if (interval_ms > MILL_WIRE_INTERVAL_MAX_MS) {
        return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -EINVAL,
                                  "stream: an interval of %u ms is over %u ms", interval_ms,
                                  MILL_WIRE_INTERVAL_MAX_MS);
    }
    if (interval_ms > 0) {
        snprintf(body, sizeof body, "{\"action\":\"start\",\"interval_ms\":%u}", interval_ms);
    }
    return mill_client_command(client, STREAM, body, failure);
}

int mill_device_stop_stream(struct mill_device_client *client, struct mill_device_failure *failure)
{
    return mill_client_command(client, STREAM, "{\"action\":\"stop\"}", failure);
}

int mill_device_get_stream(struct mill_device_client *client, struct mill_stream_status *stream,
                           struct mill_device_failure *failure)
{
    int result = stream ? mill_client_get(client, STREAM, failure) : nowhere(failure);
    if (result < 0) {
        return result;
    }
    result = mill_read_stream(client->reply.body, client->reply.length, stream, &client->error);
    return mill_client_read(client, result, failure);
}

int mill_device_get_can(struct mill_device_client *client, char *text, size_t size,
                        struct mill_device_failure *failure)
{
    int result = text ? mill_client_get(client, CAN, failure) : nowhere(failure);
    if (result < 0) {
        return result;
    }
    const struct mill_transport_reply *reply = &client->reply;
    json_t *can = NULL;
    result = mill_json_parse(reply->body, reply->length, MILL_WIRE_REPLY_MAX, &can, &client->error);
    if (result == 0 && !json_is_object(can)) {
        result = mill_error_set(&client->error, -EBADMSG, "the reply is no object of JSON");
    }
    json_decref(can);
    if (result < 0) {
        return mill_client_read(client, result, failure);
    }
    if (reply->length >= size) {
        return mill_device_refuse(failure, MILL_DEVICE_VALIDATION, -ENOSPC,
                                  "%s: GET " CAN ": the reply has %zu bytes, more than %zu", client->place,
                                  reply->length, size);
    }
    memcpy(text, reply->body, reply->length + 1);
    return 0;
}
