/* What became of one try to ask the device, and whether to try again: the rules of client.h, for who waits
 * for each reply (client.c) and for who has many requests under way (async.c).
 *
 * Pure, but for the random generator that is passed in.
 */
#ifndef MILL_DEVICE_CLIENT_RETRY_H
#define MILL_DEVICE_CLIENT_RETRY_H

#include "core/error.h"
#include "core/random.h"
#include "device/client.h"

/* A try that has ended: with 0 and a reply, or with a negative errno and an error. */
struct mill_device_try {
    const char *place; /* "valve HOST:PORT", for messages */
    const struct mill_transport_request *request;
    int status; /* what the transport returned */
    const struct mill_transport_reply *reply;
    const struct mill_error *error;
};

bool mill_device_try_again(const struct mill_device_try *ended);

/* What the caller is told after `tries` of them: 0 for a status of 200, else a negative errno. Fills in
 * `failure`, which may be NULL. */
int mill_device_try_result(const struct mill_device_try *ended, unsigned tries,
                           struct mill_device_failure *failure);

/* A reply with a status of 200 that could not be read (wire_read.h) with `status`: -EBADMSG or -ENOMEM. */
int mill_device_try_unread(const struct mill_device_try *ended, unsigned tries, int status,
                           struct mill_device_failure *failure);

/* Nanoseconds to wait before retry number `retry`, from 0. */
uint64_t mill_device_backoff(const struct mill_device_policy *policy, struct mill_random *random,
                             unsigned retry);

/* 0 or -EINVAL. */
int mill_device_policy_check(const struct mill_device_policy *policy, struct mill_device_failure *failure);

/* Fills in the failure of a call that was never sent, and returns `status`. */
int mill_device_refuse(struct mill_device_failure *failure, enum mill_device_failure_kind kind, int status,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
