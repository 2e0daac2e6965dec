/* The valve's firmware without wires: requests in, replies out, a 1 kHz control loop in between.
 *
 *     struct mill_firmware *firmware;
 *     int status = mill_firmware_create(&(struct mill_firmware_plan){.seed = 7}, &firmware);
 *
 *     struct mill_firmware_reply reply;
 *     mill_firmware_request(firmware, now_us, "GET", "/api/v1/status", NULL, 0, &reply);
 *     …send reply.status and reply.body, having kept the main loop for reply.before_us
 *
 *     mill_firmware_destroy(firmware);
 *
 * The simulator puts it behind sockets (simulator.h), the in-process transport behind a function table
 * (transport.h); both speak the same texts to the same model. Time is what the caller says: `now_us` never
 * goes back, and every tick of the control loop up to it is run before a call does anything, so the same
 * calls at the same times give the same answers.
 *
 * Not thread-safe: the device has one main loop, and whoever owns this is it. No call blocks or sleeps.
 */
#ifndef MILL_DEVICE_FIRMWARE_H
#define MILL_DEVICE_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/quirks.h"
#include "device/wire.h"

struct mill_firmware;
struct mill_hand;

struct mill_firmware_plan {
    unsigned quirks;              /* of enum mill_quirk */
    const struct mill_hand *hand; /* what turns the valve, or NULL; outlives the firmware */
    uint64_t seed;                /* of the sensors' noise; 0 is a seed like any other */
    unsigned min_interval_ms;     /* of the stream; 0 stands for MILL_WIRE_INTERVAL_MIN_MS */
};

struct mill_firmware_reply {
    int status;         /* of HTTP */
    uint64_t before_us; /* the main loop is busy for so long before it replies */
    uint64_t after_us;  /* …and for so long afterwards */
    size_t length;
    char body[MILL_WIRE_REPLY_MAX]; /* JSON, and a NUL behind it */
};

/* 0; -EINVAL (unknown quirks, an interval over MILL_WIRE_INTERVAL_MAX_MS); -ENOMEM. */
int mill_firmware_create(const struct mill_firmware_plan *plan, struct mill_firmware **firmware);

/* NULL is fine. */
void mill_firmware_destroy(struct mill_firmware *firmware);

/* Answers one request whose key was right. `path` is the whole path, with MILL_WIRE_BASE; `body` may be NULL
 * and is not trusted: any bytes. Whatever is wrong with it becomes a reply with the status and the error that
 * the firmware gives; only -EINVAL for NULL pointers is no reply. It is for the caller to keep the times of
 * the reply: whoever asks before `before_us` of a start are over finds a valve that is starting (INIT). */
int mill_firmware_request(struct mill_firmware *firmware, uint64_t now_us, const char *method,
                          const char *path, const char *body, size_t length,
                          struct mill_firmware_reply *reply);

/* Runs the control loop up to `now_us`. */
void mill_firmware_advance(struct mill_firmware *firmware, uint64_t now_us);

/* The power goes off and on again: config and position at their values of boot, staged changes gone, counters
 * at 0, the stream stopped. Saved presets stay, and mill_firmware_applied goes on counting. */
void mill_firmware_power_cycle(struct mill_firmware *firmware, uint64_t now_us);

/* The stream. Is it on, and how often does it send to who did not ask for another interval? */
bool mill_firmware_streams(const struct mill_firmware *firmware, unsigned *interval_ms);

/* The interval in ms that a client gets who asks for `interval_ms`. */
unsigned mill_firmware_interval(const struct mill_firmware *firmware, int64_t interval_ms);

/* The sample of `now_us`, as the firmware fills it in, before it is printed (wire_print.h). */
void mill_firmware_sample(struct mill_firmware *firmware, uint64_t now_us, struct mill_sample_line *sample);

/* What the stream's server saw; GET stream tells of it. */
void mill_firmware_stream_clients(struct mill_firmware *firmware, unsigned connected);
void mill_firmware_stream_sent(struct mill_firmware *firmware, uint64_t now_us, bool sent);

/* The truth, for verification: what an observer inside the device sees. */
void mill_firmware_config(const struct mill_firmware *firmware, struct mill_valve_config *live);
uint64_t mill_firmware_applied(const struct mill_firmware *firmware); /* POST configs that took effect */

#endif
