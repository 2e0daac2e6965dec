/* Queues (rows 8 and 9 of the patterns): one table, one strategy a file.
 *
 *     struct mill_queue *queue;
 *     int status = mill_queue_create(mill_queue_ops_find("mpmc-ring"), 1024, &queue);
 *
 *     producers:  status = mill_queue_put(queue, item, MILL_FOREVER);
 *                 mill_queue_close(queue);                              the last one, when all is put
 *     consumers:  while ((status = mill_queue_get(queue, &item, MILL_FOREVER)) == 0)
 *                     use(item);                                        ends with -EPIPE: closed and drained
 *
 *     mill_queue_destroy(queue);
 *
 * An item is a pointer that the queue never looks into; NULL is none and is refused with -EINVAL. What a
 * producer wrote before it put an item is seen by the consumer that gets it (release, acquire).
 *
 * Any number of threads may put and get at once, except where `shape` says that there is one producer or one
 * consumer; that one may change, as long as the calls of two threads never overlap and are ordered (a join, a
 * lock). The progress guarantee of a strategy (about.progress) is that of its try calls; put and get that
 * wait are blocking.
 *
 * Closing: a put that starts after close returned fails with -EPIPE; a put that overlaps it either succeeds,
 * and its item is there for a get, or fails with -EPIPE. Once get has said -EPIPE no item is left and none
 * will come. Closing twice is fine. With MILL_QUEUE_ONE_PRODUCER, close is the producer's call; with
 * MILL_QUEUE_LOOSE_CLOSE (peers that know no closing) it must be ordered after the last put.
 *
 * Destroying: -EPIPE is no permission. It tells one thread that nothing is left for it; another may still be
 * inside a put or a get, about to look once more, to wake somebody, or to be woken. The queue may be
 * destroyed when all calls of all other threads have returned and the destroyer has come behind that: it has
 * joined them, or has seen (acquire) what each wrote (release) after its last call.
 *
 * Errors, the same for all: -EINVAL (a NULL item or place for one, a negative timeout), -EAGAIN (from the two
 * try calls alone: full or empty), -ETIMEDOUT (from put and get alone, also for a timeout of 0, which makes
 * of them one try), -EPIPE (closed; for get: and empty), -ENOMEM (an unbounded queue could not grow; nothing
 * was put).
 */
#ifndef MILL_QUEUE_QUEUE_H
#define MILL_QUEUE_QUEUE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/strategy.h"
#include "core/timeout.h"
#include "sync/parking.h"

/* Which queues may be compared with which: like with like. */
enum mill_queue_shape {
    MILL_QUEUE_BOUNDED = 1 << 0,      /* put waits, or try_put fails, while it is full */
    MILL_QUEUE_ONE_PRODUCER = 1 << 1, /* one thread at a time puts */
    MILL_QUEUE_ONE_CONSUMER = 1 << 2, /* one thread at a time gets */
    MILL_QUEUE_PRODUCER_ORDER =
        1 << 3, /* only the items of one producer come out in order; else all do (FIFO) */
    MILL_QUEUE_DROPS_OLDEST = 1 << 4, /* put never waits: on a full queue the oldest item makes room */
    MILL_QUEUE_LOOSE_CLOSE = 1 << 5,  /* a put that overlaps close may stay behind */
    MILL_QUEUE_LOOSE_ORDER = 1 << 6,  /* an item may come out late when its producer stalls amid its put */
    MILL_QUEUE_LOOSE_MEMORY = 1 << 7, /* without memory it leaks, ends the process or refuses for good */
};

struct mill_queue_ops;

/* How every strategy's own queue begins. All but the parkings is only read once the queue is made. */
struct mill_queue {
    const struct mill_queue_ops *ops;
    size_t capacity;               /* items that it holds at most; 0: as many as memory does */
    struct mill_parking not_empty; /* where those wait that found nothing */
    struct mill_parking not_full;  /* where those wait that found no room */
};

struct mill_queue_ops {
    struct mill_strategy about;
    unsigned shape; /* of enum mill_queue_shape */

    /* Allocates, with room for at least `capacity` items (a bounded strategy may round up, and sets
     * queue->capacity to what it holds; to an unbounded one it is a hint, and queue->capacity stays 0).
     * mill_queue_create checks the arguments and sets `ops`. 0 or -ENOMEM. */
    int (*create)(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue);
    void (*destroy)(struct mill_queue *queue);

    /* Never wait. 0; -EAGAIN; -EPIPE; -ENOMEM (put). The item is not NULL. */
    int (*try_put)(struct mill_queue *queue, void *item);
    int (*try_get)(struct mill_queue *queue, void **item);
    void (*close)(struct mill_queue *queue);

    /* For strategies that wait and wake by themselves (a mutex and conditions); else both NULL: then waiting
     * is built from the try calls and the two parkings, in queue.c, for all strategies alike. Both get a
     * deadline (core/timeout.h), never that of a timeout of 0, which is a try. */
    int (*put)(struct mill_queue *queue, void *item, uint64_t deadline);
    int (*get)(struct mill_queue *queue, void **item, uint64_t deadline);

    /* Items that were dropped to make room; with MILL_QUEUE_DROPS_OLDEST alone, else NULL. Any thread. */
    uint64_t (*dropped)(const struct mill_queue *queue);
};

#define MILL_QUEUE_CAPACITY_MAX ((size_t)1 << 30)

extern const struct mill_family mill_queue_family;

static inline const struct mill_queue_ops *mill_queue_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_queue_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_queue_ops *mill_queue_ops_find(const char *name);

/* A ring takes all its memory now, and some touch it: 8 to 128 bytes an item, so up to gigabytes for absurd
 * capacities. 0; -EINVAL (no table, capacity 0 or over MILL_QUEUE_CAPACITY_MAX); -ENOMEM; -ENOTSUP where the
 * strategy is missing in this build. */
int mill_queue_create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue);

/* No thread is inside a call any more, and none will be (see above). Items that are still in it are
 * forgotten, not freed. NULL is fine. */
void mill_queue_destroy(struct mill_queue *queue);

/* Waits until there is room, until `timeout_ns` is over (core/timeout.h) or until the queue is closed. */
int mill_queue_put(struct mill_queue *queue, void *item, int64_t timeout_ns);

/* Waits until there is an item, until `timeout_ns` is over or until the queue is closed and drained. `*item`
 * is set on success alone. */
int mill_queue_get(struct mill_queue *queue, void **item, int64_t timeout_ns);

/* Ends the queue and wakes all that wait. */
void mill_queue_close(struct mill_queue *queue);

static inline int mill_queue_try_put(struct mill_queue *queue, void *item)
{
    if (!item) {
        return -EINVAL;
    }
    int status = queue->ops->try_put(queue, item);
    if (status == 0 && !queue->ops->put) {
        mill_parking_wake(&queue->not_empty, 1);
    }
    return status;
}

static inline int mill_queue_try_get(struct mill_queue *queue, void **item)
{
    if (!item) {
        return -EINVAL;
    }
    int status = queue->ops->try_get(queue, item);
    if (status == 0 && !queue->ops->get && (queue->ops->shape & MILL_QUEUE_BOUNDED)) {
        mill_parking_wake(&queue->not_full, 1);
    }
    return status;
}

#endif
