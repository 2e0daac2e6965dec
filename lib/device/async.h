/* Many requests to one valve on one event loop: curl's multi interface on libuv. What the guides call the
 * async client.
 *
 *     struct mill_async *async;
 *     int status = mill_async_create(&(struct mill_async_plan){.host = "127.0.0.1", .port = 8080}, &async,
 *                                    &failure);
 *     for (int i = 0; i < 1000; i++)
 *         status = mill_async_get_status(async, print_status, NULL);        …and go on with other things
 *     mill_async_destroy(async);
 *
 * However many are asked for, at most `connections` sockets are open at once, and the others stand in line in
 * the order in which they came. A request that was taken completes exactly once: its callback is called on
 * the loop's thread, with 0, with what the client says (client.h; its rules for trying again hold, and who
 * waits to try again holds no connection), or with -ECANCELED when the async is destroyed before.
 *
 * Every call but create and destroy is for any thread, callbacks included, and does not wait for the network.
 * A callback should not block: everything behind it waits.
 */
#ifndef MILL_DEVICE_ASYNC_H
#define MILL_DEVICE_ASYNC_H

#include "device/client.h"
#include "device/transport.h"

#define MILL_ASYNC_OUTSTANDING_MAX 65536u
#define MILL_ASYNC_CONNECTIONS_MAX 256u

struct mill_async;

struct mill_async_plan {
    const char *host;
    unsigned port;
    const char *key;                  /* NULL stands for MILL_WIRE_KEY */
    struct mill_device_policy policy; /* its sleep is not used */
    unsigned connections; /* open at once; 0 stands for MILL_WIRE_HTTP_CLIENTS, what the device takes */
    unsigned outstanding; /* taken and not completed; 0 stands for MILL_ASYNC_OUTSTANDING_MAX */
};

/* What is passed on is valid during the call. `reply` and the like mean something only with a status of 0. */
typedef void mill_async_done(void *context, int status, const struct mill_transport_reply *reply,
                             const struct mill_device_failure *failure);
typedef void mill_async_status_done(void *context, int status, const struct mill_valve_status *valve,
                                    const struct mill_device_failure *failure);
typedef void mill_async_config_done(void *context, int status, const struct mill_valve_config *config,
                                    const struct mill_device_failure *failure);
typedef void mill_async_command_done(void *context, int status, const struct mill_device_failure *failure);

/* Starts the loop's thread; nothing is sent. 0; -EINVAL (what client and transport refuse, more connections
 * or outstanding than the limits); -ENOMEM, -EAGAIN, or what libuv says. */
int mill_async_create(const struct mill_async_plan *plan, struct mill_async **async,
                      struct mill_device_failure *failure);

/* Cancels what has not completed, and ends when every callback has returned. Not on the loop's thread, and
 * nobody else is in a call. NULL is fine. */
void mill_async_destroy(struct mill_async *async);

/* Has any request sent, which is copied; a status of HTTP other than 200 is a failure as it is for the
 * client. 0: taken; -EINVAL; -EPERM (it may move the motor, and the policy does not allow that); -EAGAIN (as
 * many are outstanding as the plan allows); -ENOMEM; -EPIPE (it is being destroyed). */
int mill_async_request(struct mill_async *async, const struct mill_transport_request *request,
                       mill_async_done *done, void *context);

/* The same for what threads share most (sharing.h); the reply is read. Update: also -EINVAL as in client.h.
 */
int mill_async_get_status(struct mill_async *async, mill_async_status_done *done, void *context);
int mill_async_get_config(struct mill_async *async, mill_async_config_done *done, void *context);
int mill_async_update_config(struct mill_async *async, const struct mill_valve_config *config,
                             mill_async_command_done *done, void *context);

/* How many were taken whose callback has not been called yet; the last of them may still be running at 0. */
unsigned mill_async_outstanding(const struct mill_async *async);

#endif
