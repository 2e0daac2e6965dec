/* What the files of the client share: client.c (asking, and asking again), client_calls.c (what can be
 * asked), client_config.c (configs and presets, and what of them is refused).
 */
#ifndef MILL_DEVICE_CLIENT_PARTS_H
#define MILL_DEVICE_CLIENT_PARTS_H

#include "core/error.h"
#include "core/random.h"
#include "device/client.h"

struct mill_device_client {
    struct mill_transport *transport;
    struct mill_device_policy policy;
    struct mill_random random; /* of the back-off */
    char place[300];           /* "valve HOST:PORT" */

    /* of the last call */
    struct mill_transport_request request;
    unsigned tries;
    struct mill_transport_reply reply;
    struct mill_error error;
};

/* Asks, with the retries of the policy, and leaves a reply with a status of 200 in client->reply. `path` is
 * the whole path. NULL for the client is -EINVAL. */
int mill_client_get(struct mill_device_client *client, const char *path, struct mill_device_failure *failure);
int mill_client_post(struct mill_device_client *client, const char *path, const char *body,
                     struct mill_device_failure *failure);

/* What is to be returned after client->reply was read with `status`, the reason being in client->error. */
int mill_client_read(const struct mill_device_client *client, int status,
                     struct mill_device_failure *failure);

/* A post whose reply says {"status":"ok"}. */
int mill_client_command(struct mill_device_client *client, const char *path, const char *body,
                        struct mill_device_failure *failure);

/* The body that sends a config, if the device would take it: 0 or -EINVAL. */
int mill_client_config_body(const struct mill_valve_config *config, char body[MILL_WIRE_REQUEST_MAX],
                            struct mill_device_failure *failure);

/* -EINVAL of the caller's making, in words. */
int mill_client_invalid(struct mill_device_failure *failure, const char *words);

#endif
