/* liburcu's queue with wait-free enqueue, in two ways: many consumers behind the lock that it brings along,
 * and one consumer without. A consumer that meets a producer between its two steps waits for it, as the
 * library does it: some looks, then sleeps of ten milliseconds.
 */
#include "queue/peer.h"
#include "queue/queue_list.h"

#if defined(MILL_HAVE_URCU)
#include <stdlib.h>

#define _LGPL_SOURCE /* its operations inline, as for every other peer */
#include <urcu/wfcqueue.h>

struct node {
    struct cds_wfcq_node link; /* first: a link is its node */
    void *item;
};

struct fifo {
    struct mill_peer_queue base;
    alignas(MILL_ISOLATION) struct cds_wfcq_head head;
    alignas(MILL_ISOLATION) struct cds_wfcq_tail tail;
};

static struct fifo *fifo_of(struct mill_queue *queue)
{
    return (struct fifo *)(void *)queue;
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    (void)capacity;
    struct fifo *fifo = mill_isolated_alloc(sizeof *fifo);
    if (!fifo) {
        return -ENOMEM;
    }
    cds_wfcq_init(&fifo->head, &fifo->tail);
    *queue = &fifo->base.queue;
    return 0;
}

static int add(struct mill_queue *queue, void *item)
{
    struct fifo *fifo = fifo_of(queue);
    struct node *node = malloc(sizeof *node);
    if (!node) {
        return -ENOMEM;
    }
    node->item = item;
    cds_wfcq_node_init(&node->link);
    cds_wfcq_enqueue(&fifo->head, &fifo->tail, &node->link);
    return 0;
}

static int unwrap(struct cds_wfcq_node *link, void **item)
{
    if (!link) {
        return -EAGAIN;
    }
    struct node *node = (struct node *)link;
    *item = node->item;
    free(node);
    return 0;
}

static int take_locked(struct mill_queue *queue, void **item)
{
    struct fifo *fifo = fifo_of(queue);
    return unwrap(cds_wfcq_dequeue_blocking(&fifo->head, &fifo->tail), item);
}

static int take_alone(struct mill_queue *queue, void **item)
{
    struct fifo *fifo = fifo_of(queue);
    return unwrap(__cds_wfcq_dequeue_blocking(&fifo->head, &fifo->tail), item);
}

static void destroy(struct mill_queue *queue)
{
    struct fifo *fifo = fifo_of(queue);
    void *item;
    while (take_alone(queue, &item) == 0) {
    }
    cds_wfcq_destroy(&fifo->head, &fifo->tail);
    free(fifo);
}

static int try_put(struct mill_queue *queue, void *item)
{
    return mill_peer_put(queue, item, add);
}

static int try_get_locked(struct mill_queue *queue, void **item)
{
    return mill_peer_get(queue, item, take_locked);
}

static int try_get_alone(struct mill_queue *queue, void **item)
{
    return mill_peer_get(queue, item, take_alone);
}
#endif

const struct mill_queue_ops mill_queue_urcu_wfcqueue = {
    .about =
        {
            .name = "urcu-wfcqueue",
            .summary = "liburcu's list with wait-free enqueue, consumers behind its mutex",
            .source = MILL_URCU_SOURCE ", cds_wfcq_dequeue_blocking",
            .algorithm = "exchange-and-lock",
            .library = MILL_URCU_LIBRARY,
            .missing = MILL_URCU_MISSING,
            .traits = MILL_URCU_TRAITS | MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_QUEUE_LOOSE_CLOSE,
    .create = MILL_URCU(create),
    .destroy = MILL_URCU(destroy),
    .try_put = MILL_URCU(try_put),
    .try_get = MILL_URCU(try_get_locked),
    .close = MILL_URCU(mill_peer_close),
};

const struct mill_queue_ops mill_queue_urcu_wfcqueue_mpsc = {
    .about =
        {
            .name = "urcu-wfcqueue-mpsc",
            .summary = "liburcu's list with wait-free enqueue, one consumer without a lock",
            .source = MILL_URCU_SOURCE ", __cds_wfcq_dequeue_blocking",
            .algorithm = "mpsc",
            .library = MILL_URCU_LIBRARY,
            .missing = MILL_URCU_MISSING,
            .traits = MILL_URCU_TRAITS,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_QUEUE_ONE_CONSUMER | MILL_QUEUE_LOOSE_CLOSE,
    .create = MILL_URCU(create),
    .destroy = MILL_URCU(destroy),
    .try_put = MILL_URCU(try_put),
    .try_get = MILL_URCU(try_get_alone),
    .close = MILL_URCU(mill_peer_close),
};
