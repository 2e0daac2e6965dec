/* An intrusive queue of many producers and one consumer (Vyukov 2008): the caller's objects carry the link,
 * so putting one in needs no memory, and cannot fail. The mailbox of an actor, the inbox of a loop.
 *
 *     struct message {
 *         struct mill_mpsc_node node;
 *         …
 *     };
 *     struct mill_mpsc mailbox;
 *     mill_mpsc_init(&mailbox);
 *
 *     any thread:     mill_mpsc_push(&mailbox, &message->node);
 *
 *     the consumer:   struct mill_mpsc_node *node;
 *                     while ((status = mill_mpsc_pop(&mailbox, &node)) == 0)
 *                         handle((struct message *)node);
 *
 * Pushing is one exchange and one store: wait-free. Between these two the list is cut: a pusher that stops
 * there hides what it and others pushed after it from the consumer until it goes on. Pop then says -EBUSY,
 * and not that the queue is empty. It never waits itself.
 *
 * The consumer may change, as long as two pops never overlap and are ordered (a join, a lock). Nodes come out
 * in the order of their exchanges, and belong to the consumer from then on: it may free them at once. What a
 * producer wrote before push is seen after pop. The queue owns nothing: at its end, pop what is left.
 */
#ifndef MILL_QUEUE_MPSC_INTRUSIVE_H
#define MILL_QUEUE_MPSC_INTRUSIVE_H

#include <stdalign.h>
#include <stdatomic.h>

#include "core/cacheline.h"

struct mill_mpsc_node {
    _Atomic(struct mill_mpsc_node *) next;
};

struct mill_mpsc {
    alignas(MILL_ISOLATION) _Atomic(struct mill_mpsc_node *) last; /* what was pushed last */
    alignas(MILL_ISOLATION) struct mill_mpsc_node *first;          /* the consumer's */
    struct mill_mpsc_node stub; /* stands in the list, so that it is never without a node */
};

/* Before any thread uses it. */
void mill_mpsc_init(struct mill_mpsc *queue);

/* The node is the queue's now. */
static inline void mill_mpsc_push(struct mill_mpsc *queue, struct mill_mpsc_node *node)
{
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed); /* handed on by the exchange */
    /* release: the next pusher writes into this node after the line above; acquire: the same for the last one
     */
    struct mill_mpsc_node *before = atomic_exchange_explicit(&queue->last, node, memory_order_acq_rel);
    /* release: pairs with the acquire in pop */
    atomic_store_explicit(&before->next, node, memory_order_release);
}

/* Takes the first node out. 0; -EAGAIN: there is none; -EBUSY: there is one, but a pusher has stopped between
 * its two steps. By the consumer alone. */
int mill_mpsc_pop(struct mill_mpsc *queue, struct mill_mpsc_node **node);

#endif
