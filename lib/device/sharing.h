/* One valve and many threads that want something of it: every way of sharing it, behind one table (row 19 of
 * the patterns).
 *
 *     struct mill_sharing *sharing;
 *     int status = mill_sharing_create(mill_sharing_ops_find("internal-lock"), &plan, &sharing);
 *
 *     thread `i`:  struct mill_valve_status now;
 *                  struct mill_sharing_stamp stamp;
 *                  status = mill_sharing_get_status(sharing, i, &now, &stamp, &failure);
 *
 *     mill_sharing_destroy(sharing);
 *
 * Threads are numbered from 0; each uses its own number, and one thread at a time uses a number. Everything
 * may block: a cached read does not, but where its strategy's summary says so. How old an answer is follows
 * from its stamp: the device was asked no earlier than `asked_ns`, and the answer was there at `answered_ns`.
 */
#ifndef MILL_DEVICE_SHARING_H
#define MILL_DEVICE_SHARING_H

#include <stdint.h>

#include "core/strategy.h"
#include "device/client.h"
#include "sync/lock.h"

struct mill_sharing_ops;

struct mill_sharing_plan {
    const struct mill_transport_ops *transport;
    struct mill_transport_plan to;
    struct mill_device_policy policy;
    const struct mill_lock_ops *lock; /* of the strategies that take one; NULL: "pthread" */
    unsigned threads;                 /* that will use it */
    unsigned connections;             /* of `pool`, and what `async` has open at once; 0 stands for 8 */
    uint64_t refresh_ns;              /* of the cached ones; 0 stands for 10 ms */
};

struct mill_sharing; /* each strategy's own; begins with struct mill_sharing_base, see sharing_strategy.h */

struct mill_sharing_stamp {
    uint64_t asked_ns; /* by mill_now_ns() */
    uint64_t answered_ns;
};

/* What a read-decide-write does with what it read: fills in `change` (its fields 0: nothing is written). */
typedef void mill_sharing_decide(void *context, const struct mill_valve_status *status,
                                 const struct mill_valve_config *config, struct mill_valve_config *change);

struct mill_sharing_ops {
    struct mill_strategy about;
    int (*create)(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure);
    void (*destroy)(struct mill_sharing *sharing);
    int (*get_status)(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                      struct mill_sharing_stamp *stamp, struct mill_device_failure *failure);
    int (*update_config)(struct mill_sharing *sharing, unsigned thread,
                         const struct mill_valve_config *change, struct mill_device_failure *failure);
    int (*transact)(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide, void *context,
                    struct mill_device_failure *failure); /* NULL: cannot */
};

extern const struct mill_family mill_sharing_family;

static inline const struct mill_sharing_ops *mill_sharing_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_sharing_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_sharing_ops *mill_sharing_ops_find(const char *name);

/* The cached strategies have read once when this returns. 0; -EINVAL (no transport, no threads, …); -ENOMEM,
 * -EAGAIN; or what the first read said. */
int mill_sharing_create(const struct mill_sharing_ops *ops, const struct mill_sharing_plan *plan,
                        struct mill_sharing **sharing, struct mill_device_failure *failure);

/* No thread uses it any more; threads of its own are stopped and joined. NULL is fine. */
void mill_sharing_destroy(struct mill_sharing *sharing);

/* 0 or what the client says. `stamp` may be NULL. */
int mill_sharing_get_status(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                            struct mill_sharing_stamp *stamp, struct mill_device_failure *failure);

/* The change has been made when this returns 0. */
int mill_sharing_update_config(struct mill_sharing *sharing, unsigned thread,
                               const struct mill_valve_config *change, struct mill_device_failure *failure);

/* Reads status and config, has decide() choose, and writes what it chose: as one step where the strategy
 * promises that (`external-lock`, `command-queue`), in between which others may write where it does not.
 * -ENOTSUP where the strategy has no such call. */
int mill_sharing_transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide,
                          void *context, struct mill_device_failure *failure);

#endif
