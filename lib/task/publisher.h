/* A stream of samples that is published to callbacks (rows 17 and 18 of the patterns): what the strategies
 * differ in is which thread calls them, and under which lock.
 *
 *     const struct mill_publisher_plan plan = {.sample_size = sizeof(struct sample), .capacity = 64};
 *     struct mill_publisher *publisher;
 *     int status = mill_publisher_create(mill_publisher_ops_find("queued"), &plan, &publisher);
 *
 *     unsigned id;
 *     status = mill_publisher_subscribe(publisher, on_sample, context, &id);
 *
 *     the stream:  status = mill_publisher_publish(publisher, &sample);       numbered 1, 2, 3, …
 *
 *     mill_publisher_unsubscribe(publisher, id);
 *     mill_publisher_close(publisher);
 *     mill_publisher_destroy(publisher);
 *
 * One thread at a time publishes; any thread subscribes and unsubscribes, at any time, also from within a
 * callback (except with the control `locked`). A subscriber gets the samples in order, from the first that is
 * published after it subscribed; one callback is never called twice at once. Where the publishing thread
 * calls, callbacks are called in the order in which they subscribed. After unsubscribe has returned no
 * further sample is sent its way; a call that is already on its way may still come, so what its context
 * points to stays until close has returned. Close delivers what was published, and waits for it.
 *
 *   locked   called by the publishing thread under the lock that subscribe takes: a callback that subscribes,
 *            or waits for a lock whose holder subscribes, is a deadlock (control)
 *   inline   called by the publishing thread, without a lock: a slow callback delays those behind it and the
 *            stream (control)
 *   queued   each subscriber has a thread and a bounded queue; who falls behind loses its oldest samples,
 *            counted, and nobody else notices
 *
 * All are blocking; publish of `queued` never waits for a callback.
 */
#ifndef MILL_TASK_PUBLISHER_H
#define MILL_TASK_PUBLISHER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/strategy.h"
#include "sync/watched_lock.h"

#define MILL_PUBLISHER_SUBSCRIBERS_MAX 64u
#define MILL_PUBLISHER_SAMPLE_MAX      4096u
#define MILL_PUBLISHER_CAPACITY_MAX    65536u

/* `sample` is valid during the call. */
typedef void mill_publisher_call(void *context, uint64_t number, const void *sample);

struct mill_publisher_plan {
    size_t sample_size;
    size_t capacity;          /* samples that wait for one subscriber, of `queued` */
    struct mill_watch *watch; /* of `locked`, whose threads are all attached to it; not looked at or broken
                                 once the publisher is destroyed. Else ignored */
};

struct mill_publisher; /* each strategy's own; publisher_list.h */

struct mill_publisher_ops {
    struct mill_strategy about;
    int (*create)(const struct mill_publisher_plan *plan, struct mill_publisher **publisher);
    void (*destroy)(struct mill_publisher *publisher); /* closed; NULL is not given */
    int (*subscribe)(struct mill_publisher *publisher, mill_publisher_call *call, void *context,
                     unsigned *id);
    int (*unsubscribe)(struct mill_publisher *publisher, unsigned id);
    int (*publish)(struct mill_publisher *publisher, uint64_t number, const void *sample);
    int (*close)(struct mill_publisher *publisher); /* NULL: nothing to be done */
    int (*dropped)(struct mill_publisher *publisher, unsigned id, uint64_t *dropped); /* NULL: none ever */
};

extern const struct mill_family mill_publisher_family;

static inline const struct mill_publisher_ops *mill_publisher_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_publisher_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_publisher_ops *mill_publisher_ops_find(const char *name);

/* 0; -EINVAL (no table; sample_size or capacity 0 or over its maximum; `locked` without a watch); -ENOMEM. */
int mill_publisher_create(const struct mill_publisher_ops *ops, const struct mill_publisher_plan *plan,
                          struct mill_publisher **publisher);

/* Closes it, if that was not done, and frees it. Nobody uses it any more. NULL is fine. */
void mill_publisher_destroy(struct mill_publisher *publisher);

/* *id is the subscription's, never used again. 0; -EINVAL (no call, no id); -EPIPE (closed); -ENOSPC (as many
 * as there may be; with `queued` also those that have left and whose last call has not returned); -ENOMEM or
 * -EAGAIN (no thread for it); with `locked` what the lock said. */
int mill_publisher_subscribe(struct mill_publisher *publisher, mill_publisher_call *call, void *context,
                             unsigned *id);

/* 0; -ENOENT (no such subscription, or no longer); with `locked` what the lock said. */
int mill_publisher_unsubscribe(struct mill_publisher *publisher, unsigned id);

/* The sample is copied where it has to wait. 0; -EINVAL (NULL); -EPIPE (closed); with `locked` what the lock
 * said, and then nobody was called. */
int mill_publisher_publish(struct mill_publisher *publisher, const void *sample);

/* Samples published so far. By the publishing thread, or once it has finished. */
uint64_t mill_publisher_published(const struct mill_publisher *publisher);

/* Ends it: nothing is published any more, and what was is delivered. Nobody publishes meanwhile. 0, also the
 * second time; -EDEADLK from within a callback that it would have to wait for. */
int mill_publisher_close(struct mill_publisher *publisher);

/* Samples that a subscriber lost by falling behind; also after close. 0 or -ENOENT: with `queued`, no such
 * subscription, or one that has left and whose last call is known to have returned. */
int mill_publisher_dropped(struct mill_publisher *publisher, unsigned id, uint64_t *dropped);

#endif
