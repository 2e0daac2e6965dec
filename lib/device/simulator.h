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
 * HTTP is libmicrohttpd's; connections are accepted here, since the device counts and resets them. It listens
 * on loopback unless told otherwise. Start and stop block shortly; every other call is thread-safe.
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
    uint64_t requests;
    uint64_t refused;      /* connections reset since there were too many */
    uint64_t faults;       /* injected */
    uint64_t stream_lines; /* sent */
    uint64_t stream_lost;  /* dropped, since the reader was slow */
};

/* 0; -EINVAL; -EADDRINUSE, -EACCES and the like, said with address and port; -ENOMEM. */
int mill_simulator_start(const struct mill_simulator_plan *plan, struct mill_simulator **simulator,
                         struct mill_error *error);

/* Closes every connection and joins its threads. NULL is fine. */
void mill_simulator_stop(struct mill_simulator *simulator);

unsigned mill_simulator_http_port(const struct mill_simulator *simulator);
unsigned mill_simulator_stream_port(const struct mill_simulator *simulator);

/* From now on these faults. */
void mill_simulator_set_faults(struct mill_simulator *simulator, const struct mill_faults *faults);

/* All connections are reset, and nothing answers for `off_ns`; then it boots. Blocks for that long. */
void mill_simulator_power_cycle(struct mill_simulator *simulator, uint64_t off_ns);

void mill_simulator_counts(struct mill_simulator *simulator, struct mill_simulator_counts *counts);

/* The truth inside (firmware.h). */
void mill_simulator_config(struct mill_simulator *simulator, struct mill_valve_config *live);
uint64_t mill_simulator_applied(struct mill_simulator *simulator);

#endif
