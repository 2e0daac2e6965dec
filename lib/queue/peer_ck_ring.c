/* Concurrency Kit's ring, in its four kinds: one or many producers, one or many consumers. */
#include "queue/peer.h"
#include "queue/queue_list.h"

#if defined(MILL_HAVE_CK)
#include <stdlib.h>

#include <ck_ring.h>

struct ring {
    struct mill_peer_queue base;
    alignas(MILL_ISOLATION) ck_ring_t ring;
    alignas(MILL_ISOLATION) ck_ring_buffer_t slots[];
};

static struct ring *ring_of(struct mill_queue *queue)
{
    return (struct ring *)(void *)queue;
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    size_t size = mill_peer_power_of_two(capacity + 1); /* one slot stays empty */
    struct ring *ring = mill_isolated_alloc(sizeof *ring + size * sizeof ring->slots[0]);
    if (!ring) {
        return -ENOMEM;
    }
    ck_ring_init(&ring->ring, (unsigned)size);
    ring->base.queue.capacity = size - 1;
    *queue = &ring->base.queue;
    return 0;
}

static void destroy(struct mill_queue *queue)
{
    free(queue);
}

#define RING_FUNCTIONS(kind)                                                                 \
    static int add_##kind(struct mill_queue *queue, void *item)                              \
    {                                                                                        \
        struct ring *ring = ring_of(queue);                                                  \
        return ck_ring_enqueue_##kind(&ring->ring, ring->slots, item) ? 0 : -EAGAIN;         \
    }                                                                                        \
    static int take_##kind(struct mill_queue *queue, void **item)                            \
    {                                                                                        \
        struct ring *ring = ring_of(queue);                                                  \
        return ck_ring_dequeue_##kind(&ring->ring, ring->slots, (void *)item) ? 0 : -EAGAIN; \
    }                                                                                        \
    static int try_put_##kind(struct mill_queue *queue, void *item)                          \
    {                                                                                        \
        return mill_peer_put(queue, item, add_##kind);                                       \
    }                                                                                        \
    static int try_get_##kind(struct mill_queue *queue, void **item)                         \
    {                                                                                        \
        return mill_peer_get(queue, item, take_##kind);                                      \
    }

RING_FUNCTIONS(spsc)
RING_FUNCTIONS(spmc)
RING_FUNCTIONS(mpsc)
RING_FUNCTIONS(mpmc)
#else
#define CK_VERSION ""
#endif

/* A producer of several waits for those before it, so the rings of many producers block. */
#define RING(kind, its_algorithm, further_shape, further_traits, guarantee, sentence) \
    const struct mill_queue_ops mill_queue_ck_ring_##kind = {                         \
        .about =                                                                      \
            {                                                                         \
                .name = "ck-ring-" #kind,                                             \
                .summary = sentence,                                                  \
                .source = "Concurrency Kit " CK_VERSION ", ck_ring_" #kind,           \
                .algorithm = its_algorithm,                                           \
                .library = MILL_CK_LIBRARY,                                           \
                .missing = MILL_CK_MISSING,                                           \
                .traits = MILL_CK_TRAITS | (further_traits),                          \
                .progress = guarantee,                                                \
            },                                                                        \
        .shape = MILL_QUEUE_BOUNDED | MILL_QUEUE_LOOSE_CLOSE | (further_shape),       \
        .create = MILL_CK(create),                                                    \
        .destroy = MILL_CK(destroy),                                                  \
        .try_put = MILL_CK(try_put_##kind),                                           \
        .try_get = MILL_CK(try_get_##kind),                                           \
        .close = MILL_CK(mill_peer_close),                                            \
    }

RING(spsc, "spsc-ring", MILL_QUEUE_ONE_PRODUCER | MILL_QUEUE_ONE_CONSUMER, 0, MILL_WAIT_FREE,
     "Concurrency Kit's ring of one producer and one consumer");
RING(spmc, "spmc-ring-in-order", MILL_QUEUE_ONE_PRODUCER, 0, MILL_LOCK_FREE,
     "Concurrency Kit's ring of one producer and many consumers");
RING(mpsc, "mpsc-ring-in-order", MILL_QUEUE_ONE_CONSUMER, MILL_SPINS, MILL_BLOCKING,
     "Concurrency Kit's ring of many producers and one consumer");
RING(mpmc, "mpmc-ring-in-order", 0, MILL_SPINS, MILL_BLOCKING,
     "Concurrency Kit's ring of many producers and many consumers");
