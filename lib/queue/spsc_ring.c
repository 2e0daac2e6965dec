/* A ring for one producer and one consumer in which the slots themselves say what they are: NULL is empty,
 * anything else is an item (FastForward). Each side keeps its position to itself, so a handover is the
 * transfer of one line, which holds eight items, and nothing else is shared.
 *
 * spsc_cached.c is the other way, with positions that both sides see.
 *
 * No read-modify-write anywhere, and no loop: wait-free. Closing is a word of its own, which a consumer reads
 * when it finds nothing: it is the producer's, so what it put before is there when the word is seen.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "queue/positions.h"
#include "queue/queue_list.h"

struct ring {
    struct mill_queue queue;
    alignas(MILL_ISOLATION) uint64_t tail;           /* the position of the next put; the producer's */
    alignas(MILL_ISOLATION) uint64_t head;           /* the position of the next get; the consumer's */
    alignas(MILL_ISOLATION) atomic_bool closed;      /* written once */
    alignas(MILL_ISOLATION) _Atomic(void *) slots[]; /* queue.capacity of them */
};

static struct ring *ring_of(struct mill_queue *queue)
{
    return (struct ring *)queue;
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    size_t slots = mill_positions_round_up(capacity);
    struct ring *ring = mill_isolated_alloc(sizeof *ring + slots * sizeof ring->slots[0]);
    if (!ring) {
        return -ENOMEM;
    }
    atomic_init(&ring->closed, false);
    for (size_t i = 0; i < slots; i++) {
        atomic_init(&ring->slots[i], NULL);
    }
    ring->tail = ring->head = mill_positions_first(slots, 1);
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
    /* relaxed: only the producer writes it */
    if (atomic_load_explicit(&ring->closed, memory_order_relaxed)) {
        return -EPIPE;
    }
    _Atomic(void *) *slot = &ring->slots[ring->tail & (queue->capacity - 1)];
    /* acquire: pairs with the release that empties the slot in try_get */
    if (atomic_load_explicit(slot, memory_order_acquire)) {
        return -EAGAIN;
    }
    /* release: pairs with the acquire in try_get */
    atomic_store_explicit(slot, item, memory_order_release);
    ring->tail++;
    return 0;
}

static int try_get(struct mill_queue *queue, void **item)
{
    struct ring *ring = ring_of(queue);
    _Atomic(void *) *slot = &ring->slots[ring->head & (queue->capacity - 1)];
    /* acquire, here and below: pairs with the release in try_put */
    void *found = atomic_load_explicit(slot, memory_order_acquire);
    if (!found) {
        /* acquire: pairs with the release in close, which stands behind the last put; so look again */
        if (!atomic_load_explicit(&ring->closed, memory_order_acquire)) {
            return -EAGAIN;
        }
        found = atomic_load_explicit(slot, memory_order_acquire);
        if (!found) {
            return -EPIPE;
        }
    }
    /* release: pairs with the acquire of the put one lap later: what the consumer did before is done */
    atomic_store_explicit(slot, NULL, memory_order_release);
    ring->head++;
    *item = found;
    return 0;
}

static void close_ring(struct mill_queue *queue)
{
    /* release: pairs with the acquire in try_get */
    atomic_store_explicit(&ring_of(queue)->closed, true, memory_order_release);
}

const struct mill_queue_ops mill_queue_spsc_ring = {
    .about =
        {
            .name = "spsc-ring",
            .summary = "a ring for one producer and one consumer, whose slots say whether they are empty",
            .source = "Giacomoni, Moseley and Vachharajani, FastForward for Efficient Pipeline "
                      "Parallelism, 2008",
            .algorithm = "spsc-ring-of-marks",
            .traits = MILL_PARKS,
            .progress = MILL_WAIT_FREE,
        },
    .shape = MILL_QUEUE_BOUNDED | MILL_QUEUE_ONE_PRODUCER | MILL_QUEUE_ONE_CONSUMER,
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .close = close_ring,
};
