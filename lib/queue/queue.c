#include "queue/queue.h"

#include <errno.h>
#include <stdio.h>

#include "core/pause.h"
#include "queue/queue_list.h"

#define STRATEGY(ident) &mill_queue_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_QUEUES(STRATEGY)};

/* What the caller can rely on; how loosely a peer closes or grows is no such thing. */
static const char *shape(const struct mill_strategy *strategy, char *buffer, size_t size)
{
    unsigned bits = mill_queue_ops_of(strategy)->shape;
    snprintf(buffer, size, "%sp%sc, %s, %s", bits & MILL_QUEUE_ONE_PRODUCER ? "s" : "m",
             bits & MILL_QUEUE_ONE_CONSUMER ? "s" : "m",
             bits & MILL_QUEUE_DROPS_OLDEST ? "drops oldest"
             : bits & MILL_QUEUE_BOUNDED    ? "bounded"
                                            : "unbounded",
             bits & MILL_QUEUE_PRODUCER_ORDER ? "FIFO per producer"
             : bits & MILL_QUEUE_LOOSE_ORDER  ? "loose FIFO"
                                              : "FIFO");
    return buffer;
}

const struct mill_family mill_queue_family = {
    .name = "queue",
    .summary = "items go from the threads that put to the threads that get",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
    .shape = shape,
};

/* Looks before a waiter goes to sleep: a waiter that parks at once pays a heavy fence and a system call for
 * an item that is some hundred nanoseconds away. */
#define LOOKS_BEFORE_PARKING 100

const struct mill_queue_ops *mill_queue_ops_find(const char *name)
{
    return mill_queue_ops_of(mill_family_find(&mill_queue_family, name));
}

int mill_queue_create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    if (!ops || !queue || capacity == 0 || capacity > MILL_QUEUE_CAPACITY_MAX) {
        return -EINVAL;
    }
    if (ops->about.missing) {
        return -ENOTSUP;
    }
    mill_fence_open();
    int status = ops->create(ops, capacity, queue);
    if (status == 0) {
        (*queue)->ops = ops;
    }
    return status;
}

void mill_queue_destroy(struct mill_queue *queue)
{
    if (queue) {
        queue->ops->destroy(queue);
    }
}

/* ---- waiting, for strategies that only try ---- */

/* One try of a put or a get: the item goes in or comes out through `item`. */
typedef int attempt(struct mill_queue *queue, void **item);

static int attempt_put(struct mill_queue *queue, void **item)
{
    return mill_queue_try_put(queue, *item);
}

/* Tries until it is neither full nor empty, or late. What stays -EAGAIN at the deadline is -ETIMEDOUT.
 *
 * Whoever was woken and leaves passes the wake on. Items need not become visible in the order in which their
 * puts wake: the wake of a second item is spent on a waiter that finds the first one still on its way, and
 * the wake of the first then stands for both. And of a queue that was closed with items on their way, it is
 * the getter of the last one that knows that the others need not wait any longer. */
static int insist(struct mill_queue *queue, attempt *once, void **item, struct mill_parking *parking,
                  uint64_t deadline)
{
    bool woken = false;
    int status = once(queue, item);
    for (int looks = 0; status == -EAGAIN && looks < LOOKS_BEFORE_PARKING; looks++) {
        mill_pause();
        status = once(queue, item);
    }
    while (status == -EAGAIN) {
        mill_parking_prepare(parking);
        status = once(queue, item);
        if (status != -EAGAIN) {
            mill_parking_cancel(parking);
            break;
        }
        bool late = mill_parking_wait(parking, deadline) < 0;
        woken |= !late;
        status = once(queue, item);
        if (late && status == -EAGAIN) {
            return -ETIMEDOUT;
        }
    }
    if (woken) {
        mill_parking_wake(parking, 1);
    }
    return status;
}

/* The clock may cost more than all the rest of a put or a get, so those that need it try before they look at
 * it. One whose timeout is 0 has then done all that it may: it reads no clock, and pays no heavy fence for a
 * parking that it does not use. */
static int try_before(attempt *once, struct mill_queue *queue, void **item, int64_t timeout_ns)
{
    if (timeout_ns < 0 || timeout_ns == MILL_FOREVER) {
        return -EAGAIN;
    }
    int status = once(queue, item);
    return status == -EAGAIN && timeout_ns == 0 ? -ETIMEDOUT : status;
}

int mill_queue_put(struct mill_queue *queue, void *item, int64_t timeout_ns)
{
    uint64_t deadline;
    int status = try_before(attempt_put, queue, &item, timeout_ns);
    if (status != -EAGAIN) {
        return status;
    }
    status = item ? mill_deadline_after(timeout_ns, &deadline) : -EINVAL;
    if (status < 0) {
        return status;
    }
    return queue->ops->put ? queue->ops->put(queue, item, deadline)
                           : insist(queue, attempt_put, &item, &queue->not_full, deadline);
}

int mill_queue_get(struct mill_queue *queue, void **item, int64_t timeout_ns)
{
    uint64_t deadline;
    int status = try_before(mill_queue_try_get, queue, item, timeout_ns);
    if (status != -EAGAIN) {
        return status;
    }
    status = item ? mill_deadline_after(timeout_ns, &deadline) : -EINVAL;
    if (status < 0) {
        return status;
    }
    return queue->ops->get ? queue->ops->get(queue, item, deadline)
                           : insist(queue, mill_queue_try_get, item, &queue->not_empty, deadline);
}

void mill_queue_close(struct mill_queue *queue)
{
    queue->ops->close(queue);
    if (!queue->ops->put) {
        mill_parking_wake(&queue->not_empty, UINT32_MAX);
        mill_parking_wake(&queue->not_full, UINT32_MAX);
    }
}
