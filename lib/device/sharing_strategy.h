/* What the strategies of sharing.h are built from: a client as the plan wants it, a question with its times,
 * and a client under a lock. Private to sharing*.c.
 */
#ifndef MILL_DEVICE_SHARING_STRATEGY_H
#define MILL_DEVICE_SHARING_STRATEGY_H

#include "device/sharing.h"

/* Says in `failure`, which may be NULL, what went wrong before anything was sent. Returns `status`. */
int mill_sharing_refuse(struct mill_device_failure *failure, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* 0 or what mill_device_client_create says. */
int mill_sharing_open_client(const struct mill_sharing_plan *plan, struct mill_device_client **client,
                             struct mill_device_failure *failure);

/* Asks the device, and notes when; `stamp` is set when it answered. */
int mill_sharing_ask(struct mill_device_client *client, struct mill_valve_status *status,
                     struct mill_sharing_stamp *stamp, struct mill_device_failure *failure);

/* Reads, has decide() choose, and writes, with a client that nobody else uses meanwhile. */
int mill_sharing_transact_with(struct mill_device_client *client, mill_sharing_decide *decide, void *context,
                               struct mill_device_failure *failure);

/* ---- a client under a lock ---- */

struct mill_guarded_client {
    const struct mill_lock_ops *ops;
    struct mill_lock *lock; /* protects `client` */
    struct mill_device_client *client;
};

/* A lock of the plan's kind. 0; -EINVAL, -ENOTSUP, -ENOMEM, said in `failure`. */
int mill_sharing_create_lock(const struct mill_sharing_plan *plan, struct mill_lock **lock,
                             struct mill_device_failure *failure);

/* Opens both. On failure nothing is left open. */
int mill_guarded_client_open(struct mill_guarded_client *guarded, const struct mill_sharing_plan *plan,
                             struct mill_device_failure *failure);
void mill_guarded_client_close(struct mill_guarded_client *guarded);

/* A sharing that is such a client and nothing else: what internal-lock and external-lock have in common, all
 * but what is one step for them. As in struct mill_sharing_ops. */
int mill_guarded_sharing_create(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                                struct mill_device_failure *failure);
void mill_guarded_sharing_destroy(struct mill_sharing *sharing);
int mill_guarded_sharing_get_status(struct mill_sharing *sharing, unsigned thread,
                                    struct mill_valve_status *status, struct mill_sharing_stamp *stamp,
                                    struct mill_device_failure *failure);
int mill_guarded_sharing_update_config(struct mill_sharing *sharing, unsigned thread,
                                       const struct mill_valve_config *change,
                                       struct mill_device_failure *failure);
struct mill_guarded_client *mill_guarded_sharing_client(struct mill_sharing *sharing);

/* Each under the lock, from its first request to its last. */
int mill_guarded_client_ask(struct mill_guarded_client *guarded, struct mill_valve_status *status,
                            struct mill_sharing_stamp *stamp, struct mill_device_failure *failure);
int mill_guarded_client_update(struct mill_guarded_client *guarded, const struct mill_valve_config *change,
                               struct mill_device_failure *failure);
int mill_guarded_client_transact(struct mill_guarded_client *guarded, mill_sharing_decide *decide,
                                 void *context, struct mill_device_failure *failure);

#endif
