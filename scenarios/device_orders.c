#include "scenarios/device_orders.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"

#define PATIENCE_NS (20 * MILL_NS_PER_S)
#define TRY_NS      (2 * MILL_NS_PER_S)
#define NAP_NS      MILL_NS_PER_MS

static int meaning(int status)
{
    switch (status) {
    case 200:
        return 0;
    case 401:
    case 403:
        return -EACCES;
    case 404:
        return -EOPNOTSUPP;
    default:
        return -EPROTO;
    }
}

static int ask(const struct mill_transport_plan *to, const struct mill_transport_request *request,
               struct mill_transport_reply *reply)
{
    struct mill_transport *transport;
    uint64_t end_ns = mill_now_ns() + PATIENCE_NS;
    int status = mill_transport_open(mill_transport_ops_find("http"), to, &transport, NULL);
    if (status < 0) {
        return status;
    }
    while ((status = mill_transport_exchange(transport, request, mill_now_ns() + TRY_NS, reply, NULL)) < 0 &&
           mill_now_ns() < end_ns) {
        mill_sleep_until(mill_now_ns() + NAP_NS);
    }
    mill_transport_close(transport);
    return status < 0 ? status : meaning(reply->status);
}

int mill_device_orders_applied(const struct mill_transport_plan *to, uint64_t *applied)
{
    const struct mill_transport_request request = {.method = "GET", .path = "/simulator/applied"};
    struct mill_transport_reply reply;
    int status = ask(to, &request, &reply);
    if (status < 0) {
        return status;
    }
    return sscanf(reply.body, "{\"status\":\"ok\",\"applied\":%" SCNu64 "}", applied) == 1 ? 0 : -EPROTO;
}

int mill_device_orders_power_cycle(const struct mill_transport_plan *to, uint64_t off_ns)
{
    char body[32];
    struct mill_transport_reply reply;
    snprintf(body, sizeof body, "%" PRIu64 "ns", off_ns);
    const struct mill_transport_request request = {
        .method = "POST", .path = "/simulator/power-cycle", .body = body, .length = strlen(body)};
    return ask(to, &request, &reply);
}
