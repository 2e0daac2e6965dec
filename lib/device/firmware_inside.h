/* The inside of firmware*.c. */
#ifndef MILL_DEVICE_FIRMWARE_INSIDE_H
#define MILL_DEVICE_FIRMWARE_INSIDE_H

#include "device/firmware.h"
#include "device/valve.h"
#include "device/wire_read.h"

/* The motor's driver, as it tells of itself. */
enum mill_axis_state {
    MILL_AXIS_IDLE = 1,
    MILL_AXIS_CLOSED_LOOP = 8,
};

struct mill_firmware {
    unsigned quirks;
    const struct mill_hand *hand;
    uint64_t seed;
    unsigned min_interval_ms;

    /* Time by the caller's clock, and ticks of a millisecond since boot that were run or passed over. */
    bool booted;
    uint64_t boot_us;
    uint64_t now_us;
    uint64_t ticks;

    enum mill_valve_state state;
    uint64_t ready_us; /* INIT: when it will be RUNNING */
    uint64_t starts;
    uint64_t run; /* ticks since the last start; what `seq` counts */
    struct mill_valve valve;

    /* While RUNNING a config is staged, and the next tick makes it the live one. */
    struct mill_valve_config live;
    struct mill_valve_config staged;
    bool pending;
    unsigned staged_posts; /* POST configs that are part of `staged` */
    uint64_t applied;

    struct mill_valve_preset presets[MILL_WIRE_PRESETS]; /* survive a power cycle */

    int64_t errors, last_error, estops;
    int64_t axis_error;
    enum mill_axis_state axis_state;
    uint64_t loops;    /* of the control loop, in all runs; each sends a frame to the motor… */
    uint64_t commands; /* …and these came besides */

    struct mill_stream_status stream;
};

/* A number from 0 to 1 that the seed gives to `slot` of `kind`: the same however often it is asked for. */
double mill_firmware_noise(const struct mill_firmware *firmware, uint64_t kind, uint64_t slot);

uint64_t mill_firmware_uptime_ms(const struct mill_firmware *firmware);

/* Makes `config` the live one, or stages it while RUNNING. `posts`: 1 for a POST config, 0 for a preset. */
int mill_firmware_stage(struct mill_firmware *firmware, const struct mill_valve_config *config,
                        unsigned posts);

/* What is staged becomes the live config, if there is anything. */
void mill_firmware_apply_staged(struct mill_firmware *firmware);

/* INIT becomes RUNNING when its time has come. */
void mill_firmware_run_when_ready(struct mill_firmware *firmware);

/* What a change is applied to: the live config, or without MILL_QUIRK_STAGED what will be it. */
const struct mill_valve_config *mill_firmware_base(const struct mill_firmware *firmware);

/* Replies: `length` is what a function of wire_print.h returned. */
void mill_firmware_answer(struct mill_firmware_reply *reply, int length);
void mill_firmware_answer_ok(struct mill_firmware_reply *reply);
void mill_firmware_refuse(struct mill_firmware_reply *reply, int status, const char *error);

/* A key whose value an endpoint looks at, and the error when it cannot be read. */
struct mill_firmware_key {
    enum mill_request_key key;
    const char *error;
};

/* True when one of them was invalid: refused with 400. */
bool mill_firmware_refuse_keys(const struct mill_device_request *request,
                               const struct mill_firmware_key *keys, size_t count,
                               struct mill_firmware_reply *reply);

#define MILL_FIRMWARE_REFUSE_KEYS(request, keys, reply) \
    mill_firmware_refuse_keys(request, keys, sizeof(keys) / sizeof((keys)[0]), reply)

/* Endpoints; `request` is NULL for a GET. */
typedef void mill_firmware_endpoint(struct mill_firmware *firmware, const struct mill_device_request *request,
                                    struct mill_firmware_reply *reply);

mill_firmware_endpoint mill_firmware_get_status, mill_firmware_get_config, mill_firmware_post_config,
    mill_firmware_post_control, mill_firmware_get_presets, mill_firmware_post_presets,
    mill_firmware_get_odrive, mill_firmware_post_odrive, mill_firmware_get_can, mill_firmware_get_stream,
    mill_firmware_post_stream;

#endif
