/* Vyukov's ring: every slot carries a turn, which says whose it is next. A put takes the position at `tail`
 * when the slot's turn is that position, fills the slot and passes the turn on to the get of the same
 * position; the get passes it on to the put one lap later. So putters meet getters in the slots alone: a put
 * never reads `head`, a get never `tail`, except to learn that the queue is closed.
 *
 * Positions count in steps of two. The odd number in between is the turn of the get, so that even a ring of
 * one slot can tell full from empty; in `tail` the odd bit says closed, so that the claim of a position and
 * closing are changes of one word, and each claim stands before or behind the closing.
 *
 * Blocking in the strict sense: between its claim and its publication a thread holds back those that come
 * behind it in its slot. But nobody waits for it: what meets a slot that is not yet published says full or
 * empty (-EAGAIN) at once, however long the thread that has it is off its processor.
 *
 * Neighbouring positions stay neighbours in memory. Scattering them over lines keeps several putters out of
 * each other's line, but costs one line transfer an item where four items could share one.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "queue/positions.h"
#include "queue/queue_list.h"

#define STEP   2u
#define CLOSED 1u

struct slot {
    _Atomic uint64_t turn; /* position: free for its put; position + 1: filled, for its get */
    void *item;            /* of the thread whose turn it is */
};

struct ring {
    struct mill_queue queue;
    alignas(MILL_ISOLATION) _Atomic uint64_t tail; /* the position of the next put, and whether closed */
    alignas(MILL_ISOLATION) _Atomic uint64_t head; /* the position of the next get */
    alignas(MILL_ISOLATION) struct slot slots[];   /* queue.capacity of them */
};

static struct ring *ring_of(struct mill_queue *queue)
{
    return (struct ring *)queue;
}

static struct slot *slot_at(struct ring *ring, uint64_t position)
{
    return &ring->slots[position / STEP & (ring->queue.capacity - 1)];
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    size_t slots = mill_positions_round_up(capacity);
    struct ring *ring = mill_isolated_alloc(sizeof *ring + slots * sizeof ring->slots[0]);
    if (!ring) {
        return -ENOMEM;
    }
    uint64_t first = mill_positions_first(slots, STEP);
    atomic_init(&ring->tail, first);
    atomic_init(&ring->head, first);
    for (size_t i = 0; i < slots; i++) {
        atomic_init(&ring->slots[i].turn, first + i * STEP);
    }
    ring->queue.capacity = slots;
    *queue = &ring->queue;
    return 0;
}

static void destroy(struct mill_queue *queue)
{
    free(ring_of(queue));
}

static int try_put(struct mill_queue *queue, void *item)
{
    struct ring *ring = ring_of(queue);
    /* relaxed: the slot's turn orders what is in the slot; a claim only has to be had by one thread */
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    while (!(tail & CLOSED)) {
        struct slot *slot = slot_at(ring, tail);
        /* acquire: pairs with the release of the get that emptied the slot one lap ago */
        uint64_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);
        int64_t lead = (int64_t)(turn - tail);
        if (lead == 0) {
            /* relaxed: as above; on failure `tail` is new */
            if (atomic_compare_exchange_weak_explicit(&ring->tail, &tail, tail + STEP, memory_order_relaxed,
                                                      memory_order_relaxed)) {
                slot->item = item;
                /* release: pairs with the acquire of the get */
                atomic_store_explicit(&slot->turn, tail + 1, memory_order_release);
                return 0;
            }
        } else if (lead < 0) {
            return -EAGAIN;
        } else {
            tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
        }
    }
    return -EPIPE;
}

/* Nothing is at position `head`: is anything still to come? */
static int empty_or_ended(struct ring *ring, uint64_t head)
{
    /* acquire: who learns here that all is over has also seen what stands before the closing */
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return tail == (head | CLOSED) ? -EPIPE : -EAGAIN;
}

static int try_get(struct mill_queue *queue, void **item)
{
    struct ring *ring = ring_of(queue);
    /* relaxed: as in try_put */
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    for (;;) {
        struct slot *slot = slot_at(ring, head);
        /* acquire: pairs with the release of the put that filled the slot */
        uint64_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);
        int64_t lead = (int64_t)(turn - (head + 1));
        if (lead == 0) {
            /* relaxed: as in try_put */
            if (atomic_compare_exchange_weak_explicit(&ring->head, &head, head + STEP, memory_order_relaxed,
                                                      memory_order_relaxed)) {
                *item = slot->item;
                /* release: pairs with the acquire of the put one lap later */
                atomic_store_explicit(&slot->turn, head + STEP * queue->capacity, memory_order_release);
                return 0;
            }
        } else if (lead < 0) {
            return empty_or_ended(ring, head);
        } else {
            head = atomic_load_explicit(&ring->head, memory_order_relaxed);
        }
    }
}

static void close_ring(struct mill_queue *queue)
{
    /* acq_rel: release for who learns of it in empty_or_ended */
    atomic_fetch_or_explicit(&ring_of(queue)->tail, CLOSED, memory_order_acq_rel);
}

const struct mill_queue_ops mill_queue_mpmc_ring = {
    .about =
        {
            .name = "mpmc-ring",
            .summary = "a ring whose slots carry turns; each side claims by one compare-and-swap",
            .source = "Vyukov, Bounded MPMC queue, 1024cores.net, 2010",
            .algorithm = "mpmc-ring",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_QUEUE_BOUNDED,
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .close = close_ring,
};
