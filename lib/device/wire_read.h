/* The texts that come over the wire, read into values: replies and stream lines by a client, bodies of
 * requests by the device.
 *
 * What is read is never trusted: any bytes, of any length up to the limits of wire.h, whether they end in a
 * NUL or not. Types are strict (a number is a JSON number, finite, within its range; a string no number),
 * unknown keys are passed over, a key that comes twice counts the last time. Each returns 0, -EMSGSIZE
 * (longer than the limit), -EBADMSG (no JSON, a missing key, a wrong type or value: said in `error` with the
 * key), or -ENOMEM, and writes its value only when it returns 0. Where memory runs out inside a string or a
 * number, the parser takes it for bad JSON: -EBADMSG. Pure but for the memory that the parser allocates and
 * frees.
 */
#ifndef MILL_DEVICE_WIRE_READ_H
#define MILL_DEVICE_WIRE_READ_H

#include <stddef.h>

#include "core/error.h"
#include "device/wire.h"

/* Replies. */
int mill_read_status(const char *text, size_t length, struct mill_valve_status *status,
                     struct mill_error *error);
int mill_read_config(const char *text, size_t length, struct mill_valve_config *config,
                     struct mill_error *error);
int mill_read_presets(const char *text, size_t length, struct mill_valve_preset presets[MILL_WIRE_PRESETS],
                      struct mill_error *error);
int mill_read_odrive(const char *text, size_t length, struct mill_odrive_status *odrive,
                     struct mill_error *error);
int mill_read_stream(const char *text, size_t length, struct mill_stream_status *stream,
                     struct mill_error *error);
/* {"status":"ok",…}: -EBADMSG when it says anything else. */
int mill_read_ok(const char *text, size_t length, struct mill_error *error);

/* Lines of the stream, without the newline. */
enum mill_line_kind {
    MILL_LINE_HELLO,
    MILL_LINE_SAMPLE,
    MILL_LINE_SYNC,
};

struct mill_stream_line {
    enum mill_line_kind kind;
    struct mill_sample_line sample;  /* of SAMPLE; of SYNC: t_us, seq, timestamp_ms */
    unsigned interval_ms;            /* of HELLO */
    char token[MILL_WIRE_TOKEN_MAX]; /* of SYNC; "" where there was none */
};

int mill_read_line(const char *text, size_t length, struct mill_stream_line *line, struct mill_error *error);

/* Bodies of requests, as lenient as the firmware: a number may be a string that begins with one, a word may
 * be in capitals, and any value of "save_current" means true. A value that cannot be read so is no error
 * here: `invalid` tells, and it is for the endpoint to say which of them it would have looked at. */
enum mill_action {
    MILL_ACTION_NONE, /* no "action" in it */
    MILL_ACTION_START,
    MILL_ACTION_STOP,
    MILL_ACTION_PING,
    MILL_ACTION_ENABLE,
    MILL_ACTION_DISABLE,
    MILL_ACTION_ESTOP,
    MILL_ACTION_CLEAR,
    MILL_ACTION_CALIBRATE,
    MILL_ACTION_SET_MODE,
    MILL_ACTION_SET_TORQUE,
    MILL_ACTION_SET_VELOCITY,
    MILL_ACTION_SET_POSITION,
    MILL_ACTION_UNKNOWN,
};

enum mill_request_key {
    MILL_KEY_ACTION,
    MILL_KEY_PRESET,
    MILL_KEY_VALUE,
    MILL_KEY_INTERVAL_MS,
    MILL_KEY_INDEX,
    MILL_KEY_NAME,
    MILL_KEY_SAVE_CURRENT,
    MILL_KEY_CLOSED_POS,
    MILL_KEY_OPEN_POS,
    MILL_KEY_VISCOUS,
    MILL_KEY_COULOMB,
    MILL_KEY_WALL_STIFFNESS,
    MILL_KEY_WALL_DAMPING,
    MILL_KEY_SMOOTHING,
    MILL_KEY_TORQUE_LIMIT,
    MILL_KEY_TRAVEL,
    MILL_KEYS
};

struct mill_device_request {
    unsigned given;   /* bit 1u << enum mill_request_key: it was there, and could be read */
    unsigned invalid; /* …and could not */
    enum mill_action action;
    int64_t preset; /* -1 where it was a name */
    char preset_name[MILL_WIRE_NAME_MAX];
    double value;
    int64_t interval_ms, index;
    char name[MILL_WIRE_NAME_MAX];   /* of a preset */
    struct mill_valve_config config; /* its fields say what was given */
};

/* How many JSON tokens the firmware's parser makes of a text: one for each object, array, string (keys, too)
 * and other value. Any bytes. */
unsigned mill_count_tokens(const char *text, size_t length);

/* Also -E2BIG: more than MILL_WIRE_TOKENS_MAX tokens. -EPROTOTYPE: JSON, but no object. */
int mill_read_request(const char *text, size_t length, struct mill_device_request *request,
                      struct mill_error *error);

/* A command that a stream client sends, without the newline: "interval N", "sync [token]". */
enum mill_command_kind {
    MILL_COMMAND_INTERVAL,
    MILL_COMMAND_SYNC,
};

struct mill_stream_command {
    enum mill_command_kind kind;
    int64_t interval_ms;
    char token[MILL_WIRE_TOKEN_MAX];
};

/* -EBADMSG for anything else; a number beyond an int64_t is the nearest one. No allocation. */
int mill_read_command(const char *text, size_t length, struct mill_stream_command *command);

#endif
