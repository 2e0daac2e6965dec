#include "scenarios/device_numbers.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "device/quirks.h"
#include "device/transport_strategy.h"
#include "device/wire_print.h"
#include "device/wire_read.h"

struct numbered {
    struct mill_transport transport; /* its table is that of a struct mill_device_numbers */
    struct mill_transport *inner;
};

static int open_numbered(const struct mill_transport_plan *plan, struct mill_transport **transport,
                         struct mill_error *error)
{
    struct numbered *made = calloc(1, sizeof *made);
    if (!made) {
        return mill_error_set(error, -ENOMEM, "no memory for a connection");
    }
    int status = mill_transport_open(&mill_transport_in_process, plan, &made->inner, error);
    if (status < 0) {
        free(made);
        return status;
    }
    *transport = &made->transport;
    return 0;
}

static void close_numbered(struct mill_transport *transport)
{
    mill_transport_close(((struct numbered *)transport)->inner);
    free(transport);
}

/* One that cannot be read is left as it is: its reader will say so. */
static void write_number(const char *text, size_t length, int64_t number, struct mill_transport_reply *reply)
{
    struct mill_valve_status status;
    if (mill_read_status(text, length, &status, NULL) < 0) {
        return;
    }
    status.estops = number;
    int size = mill_print_status(&status, MILL_QUIRKS_NONE, reply->body, sizeof reply->body);
    reply->length = size > 0 ? (size_t)size : 0;
}

static void number_reply(struct mill_device_numbers *numbers, struct mill_transport_reply *reply)
{
    /* relaxed: numbers, which order nothing */
    int64_t number = atomic_fetch_add_explicit(&numbers->next, 1, memory_order_relaxed);
    for (unsigned copy = 0; copy < numbers->copies; copy++) {
        mill_case_returned(numbers->one,
                           mill_case_called(numbers->one, MILL_CALL_CACHED_WRITE, copy, number, 0), 0);
    }
    write_number(reply->body, reply->length, number, reply);
}

static int exchange(struct mill_transport *transport, const struct mill_transport_request *request,
                    uint64_t deadline, struct mill_transport_reply *reply, struct mill_error *error)
{
    struct numbered *me = (struct numbered *)transport;
    struct mill_device_numbers *numbers =
        (struct mill_device_numbers *)((uintptr_t)transport->ops - offsetof(struct mill_device_numbers, ops));
    int status = mill_transport_exchange(me->inner, request, deadline, reply, error);
    if (status == 0 && reply->status == 200 && strcmp(request->path, MILL_WIRE_BASE "/status") == 0) {
        number_reply(numbers, reply);
    }
    return status;
}

void mill_device_numbers_init(struct mill_device_numbers *numbers, const struct mill_case *one,
                              unsigned copies)
{
    *numbers = (struct mill_device_numbers){
        .ops = mill_transport_in_process,
        .one = one,
        .copies = copies,
    };
    numbers->ops.open = open_numbered;
    numbers->ops.close = close_numbered;
    numbers->ops.exchange = exchange;
    atomic_init(&numbers->next, 1);
}

int64_t mill_device_numbers_next(const struct mill_device_numbers *numbers)
{
    return atomic_load_explicit(&numbers->next, memory_order_relaxed);
}
