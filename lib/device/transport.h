/* How a request gets to the valve and its reply back: over HTTP, or by a call to a model in this process. The
 * client (client.h) stands on this table and does not know which.
 *
 *     struct mill_transport *transport;
 *     int status = mill_transport_open(ops, &plan, &transport, &error);
 *     status = mill_transport_exchange(transport, &request, deadline, &reply, &error);
 *     mill_transport_close(transport);
 *
 *   http         libcurl; one connection at a time; the device closes it after each reply
 *   in-process   a struct mill_model_device, shared by any number: one main loop, a modelled service time
 *
 * A transport is used by one thread at a time; whoever shares it brings the lock (sharing.h). Two transports
 * to one device are independent. Blocking, up to the deadline.
 */
#ifndef MILL_DEVICE_TRANSPORT_H
#define MILL_DEVICE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/strategy.h"
#include "device/wire.h"

struct mill_transport;
struct mill_model_device;

struct mill_transport_plan {
    const char *host; /* of http: a name or an address */
    unsigned port;
    const char *key;                 /* NULL stands for MILL_WIRE_KEY */
    struct mill_model_device *model; /* of in-process; outlives the transport */
};

struct mill_transport_request {
    const char *method; /* "GET" or "POST" */
    const char *path;   /* with MILL_WIRE_BASE */
    const char *body;   /* NULL: none */
    size_t length;
};

struct mill_transport_reply {
    int status; /* of HTTP; 0 while no whole reply has come */
    bool sent;  /* something of the request may have reached the device, also where the exchange failed */
    size_t length;
    char body[MILL_WIRE_REPLY_MAX + 1]; /* any bytes, and a NUL behind them */
};

struct mill_transport_ops {
    struct mill_strategy about;
    int (*open)(const struct mill_transport_plan *plan, struct mill_transport **transport,
                struct mill_error *error);
    void (*close)(struct mill_transport *transport);
    int (*exchange)(struct mill_transport *transport, const struct mill_transport_request *request,
                    uint64_t deadline, struct mill_transport_reply *reply, struct mill_error *error);
};

extern const struct mill_family mill_transport_family;

static inline const struct mill_transport_ops *mill_transport_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_transport_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_transport_ops *mill_transport_ops_find(const char *name);

/* Nothing is sent yet. 0; -EINVAL (NULL, a host that is none, a port of 0 or over 65535, a key with other
 * than printable characters, no model), -ENOMEM. */
int mill_transport_open(const struct mill_transport_ops *ops, const struct mill_transport_plan *plan,
                        struct mill_transport **transport, struct mill_error *error);

/* NULL is fine. */
void mill_transport_close(struct mill_transport *transport);

/* Sends once and waits for the reply until `deadline` (core/timeout.h; one that is more than 24 days away is
 * none). 0 with any status of HTTP, also a redirection, which is not followed. Nothing was sent: -EINVAL
 * (NULL, another method, a path with spaces or the like, a body of a GET), -ECONNREFUSED, -EHOSTUNREACH,
 * -ENOENT (no such host). It may have been: -ETIMEDOUT, -ECONNRESET, -EPIPE (closed before the end of the
 * reply), -EPROTO (what came is no HTTP, or its body is longer than MILL_WIRE_REPLY_MAX), -ENOMEM;
 * reply->sent tells. `error` names the device and the request. */
int mill_transport_exchange(struct mill_transport *transport, const struct mill_transport_request *request,
                            uint64_t deadline, struct mill_transport_reply *reply, struct mill_error *error);

/* A device in this process: firmware.h behind one main loop that serves in the order of arrival. Thread-safe.
 * A caller whose deadline passes before its turn is served all the same, as the device serves what stands in
 * its socket. */
struct mill_model_plan {
    unsigned quirks;
    uint64_t seed;
    uint64_t service_ns; /* the main loop is busy for so long with each request; 0: no more than it takes */
    bool virtual_time;   /* service takes no time but moves the device's clock, by at least a microsecond a
                            request: for schedules under control */
};

/* 0; -EINVAL (NULL, unknown quirks, a service over an hour); -ENOMEM. */
int mill_model_create(const struct mill_model_plan *plan, struct mill_model_device **model);

/* No transport to it is open. NULL is fine. */
void mill_model_destroy(struct mill_model_device *model);

/* The truth inside, as firmware.h tells it. */
void mill_model_config(struct mill_model_device *model, struct mill_valve_config *live);
uint64_t mill_model_applied(struct mill_model_device *model);

#endif
