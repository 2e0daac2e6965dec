/* A valve behind sockets, for the scenarios that need its stream or a client of their own for each thread: a
 * simulator of the case's own, or the valve that TM_DEVICE names (device_rig.h).
 *
 *     struct mill_network_valve valve;
 *     int status = mill_network_valve_open(&valve, &plan, 0);
 *     status = mill_network_valve_stream(&valve, 1);
 *     …mill_stream_socket_create(&valve.stream, &source)
 *     status = mill_network_valve_unstream(&valve);
 *     mill_network_valve_close(&valve);
 *
 * One thread at a time; all but close block for a request to the valve.
 */
#ifndef MILL_SCENARIOS_NETWORK_VALVE_H
#define MILL_SCENARIOS_NETWORK_VALVE_H

#include <stdbool.h>

#include "device/client.h"
#include "device/line_source.h"
#include "device/simulator.h"
#include "harness/scenario.h"

struct mill_network_valve {
    struct mill_simulator *simulator;      /* NULL: the valve is another's */
    struct mill_transport_plan to;         /* its HTTP */
    struct mill_stream_socket_plan stream; /* and its stream */
    struct mill_device_client *client;     /* of who opened it */
    struct mill_stream_status found;       /* what its stream was before ours */
    bool streams;
    char host[256];
};

/* The scenarios' parameter `stream`. */
#define MILL_NETWORK_VALVE_STREAM_ROW                                                                   \
    {                                                                                                   \
        .name = "stream", .summary = "port of the stream of the valve at --device; 0: its usual, 8888", \
        .type = MILL_INTEGER, .maximum = UINT16_MAX                                                     \
    }

/* Why a case that asks for this port cannot run, or NULL: a constant text. */
const char *mill_network_valve_unsupported(int64_t stream_port);

/* `own` is of the simulator, where it is to be one. 0 or a negative errno, and then nothing is open: -EINVAL
 * (TM_DEVICE is no address), what mill_simulator_start and mill_device_client_create say. */
int mill_network_valve_open(struct mill_network_valve *valve, const struct mill_simulator_plan *own,
                            int64_t stream_port);

/* A client of one's own, destroyed by the caller. 0 or what mill_device_client_create says. */
int mill_network_valve_client(const struct mill_network_valve *valve, struct mill_device_client **client);

/* Starts the stream; another's valve may have an interval that it does not go below. 0 or what the client
 * says. */
int mill_network_valve_stream(struct mill_network_valve *valve, unsigned interval_ms);

/* Makes it what it was: stopped, or going on with its interval. 0, also when it was not started; or what the
 * client says. */
int mill_network_valve_unstream(struct mill_network_valve *valve);

/* What was opened is closed, and the stream what it was where the valve still answers. Twice is fine, and a
 * valve that is all zeros. */
void mill_network_valve_close(struct mill_network_valve *valve);

#endif
