#include "scenarios/network_valve.h"

#include "scenarios/device_rig.h"

const char *mill_network_valve_unsupported(int64_t stream_port)
{
    if (stream_port != 0 && !mill_device_rig_names_valve()) {
        return "stream is the port of a valve elsewhere: give --device (TM_DEVICE)";
    }
    return mill_device_rig_elsewhere_unsupported(MILL_DEVICE_RIG_READS);
}

/* Where it is. */
static int find(struct mill_network_valve *valve, const struct mill_simulator_plan *own, int64_t stream_port)
{
    if (mill_device_rig_names_valve()) {
        valve->to.host = valve->host;
        valve->stream.port = stream_port != 0 ? (unsigned)stream_port : MILL_WIRE_STREAM_PORT;
        return mill_device_rig_elsewhere(valve->host, sizeof valve->host, &valve->to.port);
    }
    int status = mill_simulator_start(own, &valve->simulator, NULL);
    if (status == 0) {
        valve->to.host = "127.0.0.1";
        valve->to.port = mill_simulator_http_port(valve->simulator);
        valve->stream.port = mill_simulator_stream_port(valve->simulator);
    }
    return status;
}

int mill_network_valve_open(struct mill_network_valve *valve, const struct mill_simulator_plan *own,
                            int64_t stream_port)
{
    *valve = (struct mill_network_valve){.simulator = NULL};
    int status = find(valve, own, stream_port);
    valve->stream.host = valve->to.host;
    if (status == 0) {
        status = mill_network_valve_client(valve, &valve->client);
    }
    if (status < 0) {
        mill_network_valve_close(valve);
    }
    return status;
}

int mill_network_valve_client(const struct mill_network_valve *valve, struct mill_device_client **client)
{
    return mill_device_client_create(mill_transport_ops_find("http"), &valve->to, &mill_device_rig_policy,
                                     client, NULL);
}

int mill_network_valve_stream(struct mill_network_valve *valve, unsigned interval_ms)
{
    int status = mill_device_get_stream(valve->client, &valve->found, NULL);
    if (status == 0) {
        status = mill_device_start_stream(valve->client, interval_ms, NULL);
    }
    valve->streams = valve->streams || status == 0;
    return status;
}

int mill_network_valve_unstream(struct mill_network_valve *valve)
{
    if (!valve->streams) {
        return 0;
    }
    valve->streams = false;
    return valve->found.active
               ? mill_device_start_stream(valve->client, (unsigned)valve->found.default_interval_ms, NULL)
               : mill_device_stop_stream(valve->client, NULL);
}

void mill_network_valve_close(struct mill_network_valve *valve)
{
    if (!valve->simulator) {
        (void)mill_network_valve_unstream(valve); /* it may be gone */
    }
    mill_device_client_destroy(valve->client);
    mill_simulator_stop(valve->simulator);
    *valve = (struct mill_network_valve){.simulator = NULL};
}
