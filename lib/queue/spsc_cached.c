/* Lamport's ring for one producer and one consumer, each of which remembers how far it last saw the other.
 * Only when by that memory the ring is full (or empty) does it look again, so that while the two are well
 * apart the position words travel between the processors once for a whole run of items. Close together, a
 * handover costs two lines, that of the position and that of the item, where spsc_ring.c pays one; in
 * exchange the slots are written by one side alone, which pays in rings that are larger than the cache.
 *
 * No read-modify-write anywhere, and no loop: wait-free. Positions count in steps of two; the odd bit of
 * `tail` says closed, which is the producer's to set, as it is the only one that writes the word.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "queue/positions.h"
#include "queue/queue_list.h"

#define STEP   2u
#define CLOSED 1u

struct ring {
    struct mill_queue queue;
    struct {
        alignas(MILL_ISOLATION) _Atomic uint64_t tail; /* the position of the next put, and whether closed */
        uint64_t limit;                                /* a put may go up to here, by the head last seen */
    } producer;                                        /* written by the producer alone */
    struct {
        alignas(MILL_ISOLATION) _Atomic uint64_t head; /* the position of the next get */
        uint64_t seen;                                 /* the tail last seen, without the closed bit */
    } consumer;                                        /* written by the consumer alone */
    alignas(MILL_ISOLATION) void *slots[];             /* queue.capacity of them */
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
    uint64_t first = mill_positions_first(slots, STEP);
    atomic_init(&ring->producer.tail, first);
    atomic_init(&ring->consumer.head, first);
    ring->producer.limit = first + STEP * slots;
    ring->consumer.seen = first;
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
    /* relaxed: the producer's own word */
    uint64_t tail = atomic_load_explicit(&ring->producer.tail, memory_order_relaxed);
    if (tail & CLOSED) {
        return -EPIPE;
    }
    if (tail == ring->producer.limit) {
        /* acquire: pairs with the release in try_get; what was read from the slots was read before */
        uint64_t head = atomic_load_explicit(&ring->consumer.head, memory_order_acquire);
        ring->producer.limit = head + STEP * queue->capacity;
        if (tail == ring->producer.limit) {
            return -EAGAIN;
        }
    }
    ring->slots[tail / STEP & (queue->capacity - 1)] = item;
    /* release: pairs with the acquire in try_get */
    atomic_store_explicit(&ring->producer.tail, tail + STEP, memory_order_release);
    return 0;
}

static int try_get(struct mill_queue *queue, void **item)
{
    struct ring *ring = ring_of(queue);
    /* relaxed: the consumer's own word */
    uint64_t head = atomic_load_explicit(&ring->consumer.head, memory_order_relaxed);
    if (head == ring->consumer.seen) {
        /* acquire: pairs with the release in try_put and in close */
        uint64_t tail = atomic_load_explicit(&ring->producer.tail, memory_order_acquire);
        ring->consumer.seen = tail & ~(uint64_t)CLOSED;
        if (head == ring->consumer.seen) {
            return tail & CLOSED ? -EPIPE : -EAGAIN;
        }
    }
    *item = ring->slots[head / STEP & (queue->capacity - 1)];
    /* release: pairs with the acquire in try_put */
    atomic_store_explicit(&ring->consumer.head, head + STEP, memory_order_release);
    return 0;
}

static void close_ring(struct mill_queue *queue)
{
    struct ring *ring = ring_of(queue);
    /* relaxed: the producer's own word */
    uint64_t tail = atomic_load_explicit(&ring->producer.tail, memory_order_relaxed);
    /* release: pairs with the acquire in try_get */
    atomic_store_explicit(&ring->producer.tail, tail | CLOSED, memory_order_release);
}

const struct mill_queue_ops mill_queue_spsc_cached = {
    .about =
        {
            .name = "spsc-cached",
            .summary = "a ring for one producer and one consumer, each remembering where it saw the other",
            .source = "Lamport, Specifying Concurrent Program Modules, 1983; Lee, Bu and Chandranmenon, "
                      "MCRingBuffer, 2009",
            .algorithm = "spsc-ring-cached",
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
