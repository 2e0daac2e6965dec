/* A bounded queue of one Scalable Circular Queue (scq_ring.h). Lock-free, where mpmc_ring.c is not: a thread
 * that stops in the middle of a put or a get holds back no other one. The price is two fetch-and-adds and two
 * compare-and-swaps an operation where that ring has one.
 */
#include <stdlib.h>

#include "queue/queue_list.h"
#include "queue/scq_ring.h"

struct scq {
    struct mill_queue queue;
    struct mill_scq ring;
};

static struct mill_scq *ring_of(struct mill_queue *queue)
{
    return &((struct scq *)queue)->ring;
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    size_t items = mill_positions_round_up(capacity);
    struct scq *scq = mill_isolated_alloc(offsetof(struct scq, ring) + mill_scq_size(items));
    if (!scq) {
        return -ENOMEM;
    }
    mill_scq_init(&scq->ring, items);
    scq->queue.capacity = items;
    *queue = &scq->queue;
    return 0;
}

static void destroy(struct mill_queue *queue)
{
    free(queue);
}

static int try_put(struct mill_queue *queue, void *item)
{
    return mill_scq_put(ring_of(queue), item);
}

static int try_get(struct mill_queue *queue, void **item)
{
    return mill_scq_get(ring_of(queue), item);
}

static void close_scq(struct mill_queue *queue)
{
    mill_scq_close(ring_of(queue));
}

const struct mill_queue_ops mill_queue_scq = {
    .about =
        {
            .name = "scq",
            .summary = "two rings of indices, each claimed by fetch-and-add, around an array of items",
            .source = "Nikolaev, A Scalable, Portable, and Memory-Efficient Lock-Free FIFO Queue, 2019",
            .algorithm = "scq",
            .traits = MILL_PARKS,
            .progress = MILL_LOCK_FREE,
        },
    .shape = MILL_QUEUE_BOUNDED,
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .close = close_scq,
};
