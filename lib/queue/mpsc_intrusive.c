#include "queue/mpsc_intrusive.h"

#include <errno.h>

void mill_mpsc_init(struct mill_mpsc *queue)
{
    atomic_init(&queue->stub.next, NULL);
    atomic_init(&queue->last, &queue->stub);
    queue->first = &queue->stub;
}

/* acquire: pairs with the release in push */
static struct mill_mpsc_node *successor(struct mill_mpsc_node *node)
{
    return atomic_load_explicit(&node->next, memory_order_acquire);
}

/* The node is the last one, as far as the links tell. relaxed: the answer alone counts */
static int end_of(struct mill_mpsc *queue, struct mill_mpsc_node *node)
{
    return atomic_load_explicit(&queue->last, memory_order_relaxed) == node ? -EAGAIN : -EBUSY;
}

/* A node leaves only when its successor is known: then its own pusher's successor has written into it for the
 * last time. The stub is pushed again to be the successor of a last node. */
int mill_mpsc_pop(struct mill_mpsc *queue, struct mill_mpsc_node **node)
{
    struct mill_mpsc_node *first = queue->first;
    struct mill_mpsc_node *next = successor(first);
    if (first == &queue->stub) {
        if (!next) {
            return end_of(queue, first);
        }
        queue->first = first = next;
        next = successor(first);
    }
    if (!next) {
        if (end_of(queue, first) == -EBUSY) {
            return -EBUSY;
        }
        mill_mpsc_push(queue, &queue->stub);
        next = successor(first);
        if (!next) {
            return -EBUSY; /* another pusher came first, and has not linked its node yet */
        }
    }
    queue->first = next;
    *node = first;
    return 0;
}
