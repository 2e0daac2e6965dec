#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/model_device.h"
#include "device/transport_strategy.h"

struct in_process {
    struct mill_transport transport;
    struct mill_model_device *model;
    bool key_is_right;
    struct mill_firmware_reply reply; /* of the exchange under way */
};

static int in_process_open(const struct mill_transport_plan *plan, struct mill_transport **transport,
                           struct mill_error *error)
{
    if (!plan->model) {
        return mill_error_set(error, -EINVAL, "valve in this process: no model is given");
    }
    if (!mill_transport_key_fits(plan->key)) {
        return mill_error_set(error, -EINVAL, "valve in this process: the key is empty or not all printable");
    }
    struct in_process *made = malloc(sizeof *made);
    if (!made) {
        return mill_error_set(error, -ENOMEM, "no memory for a connection");
    }
    made->model = plan->model;
    made->key_is_right = !plan->key || strcmp(plan->key, MILL_WIRE_KEY) == 0;
    *transport = &made->transport;
    return 0;
}

static void in_process_close(struct mill_transport *transport)
{
    free(transport);
}

static int in_process_exchange(struct mill_transport *transport, const struct mill_transport_request *request,
                               uint64_t deadline, struct mill_transport_reply *reply,
                               struct mill_error *error)
{
    struct in_process *me = (struct in_process *)transport;
    reply->sent = true;
    if (!me->key_is_right) {
        reply->status = 401;
        reply->length = (size_t)snprintf(reply->body, sizeof reply->body,
                                         "{\"status\":\"error\",\"error\":\"unauthorized\"}");
        return 0;
    }
    int status = mill_model_request(me->model, request, deadline, &me->reply);
    if (status < 0) {
        return mill_error_set(error, status, "valve in this process: %s %s: no whole reply came in time",
                              request->method, request->path);
    }
    reply->status = me->reply.status;
    reply->length = me->reply.length;
    memcpy(reply->body, me->reply.body, me->reply.length + 1);
    return 0;
}

const struct mill_transport_ops mill_transport_in_process = {
    .about = {.name = "in-process",
              .summary = "a call to a model in this process, whose main loop takes the time of service",
              .source = "threadmill",
              .traits = MILL_PARKS,
              .progress = MILL_BLOCKING},
    .open = in_process_open,
    .close = in_process_close,
    .exchange = in_process_exchange,
};
