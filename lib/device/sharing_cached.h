/* What the cached strategies share: a client for what is written, one for refreshes, and a thread that asks
 * the device at an interval and hands each answer to the strategy, which keeps it for its readers (guide 4:
 * CachedClient). Private to sharing_cached*.c.
 *
 * The interval goes by absolute deadlines: what a request costs is not added to it. Deadlines that passed
 * while the device was slow are left out, not made up for. While a request is under way for a refresh,
 * readers have the answer before; so an answer is at most an interval and the time of one request old when it
 * is read. Refreshes have a client of their own, so that neither waits for a transaction, and that one never
 * tries again: the next interval does. A refresh that fails is so published within one timeout, with the
 * errno and the last good answer: see mill_sharing_get_status.
 */
#ifndef MILL_DEVICE_SHARING_CACHED_H
#define MILL_DEVICE_SHARING_CACHED_H

#include <pthread.h>

#include "device/sharing_list.h"
#include "device/sharing_strategy.h"
#include "task/stop.h"
#include "task/thread.h"

/* What a reader is to be told. */
struct mill_cached_answer {
    struct mill_valve_status status; /* the last that came */
    struct mill_sharing_stamp stamp; /* of that */
    int result;                      /* of the last refresh: 0 or a negative errno */
};

/* How each cached strategy begins. */
struct mill_cached {
    struct mill_sharing sharing;
    struct mill_guarded_client writer;
    struct mill_guarded_client refresher;
    /* Keeps `answer` for the readers from now on. Called by mill_cached_start, and then by the updater alone.
     */
    void (*publish)(struct mill_cached *cached, const struct mill_cached_answer *answer);
    uint64_t refresh_ns;
    struct mill_stop stop;
    struct mill_thread *updater;        /* NULL: not started, or there is none */
    struct mill_cached_answer latest;   /* the updater's */
    pthread_mutex_t mutex;              /* protects the next */
    struct mill_device_failure failure; /* of the last refresh that failed */
};

/* Opens the clients and asks once, for `latest`. 0 or what create of struct mill_sharing_ops says; on failure
 * nothing is left open. */
int mill_cached_open(struct mill_cached *cached, const struct mill_sharing_plan *plan,
                     struct mill_device_failure *failure);

/* Publishes `latest` and starts the updater. 0, -ENOMEM, -EAGAIN. */
int mill_cached_start(struct mill_cached *cached);

/* Stops the updater where there is one, and closes the clients. */
void mill_cached_close(struct mill_cached *cached);

/* The rare part of mill_cached_tell. */
int mill_cached_tell_failure(struct mill_cached *cached, int result, struct mill_device_failure *failure);

/* Hands the reader its copy; what get_status returns. */
static inline int mill_cached_tell(struct mill_cached *cached, const struct mill_cached_answer *answer,
                                   struct mill_valve_status *status, struct mill_sharing_stamp *stamp,
                                   struct mill_device_failure *failure)
{
    *status = answer->status;
    *stamp = answer->stamp;
    return answer->result == 0 ? 0 : mill_cached_tell_failure(cached, answer->result, failure);
}

/* update_config and transact of all of them: with the writer, under its lock, as one step. */
int mill_cached_update_config(struct mill_sharing *sharing, unsigned thread,
                              const struct mill_valve_config *change, struct mill_device_failure *failure);
int mill_cached_transact(struct mill_sharing *sharing, unsigned thread, mill_sharing_decide *decide,
                         void *context, struct mill_device_failure *failure);

#define MILL_CACHED_PROMISES (MILL_SHARING_ATOMIC | MILL_SHARING_CACHED | MILL_SHARING_LOCKS)

#endif
