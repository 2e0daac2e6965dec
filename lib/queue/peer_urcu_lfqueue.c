/* liburcu's lock-free queue: Michael and Scott's, its nodes reclaimed by RCU. Of the flavours, "bulletproof"
 * registers threads by itself at their first call. Nodes are freed by the library's own thread (call_rcu),
 * which is one more thread in the process from the first such queue on.
 *
 * Its functions are called, not inlined: inside, a dummy node that cannot be allocated ends the process by an
 * assertion.
 */
#include "core/sanitizer.h"
#include "queue/peer.h"
#include "queue/queue_list.h"

#if defined(MILL_HAVE_URCU)
#include <stdlib.h>

#include <urcu/urcu-bp.h>

#include <urcu/rculfqueue.h>

struct node {
    struct cds_lfq_node_rcu link; /* first: a link is its node */
    void *item;
    struct rcu_head reclaim;
};

struct fifo {
    struct mill_peer_queue base;
    alignas(MILL_ISOLATION) struct cds_lfq_queue_rcu fifo;
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
    cds_lfq_init_rcu(&fifo->fifo, urcu_bp_call_rcu);
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
    cds_lfq_node_init_rcu(&node->link);
    urcu_bp_read_lock();
    cds_lfq_enqueue_rcu(&fifo->fifo, &node->link);
    urcu_bp_read_unlock();
    return 0;
}

static void free_node(struct rcu_head *head)
{
    free(caa_container_of(head, struct node, reclaim));
}

static int take(struct mill_queue *queue, void **item)
{
    struct fifo *fifo = fifo_of(queue);
    urcu_bp_read_lock();
    struct node *node = (struct node *)(void *)cds_lfq_dequeue_rcu(&fifo->fifo);
    urcu_bp_read_unlock();
    if (!node) {
        return -EAGAIN;
    }
    *item = node->item;
    urcu_bp_call_rcu(&node->reclaim, free_node);
    return 0;
}

static void destroy(struct mill_queue *queue)
{
    struct fifo *fifo = fifo_of(queue);
    void *item;
    while (take(queue, &item) == 0) {
    }
    cds_lfq_destroy_rcu(&fifo->fifo);
    urcu_bp_barrier(); /* no node is left on its way to be freed */
    free(fifo);
}

static int try_put(struct mill_queue *queue, void *item)
{
    return mill_peer_put(queue, item, add);
}

static int try_get(struct mill_queue *queue, void **item)
{
    return mill_peer_get(queue, item, take);
}
#endif

/* What that thread frees is seen, and why it may is not: even a test of one thread would be told of races. */
#if MILL_UNDER_TSAN
#define MISSING "not under ThreadSanitizer: liburcu's own thread is not instrumented"
#else
#define MISSING MILL_URCU_MISSING
#endif

const struct mill_queue_ops mill_queue_urcu_lfqueue = {
    .about =
        {
            .name = "urcu-lfqueue",
            .summary = "liburcu's queue of Michael and Scott, its nodes reclaimed by RCU",
            .source = MILL_URCU_SOURCE ", cds_lfq_queue_rcu over liburcu-bp",
            .algorithm = "michael-scott-rcu",
            .library = MILL_URCU_LIBRARY,
            .missing = MISSING,
            .traits = MILL_URCU_TRAITS,
            .progress = MILL_LOCK_FREE,
        },
    .shape = MILL_QUEUE_LOOSE_CLOSE | MILL_QUEUE_LOOSE_MEMORY,
    .create = MILL_URCU(create),
    .destroy = MILL_URCU(destroy),
    .try_put = MILL_URCU(try_put),
    .try_get = MILL_URCU(try_get),
    .close = MILL_URCU(mill_peer_close),
};
