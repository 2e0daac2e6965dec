/* Vyukov's list of many producers and one consumer (mpsc_intrusive.h) as a queue of the family: it brings the
 * nodes, and the closing, which the list does not know.
 *
 * A push cannot be refused once it has begun, so closing needs to know who has begun: gate.h.
 *
 * A put is wait-free but for malloc, which is called when neither the thread nor the shelf has a node left. A
 * get waits for a producer that has stopped in the middle of a push: behind it are items that others have
 * put.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/backoff.h"
#include "core/cacheline.h"
#include "queue/gate.h"
#include "queue/mpsc_intrusive.h"
#include "queue/queue_list.h"
#include "queue/shelf.h"

#define RETURNED_AT_ONCE 128 /* nodes that the consumer gathers before it gives them back */

struct node {
    struct mill_retired link; /* first; of a chain of nodes that are out of the queue */
    struct mill_mpsc_node listed;
    void *item;
};

struct seat {
    alignas(MILL_ISOLATION) struct mill_gate_seat at_gate; /* first */
    struct mill_retired *spare;                            /* nodes for the puts of this thread */
};

struct inbox {
    struct mill_queue queue;
    struct mill_seats seats;
    struct mill_gate gate;
    struct mill_mpsc list;
    alignas(MILL_ISOLATION) struct mill_retired *used; /* the consumer's, as is the next line */
    unsigned used_count;
    struct mill_shelf shelf;
};

static struct inbox *inbox_of(struct mill_queue *queue)
{
    return (struct inbox *)queue;
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    (void)capacity;
    struct inbox *inbox = mill_isolated_alloc(sizeof *inbox);
    if (!inbox) {
        return -ENOMEM;
    }
    int status = mill_seats_open(&inbox->seats, sizeof(struct seat));
    if (status < 0) {
        free(inbox);
        return status;
    }
    mill_mpsc_init(&inbox->list);
    *queue = &inbox->queue;
    return 0;
}

static struct node *node_of(struct mill_mpsc_node *listed)
{
    return (struct node *)(void *)((char *)listed - offsetof(struct node, listed));
}

static void destroy(struct mill_queue *queue)
{
    struct inbox *inbox = inbox_of(queue);
    struct mill_mpsc_node *listed;
    while (mill_mpsc_pop(&inbox->list, &listed) == 0) {
        free(node_of(listed));
    }
    struct seat *seat;
    for (unsigned cursor = 0; (seat = mill_seats_next(&inbox->seats, &cursor));) {
        mill_chain_free(seat->spare);
    }
    mill_chain_free(inbox->used);
    mill_shelf_clear(&inbox->shelf);
    mill_seats_close(&inbox->seats);
    free(inbox);
}

static int push(struct inbox *inbox, struct seat *seat, void *item)
{
    struct mill_retired *link = seat->spare ? seat->spare : mill_shelf_take(&inbox->shelf);
    struct node *node = (struct node *)(void *)link;
    if (node) {
        seat->spare = link->next;
    } else {
        node = malloc(sizeof *node);
        if (!node) {
            return -ENOMEM;
        }
    }
    node->item = item;
    mill_mpsc_push(&inbox->list, &node->listed);
    return 0;
}

static int try_put(struct mill_queue *queue, void *item)
{
    struct inbox *inbox = inbox_of(queue);
    struct seat *seat = mill_seats_take(&inbox->seats);
    int status = mill_gate_enter(&inbox->gate, &seat->at_gate) ? push(inbox, seat, item) : -EPIPE;
    mill_gate_leave(&seat->at_gate);
    mill_seats_leave(&inbox->seats, seat);
    return status;
}

static int pop(struct inbox *inbox, struct mill_mpsc_node **listed)
{
    int status = mill_mpsc_pop(&inbox->list, listed);
    for (struct mill_backoff backoff = MILL_BACKOFF_INIT; status == -EBUSY;) {
        mill_backoff_wait(&backoff);
        status = mill_mpsc_pop(&inbox->list, listed);
    }
    return status;
}

static void use_again(struct inbox *inbox, struct node *node)
{
    node->link.next = inbox->used;
    inbox->used = &node->link;
    if (++inbox->used_count == RETURNED_AT_ONCE) {
        mill_shelf_give(&inbox->shelf, inbox->used);
        inbox->used = NULL;
        inbox->used_count = 0;
    }
}

static int try_get(struct mill_queue *queue, void **item)
{
    struct inbox *inbox = inbox_of(queue);
    struct mill_mpsc_node *listed;
    int status = pop(inbox, &listed);
    if (status == -EAGAIN && mill_gate_is_shut(&inbox->gate, &inbox->seats)) {
        status = pop(inbox, &listed);
        status = status == -EAGAIN ? -EPIPE : status;
    }
    if (status == 0) {
        *item = node_of(listed)->item;
        use_again(inbox, node_of(listed));
    }
    return status;
}

static void close_inbox(struct mill_queue *queue)
{
    mill_gate_shut(&inbox_of(queue)->gate);
}

const struct mill_queue_ops mill_queue_mpsc = {
    .about =
        {
            .name = "mpsc",
            .summary = "a list that producers exchange themselves into; one consumer",
            .source = "Vyukov 2008",
            .algorithm = "mpsc",
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_QUEUE_ONE_CONSUMER,
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .close = close_inbox,
};
