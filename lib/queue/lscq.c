/* An unbounded queue: a list of Scalable Circular Queues (Nikolaev 2019, LSCQ). Puts go to the last ring,
 * gets come from the first. A ring that is full is closed for good, and the put that found it so links the
 * next one, with its item inside; a ring that is closed and drained is taken out and goes, when no hazard
 * pointer holds it, to the next put that needs one.
 *
 * Of the class of LCRQ (Morrison and Afek 2013) and LPRQ (Romanov and Koval 2023): one or two fetch-and-adds
 * an operation, and a link once in a ring instead of once in an item. LCRQ needs a compare-and-swap of two
 * words. LPRQ does without, but marks a slot that is being filled by a value of its own in place of the item,
 * so it must tell its values from items; here an item is any pointer. And the rings of both close in the
 * middle when a put is starved, those of the SCQ only when they are full, so memory follows the items.
 *
 * Lock-free but for malloc, which is called when the shelf has no ring left.
 *
 * Closing is exact: a seal in the `next` of the last ring, so that no other one comes behind it, and then the
 * ring's own closing, which each put is before or behind.
 */
#include <errno.h>
#include <stdlib.h>

#include "queue/hazard.h"
#include "queue/queue_list.h"
#include "queue/scq_ring.h"
#include "queue/shelf.h"

#define RING_ITEMS_MAX 1024 /* of one ring; the hint of create is taken up to here */
#define BATCH          2    /* rings retired between two scans: they are large, and seldom retired */

struct node {
    struct mill_retired link; /* first */
    _Atomic(struct node *) next;
    struct mill_scq ring;
};

struct list {
    struct mill_queue queue;
    struct mill_hazards hazards;
    size_t items;     /* of a ring */
    struct node seal; /* only its address is used */
    struct mill_shelf shelf;
    alignas(MILL_ISOLATION) _Atomic(struct node *) head; /* the ring that gets come from */
    alignas(MILL_ISOLATION) _Atomic(struct node *) tail; /* the last ring, or one before it */
};

static struct list *list_of(struct mill_queue *queue)
{
    return (struct list *)queue;
}

/* ---- rings ---- */

/* An empty ring behind which there is none; NULL: no memory. */
static struct node *make_node(struct list *list)
{
    struct node *node = (struct node *)(void *)mill_shelf_take(&list->shelf);
    if (!node) {
        node = mill_isolated_alloc(offsetof(struct node, ring) + mill_scq_size(list->items));
    } else if (node->link.next) {
        mill_shelf_give(&list->shelf, node->link.next);
    }
    if (node) {
        node->link.next = NULL;
        /* relaxed: published by the swap of who links the node */
        atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
        mill_scq_init(&node->ring, list->items);
    }
    return node;
}

static void use_again(void *context, struct mill_retired *chain)
{
    struct list *list = context;
    mill_shelf_give(&list->shelf, chain);
}

/* The node at that end, which is not used again until the caller holds another one or leaves.
 * acquire: pairs with the release in `move` and in create */
static struct node *hold(struct mill_hazard_seat *seat, _Atomic(struct node *) *end)
{
    struct node *node = atomic_load_explicit(end, memory_order_acquire), *seen;
    do {
        seen = node;
        mill_hazard_protect(seat, 0, &seen->link);
        node = atomic_load_explicit(end, memory_order_acquire);
    } while (node != seen);
    return node;
}

/* acq_rel: hands the node on to those who find it here */
static bool move(_Atomic(struct node *) *end, struct node *from, struct node *to)
{
    return atomic_compare_exchange_strong_explicit(end, &from, to, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

/* Links `node` behind `last`. NULL, or what is there already.
 * release: what was written to the node; acquire: that of the other one */
static struct node *link_behind(struct node *last, struct node *node)
{
    struct node *next = NULL;
    atomic_compare_exchange_strong_explicit(&last->next, &next, node, memory_order_acq_rel,
                                            memory_order_acquire);
    return next;
}

/* ---- the operations ---- */

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    struct list *list = mill_isolated_alloc(sizeof *list);
    if (!list) {
        return -ENOMEM;
    }
    list->items = mill_positions_round_up(capacity < RING_ITEMS_MAX ? capacity : RING_ITEMS_MAX);
    const struct mill_retired_options options = {.free = use_again, .context = list, .batch = BATCH};
    int status = mill_hazards_open(&list->hazards, &options);
    if (status < 0) {
        goto no_hazards;
    }
    struct node *node = make_node(list);
    if (!node) {
        status = -ENOMEM;
        goto no_node;
    }
    atomic_init(&list->head, node);
    atomic_init(&list->tail, node);
    *queue = &list->queue;
    return 0;

no_node:
    mill_hazards_close(&list->hazards);
no_hazards:
    free(list);
    return status;
}

static void destroy(struct mill_queue *queue)
{
    struct list *list = list_of(queue);
    mill_hazards_close(&list->hazards);
    mill_shelf_clear(&list->shelf);
    struct node *node = atomic_load_explicit(&list->head, memory_order_relaxed); /* no other thread is left */
    while (node && node != &list->seal) {
        struct node *next = atomic_load_explicit(&node->next, memory_order_relaxed);
        free(node);
        node = next;
    }
    free(list);
}

/* The ring of `last` takes no more: links a new one behind it, which holds the item. 0; -ENOMEM; -EAGAIN:
 * there is one behind it now, of another thread. */
static int grow(struct list *list, struct node *last, void *item)
{
    mill_scq_close(&last->ring);
    struct node *node = make_node(list);
    if (!node) {
        return -ENOMEM;
    }
    mill_scq_put(&node->ring, item); /* 0: it is empty, and nobody else's */
    if (link_behind(last, node)) {
        mill_shelf_give(&list->shelf, &node->link);
        return -EAGAIN;
    }
    move(&list->tail, last, node);
    return 0;
}

static int try_put(struct mill_queue *queue, void *item)
{
    struct list *list = list_of(queue);
    struct mill_hazard_seat *seat = mill_hazards_enter(&list->hazards);
    int status;
    do {
        struct node *last = hold(seat, &list->tail);
        /* acquire: pairs with the release in link_behind */
        struct node *next = atomic_load_explicit(&last->next, memory_order_acquire);
        if (next) {
            status = next == &list->seal ? -EPIPE : -EAGAIN;
            if (status == -EAGAIN) {
                move(&list->tail, last, next);
            }
        } else {
            status = mill_scq_put(&last->ring, item);
            if (status < 0) {
                status = grow(list, last, item);
            }
        }
    } while (status == -EAGAIN);
    mill_hazards_leave(&list->hazards, seat);
    return status;
}

static int try_get(struct mill_queue *queue, void **item)
{
    struct list *list = list_of(queue);
    struct mill_hazard_seat *seat = mill_hazards_enter(&list->hazards);
    struct node *first = hold(seat, &list->head);
    int status;
    while ((status = mill_scq_get(&first->ring, item)) == -EPIPE) {
        /* acquire: pairs with the release in link_behind */
        struct node *next = atomic_load_explicit(&first->next, memory_order_acquire);
        if (!next) {
            status = -EAGAIN; /* the put that found it full has yet to link the next one */
        }
        if (!next || next == &list->seal) {
            break;
        }
        move(&list->tail, first, next); /* if it is still there: the tail never points to what is retired */
        if (move(&list->head, first, next)) {
            mill_hazard_retire(&list->hazards, seat, &first->link);
        }
        first = hold(seat, &list->head);
    }
    mill_hazards_leave(&list->hazards, seat);
    return status;
}

static void close_lscq(struct mill_queue *queue)
{
    struct list *list = list_of(queue);
    struct mill_hazard_seat *seat = mill_hazards_enter(&list->hazards);
    struct node *last = hold(seat, &list->tail), *next;
    while ((next = link_behind(last, &list->seal)) && next != &list->seal) {
        move(&list->tail, last, next);
        last = hold(seat, &list->tail);
    }
    mill_scq_close(&last->ring);
    mill_hazards_leave(&list->hazards, seat);
}

const struct mill_queue_ops mill_queue_lscq = {
    .about =
        {
            .name = "lscq",
            .summary = "an unbounded list of circular queues that are claimed by fetch-and-add",
            .source = "Nikolaev, A Scalable, Portable, and Memory-Efficient Lock-Free FIFO Queue, 2019",
            .algorithm = "list-of-rings",
            .traits = MILL_PARKS,
            .progress = MILL_LOCK_FREE,
        },
    .shape = 0,
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .close = close_lscq,
};
