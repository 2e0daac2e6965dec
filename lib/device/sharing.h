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

#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/strategy.h"
#include "device/client.h"
#include "sync/lock.h"

#define MILL_SHARING_THREADS_MAX     65536u
#define MILL_SHARING_CONNECTIONS_MAX 1024u
#define MILL_SHARING_CONNECTIONS     8u /* what the device takes at once */
#define MILL_SHARING_REFRESH_NS      (10 * MILL_NS_PER_MS)
#define MILL_SHARING_REFRESH_MAX     (3600 * MILL_NS_PER_S)

struct mill_sharing_plan {
    const struct mill_transport_ops *transport;
    struct mill_transport_plan to;
    struct mill_device_policy policy;
    const struct mill_lock_ops *lock; /* of the strategies that take one; NULL: "pthread" */
    unsigned threads;                 /* that will use it */
    unsigned connections;             /* of `pool`, and what `async` has open at once; 0 stands for 8 */
    uint64_t refresh_ns;              /* of the cached ones; 0 stands for 10 ms */
};

struct mill_sharing_ops;

/* How every strategy's own begins; only read once it is made. */
struct mill_sharing {
    const struct mill_sharing_ops *ops;
    unsigned threads;
};

struct mill_sharing_stamp {
    uint64_t asked_ns; /* by mill_now_ns() */
    uint64_t answered_ns;
};

/* One of many questions that are asked at once. */
struct mill_sharing_reply {
    struct mill_valve_status status; /* where `result` is 0 */
    int result;                      /* what get_status would have returned */
    void *asked;                     /* the strategy's, meanwhile */
};

/* What a strategy keeps beyond "an answer is to its question". */
enum mill_sharing_promise {
    MILL_SHARING_ATOMIC = 1 << 0, /* transact is one step: nobody of this sharing writes in between */
    MILL_SHARING_CACHED = 1 << 1, /* get_status is answered from a copy, and is about a refresh old */
    MILL_SHARING_LOCKS = 1 << 2,  /* takes plan.lock */
    MILL_SHARING_EACH = 1 << 3,   /* cached: each thread has a copy of its own */
};

/* What a read-decide-write does with what it read: fills in `change` (its fields 0: nothing is written). */
typedef void mill_sharing_decide(void *context, const struct mill_valve_status *status,
                                 const struct mill_valve_config *config, struct mill_valve_config *change);

struct mill_sharing_ops {
    struct mill_strategy about;
    unsigned promises; /* of enum mill_sharing_promise */
    /* mill_sharing_create has checked the plan, has put its defaults in the place of every 0, and sets `ops`
     * and `threads` of what was made. */
    int (*create)(const struct mill_sharing_plan *plan, struct mill_sharing **sharing,
                  struct mill_device_failure *failure);
    void (*destroy)(struct mill_sharing *sharing);
    int (*get_status)(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                      struct mill_sharing_stamp *stamp, struct mill_device_failure *failure);
    int (*update_config)(struct mill_sharing *sharing, unsigned thread,
                         const struct mill_valve_config *change, struct mill_device_failure *failure);
    int (*transact)(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide, void *context,
                    struct mill_device_failure *failure);
    /* NULL: one after the other, by get_status */
    void (*get_many)(struct mill_sharing *sharing, unsigned thread, struct mill_sharing_reply *replies,
                     size_t count);
};

extern const struct mill_family mill_sharing_family;

static inline const struct mill_sharing_ops *mill_sharing_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_sharing_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_sharing_ops *mill_sharing_ops_find(const char *name);

/* The cached strategies have read once when this returns. 0; -EINVAL: no table, no plan, no transport, no
 * threads or more than MILL_SHARING_THREADS_MAX, connections or refresh_ns beyond their MAX, a lock for one
 * thread alone shared by several; -ENOTSUP: strategy or lock are missing in this build, or the transport is
 * one that the strategy cannot use; -ENOMEM, -EAGAIN (no more threads); or what the first read said.
 *
 * Here and below `failure` may be NULL, and is filled in when a negative errno is returned. Where 0 is, it is
 * left alone if nothing was asked, and else tells of the last call to the device: of no kind, with its tries.
 */
int mill_sharing_create(const struct mill_sharing_ops *ops, const struct mill_sharing_plan *plan,
                        struct mill_sharing **sharing, struct mill_device_failure *failure);

/* No thread uses it any more; threads of its own are stopped and joined, which waits for the request that is
 * under way. NULL is fine. */
void mill_sharing_destroy(struct mill_sharing *sharing);

/* 0 or what the client says; -EINVAL (NULL, a thread that was not planned for). `stamp` may be NULL.
 *
 * With MILL_SHARING_CACHED: what the last refresh said. If that has failed, `status` and `stamp` are still
 * those of the last one that succeeded, so that the caller has the failure, the last value, and its age; a
 * reader never waits for a device that does not answer. */
int mill_sharing_get_status(struct mill_sharing *sharing, unsigned thread, struct mill_valve_status *status,
                            struct mill_sharing_stamp *stamp, struct mill_device_failure *failure);

/* Asks for the status `count` times, and waits for all: at once where the strategy can (`async`), else one
 * after the other. 0, or the result of the first that failed; -EINVAL as above. */
int mill_sharing_get_many(struct mill_sharing *sharing, unsigned thread, struct mill_sharing_reply *replies,
                          size_t count);

/* The change has been made when this returns 0. A copy of the status is not renewed by it. */
int mill_sharing_update_config(struct mill_sharing *sharing, unsigned thread,
                               const struct mill_valve_config *change, struct mill_device_failure *failure);

/* Asks the device for status and config (never a copy), has decide() choose, and writes what it chose: as one
 * step with MILL_SHARING_ATOMIC, else with others writing in between. decide() is called once if both could
 * be read, perhaps in another thread than the caller's, and perhaps under a lock: it must not use the
 * sharing.
 */
int mill_sharing_transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide,
                          void *context, struct mill_device_failure *failure);

#endif
