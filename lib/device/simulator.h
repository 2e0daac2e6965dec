/* The valve on the network: firmware.h behind sockets, with the device's limits and quirks, and faults to
 * order.
 *
 *     struct mill_simulator *simulator;
 *     struct mill_error error;
 *     int status = mill_simulator_start(&(struct mill_simulator_plan){.quirks = MILL_QUIRKS_FIRMWARE},
 *                                       &simulator, &error);
 *     unsigned port = mill_simulator_http_port(simulator);
 *     …any client, over loopback
 *     mill_simulator_stop(simulator);
 *
 * One thread, the main loop, does everything: requests in the order in which they are complete, samples at
 * absolute deadlines, and what blocks the device blocks all of it. HTTP is libmicrohttpd's; connections are
 * accepted here, and looked at until their head is complete, since the device counts and resets them and
 * answers the overlong (413) and the idle (408) itself. GET / is a live page; POST /simulator/faults and
 * POST /simulator/power-cycle (simulator_control.c) are orders by the wire, with the device's key.
 *
 * It listens on loopback unless told otherwise. Both ports are taken at the start; the stream's listens, as
 * the device's, only after POST stream. Start and stop block shortly, stop also while the main loop is
 * blocked; every other call is thread-safe and waits at most for what the loop does without blocking.
 */
#ifndef MILL_DEVICE_SIMULATOR_H
#define MILL_DEVICE_SIMULATOR_H

#include <stdint.h>

#include "core/error.h"
#include "device/faults.h"
#include "device/quirks.h"
#include "device/wire.h"

struct mill_hand;
struct mill_simulator;

struct mill_simulator_plan {
    const char *address;  /* NULL stands for "127.0.0.1" */
    unsigned http_port;   /* 0: any that is free */
    unsigned stream_port; /* 0: any that is free */
    const char *key;      /* NULL stands for MILL_WIRE_KEY */
    unsigned quirks;      /* of enum mill_quirk */
    unsigned min_interval_ms;
    uint64_t service_ns; /* the main loop is busy for so long with each request */
    uint64_t seed;
    const struct mill_hand *hand;
    struct mill_faults faults;
};

struct mill_simulator_counts {
    uint64_t requests;     /* that were complete */
    uint64_t refused;      /* connections reset, or closed by the stream, since there were too many */
    uint64_t faults;       /* injected */
    uint64_t stream_lines; /* sent */
    uint64_t stream_lost;  /* dropped, since the reader was slow */
};

/* 0; -EINVAL (no plan, a port over 65535, an address that is none in digits, a key that does not fit a header
 * and the live page, unknown quirks, an interval over MILL_WIRE_INTERVAL_MAX_MS); -EADDRINUSE (somebody
 * listens there), -EACCES, -EADDRNOTAVAIL, said with address and port; -EMFILE and the like; -EAGAIN (no
 * thread); -ENOMEM. */
int mill_simulator_start(const struct mill_simulator_plan *plan, struct mill_simulator **simulator,
                         struct mill_error *error);

/* Closes every connection and joins its thread. Nobody is in another call. NULL is fine. */
void mill_simulator_stop(struct mill_simulator *simulator);

unsigned mill_simulator_http_port(const struct mill_simulator *simulator);
unsigned mill_simulator_stream_port(const struct mill_simulator *simulator);

/* From now on these faults: a burst ends; what is late or stalled already stays so. */
void mill_simulator_set_faults(struct mill_simulator *simulator, const struct mill_faults *faults);

/* All connections are reset, and nothing answers for `off_ns`; then it boots. Blocks for that long. A request
 * that blocked the main loop gets no reply. */
void mill_simulator_power_cycle(struct mill_simulator *simulator, uint64_t off_ns);

void mill_simulator_counts(struct mill_simulator *simulator, struct mill_simulator_counts *counts);

/* The truth inside (firmware.h). */
void mill_simulator_config(struct mill_simulator *simulator, struct mill_valve_config *live);
uint64_t mill_simulator_applied(struct mill_simulator *simulator);

#endif
