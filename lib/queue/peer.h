/* What the queues of other libraries share: they know no closing, so it stands here, once. C++ reaches it
 * through peer_cxx.h.
 *
 *     struct adapter {
 *         struct mill_peer_queue base;
 *         ...
 *     };
 *     static int add(struct mill_queue *queue, void *item);        0, -EAGAIN or -ENOMEM
 *     static int take(struct mill_queue *queue, void **item);      0 or -EAGAIN
 *
 *     static int try_put(struct mill_queue *queue, void *item)
 *     {
 *         return mill_peer_put(queue, item, add);
 *     }
 *
 * A put looks at the flag first, so one that overlaps close may stay behind: MILL_QUEUE_LOOSE_CLOSE. Both
 * cost an adapter one load of a word that is written once.
 */
#ifndef MILL_QUEUE_PEER_H
#define MILL_QUEUE_PEER_H

#include <errno.h>

#include "core/c11.h"
#include "core/cacheline.h"
#include "core/peer.h"
#include "queue/queue.h"

/* How every adapter's own queue begins, in zeroed memory. */
struct mill_peer_queue {
    struct mill_queue queue;
    alignas(MILL_ISOLATION) atomic_bool closed;
};

/* The table's `close`. */
void mill_peer_close(struct mill_queue *queue);

static inline bool mill_peer_closed(struct mill_queue *queue)
{
    /* acquire: pairs with the release in mill_peer_close; whoever sees it sees all that was put before */
    return atomic_load_explicit(&((struct mill_peer_queue *)(void *)queue)->closed, memory_order_acquire);
}

static inline int mill_peer_put(struct mill_queue *queue, void *item,
                                int (*add)(struct mill_queue *queue, void *item))
{
    return mill_peer_closed(queue) ? -EPIPE : add(queue, item);
}

/* What was put between the first look and close is found by the second one. */
static inline int mill_peer_get(struct mill_queue *queue, void **item,
                                int (*take)(struct mill_queue *queue, void **item))
{
    int status = take(queue, item);
    if (status == -EAGAIN && mill_peer_closed(queue)) {
        status = take(queue, item);
        return status == -EAGAIN ? -EPIPE : status;
    }
    return status;
}

/* The least power of two that is not less than `least` and not less than 2. */
static inline size_t mill_peer_power_of_two(size_t least)
{
    size_t power = 2;
    while (power < least) {
        power *= 2;
    }
    return power;
}

#endif
