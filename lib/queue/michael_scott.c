/* Michael and Scott's queue (1996): a list of nodes, its first one a dummy, with compare-and-swap at both
 * ends. A tail that lags is helped forward by whoever meets it. Nodes that were taken out are used again when
 * hazard pointers, or epochs, say that nobody looks at them: two strategies, for which the compiler makes two
 * copies of each function (`scheme` is a constant wherever it is called).
 *
 * Lock-free but for malloc, which is called when neither the thread nor the shelf has a node left.
 *
 * Closing is precise: it seals the `next` of the last node with an address that is no node's, so a put either
 * linked its node before the seal, or finds it.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "queue/epoch.h"
#include "queue/hazard.h"
#include "queue/queue_list.h"
#include "queue/shelf.h"

enum scheme {
    HAZARD,
    EPOCH,
};

#define EACH_SCHEME static inline __attribute__((always_inline))

struct node {
    struct mill_retired link; /* first; of a chain of nodes that are out of the queue */
    _Atomic(struct node *) next;
    void *item;
};

struct hazard_seat {
    struct mill_hazard_seat record;
    struct mill_retired *spare; /* nodes for the puts of this thread */
};

struct epoch_seat {
    struct mill_epoch_seat record;
    struct mill_retired *spare;
};

struct list {
    struct mill_queue queue;
    union {
        struct mill_hazards hazards;
        struct mill_epochs epochs;
    };
    struct node seal; /* only its address is used */
    struct mill_shelf shelf;
    alignas(
        MILL_ISOLATION) _Atomic(struct node *) head; /* the dummy: the item of the next one is the first */
    alignas(MILL_ISOLATION) _Atomic(struct node *) tail; /* the last node, or some nodes behind it */
};

static struct list *list_of(struct mill_queue *queue)
{
    return (struct list *)queue;
}

/* ---- what the two schemes differ in ---- */

EACH_SCHEME void *enter(struct list *list, enum scheme scheme)
{
    return scheme == HAZARD ? (void *)mill_hazards_enter(&list->hazards)
                            : (void *)mill_epochs_enter(&list->epochs);
}

EACH_SCHEME void leave(struct list *list, void *seat, enum scheme scheme)
{
    if (scheme == HAZARD) {
        mill_hazards_leave(&list->hazards, seat);
    } else {
        mill_epochs_leave(&list->epochs, seat);
    }
}

EACH_SCHEME struct mill_retired **spare_of(void *seat, enum scheme scheme)
{
    return scheme == HAZARD ? &((struct hazard_seat *)seat)->spare : &((struct epoch_seat *)seat)->spare;
}

EACH_SCHEME void retire(struct list *list, void *seat, struct node *node, enum scheme scheme)
{
    if (scheme == HAZARD) {
        mill_hazard_retire(&list->hazards, seat, &node->link);
    } else {
        mill_epoch_retire(&list->epochs, seat, &node->link);
    }
}

/* From here on the node is not used again, if *end still is `node`; looked at by the next load of it. */
EACH_SCHEME void protect(void *seat, unsigned slot, const struct node *node, enum scheme scheme)
{
    if (scheme == HAZARD) {
        mill_hazard_protect(seat, slot, &node->link);
    }
}

/* The node that is at that end, which is not used again until the slot changes.
 * acquire: pairs with the release of whoever put it there */
EACH_SCHEME struct node *hold(void *seat, _Atomic(struct node *) *end, enum scheme scheme)
{
    struct node *node = atomic_load_explicit(end, memory_order_acquire);
    if (scheme == HAZARD) {
        for (struct node *seen = NULL; seen != node;) {
            seen = node;
            protect(seat, 0, seen, scheme);
            node = atomic_load_explicit(end, memory_order_acquire);
        }
    }
    return node;
}

/* ---- nodes ---- */

EACH_SCHEME struct node *take_node(struct list *list, void *seat, enum scheme scheme)
{
    struct mill_retired **spare = spare_of(seat, scheme);
    struct mill_retired *link = *spare ? *spare : mill_shelf_take(&list->shelf);
    if (!link) {
        return malloc(sizeof(struct node));
    }
    *spare = link->next;
    return (struct node *)(void *)link;
}

EACH_SCHEME void keep_node(void *seat, struct node *node, enum scheme scheme)
{
    struct mill_retired **spare = spare_of(seat, scheme);
    node->link.next = *spare;
    *spare = &node->link;
}

/* What hazards and epochs free goes back to the producers. */
static void use_again(void *context, struct mill_retired *chain)
{
    struct list *list = context;
    mill_shelf_give(&list->shelf, chain);
}

/* ---- putting and getting ---- */

/* acq_rel: hands on what the node's producer wrote to those who find the node here */
static void move(_Atomic(struct node *) *end, struct node *from, struct node *to)
{
    atomic_compare_exchange_strong_explicit(end, &from, to, memory_order_acq_rel, memory_order_relaxed);
}

/* Links `node` (or the seal) behind the last one. 0 or -EPIPE. A node whose `next` is NULL is the last one,
 * and in the queue: what is taken out has a successor. */
EACH_SCHEME int append(struct list *list, void *seat, struct node *node, enum scheme scheme)
{
    for (;;) {
        struct node *tail = hold(seat, &list->tail, scheme);
        struct node *next = NULL;
        /* release: what was written before the put, for the acquire in get; acquire: a successor that is
         * there is about to be put into list->tail */
        if (atomic_compare_exchange_strong_explicit(&tail->next, &next, node, memory_order_acq_rel,
                                                    memory_order_acquire)) {
            if (node != &list->seal) {
                move(&list->tail, tail, node);
            }
            return 0;
        }
        if (next == &list->seal) {
            return -EPIPE;
        }
        move(&list->tail, tail, next);
    }
}

EACH_SCHEME int put(struct list *list, void *item, enum scheme scheme)
{
    void *seat = enter(list, scheme);
    struct node *node = take_node(list, seat, scheme);
    int status = -ENOMEM;
    if (node) {
        atomic_store_explicit(&node->next, NULL, memory_order_relaxed); /* published by the swap in append */
        node->item = item;
        status = append(list, seat, node, scheme);
        if (status < 0) {
            keep_node(seat, node, scheme);
        }
    }
    leave(list, seat, scheme);
    return status;
}

/* `head` has been taken out, `next` is the dummy now. The tail must not stay on a node that is retired. It
 * can still be there only as long as `next` has no successor: whoever linked one had found the tail at
 * `next`. So while there are items, a get does not touch the producers' cache line. */
static void help_tail_off(struct list *list, struct node *head, struct node *next)
{
    /* acquire: pairs with the release in append, behind which the tail had moved */
    if (!atomic_load_explicit(&next->next, memory_order_acquire) &&
        atomic_load_explicit(&list->tail, memory_order_relaxed) == head) {
        move(&list->tail, head, next);
    }
}

EACH_SCHEME int get(struct list *list, void **item, enum scheme scheme)
{
    void *seat = enter(list, scheme);
    int status = -EAGAIN;
    for (;;) {
        struct node *head = hold(seat, &list->head, scheme);
        /* acquire: pairs with the release in append */
        struct node *next = atomic_load_explicit(&head->next, memory_order_acquire);
        if (!next || next == &list->seal) {
            status = next ? -EPIPE : -EAGAIN;
            break;
        }
        protect(seat, 1, next, scheme);
        struct node *expected = head;
        /* With hazards the swap is also the look that says whether `next` was protected in time: as long as
         * head is held it cannot come back to this place, and next leaves the queue after it. acq_rel: as in
         * move */
        if (atomic_compare_exchange_strong_explicit(&list->head, &expected, next, memory_order_acq_rel,
                                                    memory_order_relaxed)) {
            *item = next->item;
            help_tail_off(list, head, next);
            retire(list, seat, head, scheme);
            status = 0;
            break;
        }
    }
    leave(list, seat, scheme);
    return status;
}

EACH_SCHEME void close_list(struct list *list, enum scheme scheme)
{
    void *seat = enter(list, scheme);
    append(list, seat, &list->seal, scheme); /* -EPIPE: it was closed before */
    leave(list, seat, scheme);
}

/* ---- making and ending ---- */

static int open_scheme(struct list *list, enum scheme scheme)
{
    struct mill_retired_options options = {.free = use_again, .context = list};
    if (scheme == HAZARD) {
        options.seat_size = sizeof(struct hazard_seat);
        return mill_hazards_open(&list->hazards, &options);
    }
    options.seat_size = sizeof(struct epoch_seat);
    return mill_epochs_open(&list->epochs, &options);
}

static void close_scheme(struct list *list, enum scheme scheme)
{
    const struct mill_seats *seats = scheme == HAZARD ? &list->hazards.seats : &list->epochs.seats;
    void *seat;
    for (unsigned cursor = 0; (seat = mill_seats_next(seats, &cursor));) {
        mill_chain_free(*spare_of(seat, scheme));
    }
    if (scheme == HAZARD) {
        mill_hazards_close(&list->hazards);
    } else {
        mill_epochs_close(&list->epochs);
    }
}

static int create(struct mill_queue **queue, enum scheme scheme)
{
    struct list *list = mill_isolated_alloc(sizeof *list);
    struct node *dummy = malloc(sizeof *dummy);
    int status = list && dummy ? open_scheme(list, scheme) : -ENOMEM;
    if (status < 0) {
        free(dummy);
        free(list);
        return status;
    }
    atomic_init(&dummy->next, NULL);
    atomic_init(&list->head, dummy);
    atomic_init(&list->tail, dummy);
    *queue = &list->queue;
    return 0;
}

static void destroy(struct list *list, enum scheme scheme)
{
    close_scheme(list, scheme);
    mill_shelf_clear(&list->shelf);
    struct node *node = atomic_load_explicit(&list->head, memory_order_relaxed); /* nobody else is left */
    while (node && node != &list->seal) {
        struct node *next = atomic_load_explicit(&node->next, memory_order_relaxed);
        free(node);
        node = next;
    }
    free(list);
}

#define STRATEGY(ident, scheme, its_name, its_algorithm, its_summary, its_source)                           \
    static int create_##ident(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue) \
    {                                                                                                       \
        (void)ops;                                                                                          \
        (void)capacity;                                                                                     \
        return create(queue, scheme);                                                                       \
    }                                                                                                       \
    static void destroy_##ident(struct mill_queue *queue)                                                   \
    {                                                                                                       \
        destroy(list_of(queue), scheme);                                                                    \
    }                                                                                                       \
    static int try_put_##ident(struct mill_queue *queue, void *item)                                        \
    {                                                                                                       \
        return put(list_of(queue), item, scheme);                                                           \
    }                                                                                                       \
    static int try_get_##ident(struct mill_queue *queue, void **item)                                       \
    {                                                                                                       \
        return get(list_of(queue), item, scheme);                                                           \
    }                                                                                                       \
    static void close_##ident(struct mill_queue *queue)                                                     \
    {                                                                                                       \
        close_list(list_of(queue), scheme);                                                                 \
    }                                                                                                       \
    const struct mill_queue_ops mill_queue_##ident = {                                                      \
        .about =                                                                                            \
            {                                                                                               \
                .name = its_name,                                                                           \
                .summary = its_summary,                                                                     \
                .source = its_source,                                                                       \
                .algorithm = its_algorithm,                                                                 \
                .progress = MILL_LOCK_FREE,                                                                 \
            },                                                                                              \
        .create = create_##ident,                                                                           \
        .destroy = destroy_##ident,                                                                         \
        .try_put = try_put_##ident,                                                                         \
        .try_get = try_get_##ident,                                                                         \
        .close = close_##ident,                                                                             \
    };

STRATEGY(ms_hazard, HAZARD, "ms-hazard", "michael-scott-hazard",
         "a list with compare-and-swap at both ends; hazard pointers", "Michael and Scott 1996; Michael 2004")
STRATEGY(ms_epoch, EPOCH, "ms-epoch", "michael-scott-epoch",
         "a list with compare-and-swap at both ends; epochs", "Michael and Scott 1996; Fraser 2004")
