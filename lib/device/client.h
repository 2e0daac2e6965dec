/* The valve's client: one call for each thing it can be asked, over any transport.
 *
 *     struct mill_device_client *client;
 *     int status = mill_device_client_create(transport_ops, &transport_plan, NULL, &client, &failure);
 *     struct mill_valve_status now;
 *     status = mill_device_get_status(client, &now, &failure);
 *     if (status < 0)
 *         fprintf(stderr, "%s\n", failure.message);       "valve 127.0.0.1:8080: GET status: 503 …"
 *     mill_device_client_destroy(client);
 *
 * NOT thread-safe, and it holds what the last reply said: two threads in one client at once read each other's
 * answers. sharing.h has every way of sharing one. Two clients share nothing.
 *
 * Every call blocks for at most the timeout of its policy times the tries, and the back-off in between. It
 * returns 0 or a negative errno, and says in `failure` (which may be NULL) of which kind it is, and after how
 * many tries; of a call that succeeded the tries alone:
 *
 *   connection       -ECONNREFUSED, -ECONNRESET, -EHOSTUNREACH, -ENOENT, -EPIPE, -EPROTO: no whole reply came
 *                    (transport.h); -ENOMEM; -ECANCELED (async.h)
 *   timeout          -ETIMEDOUT
 *   authentication   -EACCES: 401 or 403
 *   api              -EREMOTEIO: another status of HTTP than 200, with the status and the start of the body
 *   validation       -EINVAL: refused before it was sent; -EPERM: so, since it moves the motor; -EBADMSG: the
 *                    reply is not what was asked for (no JSON, a missing key, a wrong type, a number that is
 *                    none)
 *   stream           of streamer.h
 *
 * Tried again are: 429, 500, 502, 503, 504 on any call, and a connection that failed before anything was
 * sent. A GET also when the connection broke or timed out; a POST not, since it may have been done: it fails
 * with `maybe_done` set. What is no HTTP, and what is no reply to the question, will not become one: it is
 * not asked for again.
 */
#ifndef MILL_DEVICE_CLIENT_H
#define MILL_DEVICE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/transport.h"
#include "device/wire.h"

struct mill_device_client;

struct mill_device_policy {
    int64_t timeout_ns;  /* of one try; 0 stands for 5 s */
    unsigned retries;    /* after the first try */
    uint64_t backoff_ns; /* before the first retry, doubled each time; 0: none. The wait is random, from half
                            of it to the whole */
    uint64_t backoff_max_ns;
    bool allow_motion; /* commands that move the motor; without it they are refused with -EPERM */
    uint64_t seed;     /* of that randomness; 0: another one for each client */
    void (*sleep)(void *context, uint64_t ns); /* waits before a retry; NULL: sleeps */
    void *sleep_context;
};

/* 5 s, 10 retries, 1 s to 30 s, no motion. */
extern const struct mill_device_policy mill_device_policy_default;

enum mill_device_failure_kind {
    MILL_DEVICE_NO_FAILURE,
    MILL_DEVICE_CONNECTION,
    MILL_DEVICE_API,
    MILL_DEVICE_VALIDATION,
    MILL_DEVICE_STREAM,
    MILL_DEVICE_TIMEOUT,
    MILL_DEVICE_AUTHENTICATION,
};

struct mill_device_failure {
    enum mill_device_failure_kind kind;
    int status;      /* of HTTP, 0 where no reply came */
    unsigned tries;  /* how often it was sent */
    bool maybe_done; /* it is not known whether the device did what was asked */
    char body[256];  /* the start of the reply, printable */
    char message[1024];
};

/* The kind in a word: "connection", "api", … */
const char *mill_device_failure_name(enum mill_device_failure_kind kind);

/* Opens the transport; nothing is sent. `policy` NULL: the default. 0; -EINVAL (also a negative timeout, and
 * a back-off that begins over its maximum or has one over an hour); -ENOMEM. */
int mill_device_client_create(const struct mill_transport_ops *ops, const struct mill_transport_plan *plan,
                              const struct mill_device_policy *policy, struct mill_device_client **client,
                              struct mill_device_failure *failure);

/* Nobody is in a call. NULL is fine. */
void mill_device_client_destroy(struct mill_device_client *client);

/* Is there a valve that answers? Never retried. */
bool mill_device_ping(struct mill_device_client *client);

int mill_device_get_status(struct mill_device_client *client, struct mill_valve_status *status,
                           struct mill_device_failure *failure);
int mill_device_get_position(struct mill_device_client *client, double *degrees,
                             struct mill_device_failure *failure);
int mill_device_get_torque(struct mill_device_client *client, double *nm,
                           struct mill_device_failure *failure);
int mill_device_is_running(struct mill_device_client *client, bool *running,
                           struct mill_device_failure *failure);

int mill_device_get_config(struct mill_device_client *client, struct mill_valve_config *config,
                           struct mill_device_failure *failure);
/* Sends the members of config->fields. -EINVAL where there are none, one is not finite, or what the device
 * enforces is violated by what is given. */
int mill_device_update_config(struct mill_device_client *client, const struct mill_valve_config *config,
                              struct mill_device_failure *failure);

/* `preset` 0 to 3, or -1 for the config as it is. Starting moves the motor. */
int mill_device_start_valve(struct mill_device_client *client, int preset,
                            struct mill_device_failure *failure);
int mill_device_stop_valve(struct mill_device_client *client, struct mill_device_failure *failure);

int mill_device_get_presets(struct mill_device_client *client,
                            struct mill_valve_preset presets[MILL_WIRE_PRESETS],
                            struct mill_device_failure *failure);
/* Makes the config that of a preset: reads the presets and sends one of them as a config, in two steps. */
int mill_device_load_preset(struct mill_device_client *client, unsigned index,
                            struct mill_device_failure *failure);
/* Saves a preset; `preset` NULL: the present config becomes it. */
int mill_device_save_preset(struct mill_device_client *client, unsigned index,
                            const struct mill_valve_preset *preset, struct mill_device_failure *failure);

/* The motor's driver. All but estop, disable and clear may move the motor. */
int mill_device_get_odrive(struct mill_device_client *client, struct mill_odrive_status *odrive,
                           struct mill_device_failure *failure);
int mill_device_enable_motor(struct mill_device_client *client, struct mill_device_failure *failure);
int mill_device_disable_motor(struct mill_device_client *client, struct mill_device_failure *failure);
int mill_device_calibrate_motor(struct mill_device_client *client, struct mill_device_failure *failure);
int mill_device_estop_motor(struct mill_device_client *client, struct mill_device_failure *failure);
int mill_device_clear_errors(struct mill_device_client *client, struct mill_device_failure *failure);
int mill_device_set_torque(struct mill_device_client *client, double nm, struct mill_device_failure *failure);

/* The stream: what of it goes over HTTP. `interval_ms` 0: the device's default; over
 * MILL_WIRE_INTERVAL_MAX_MS is -EINVAL. */
int mill_device_start_stream(struct mill_device_client *client, unsigned interval_ms,
                             struct mill_device_failure *failure);
int mill_device_stop_stream(struct mill_device_client *client, struct mill_device_failure *failure);
int mill_device_get_stream(struct mill_device_client *client, struct mill_stream_status *stream,
                           struct mill_device_failure *failure);

/* The CAN bus is told as the JSON object that the device sends, at most `size` bytes with the NUL. -ENOSPC.
 */
int mill_device_get_can(struct mill_device_client *client, char *text, size_t size,
                        struct mill_device_failure *failure);

#endif
