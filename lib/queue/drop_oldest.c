/* A ring that always has the newest items: a put that finds it full forgets the oldest one and counts it.
 * Producers never wait for consumers, so this is for samples and states, which the next one outdates.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "queue/item_ring.h"
#include "queue/queue_list.h"

struct dropping {
    struct mill_queue queue;
    alignas(MILL_ISOLATION) pthread_mutex_t mutex; /* protects all below, and the writing of `dropped` */
    struct mill_item_ring ring;
    bool closed;
    _Atomic uint64_t dropped;
    void *slots[];
};

static struct dropping *dropping_of(struct mill_queue *queue)
{
    return (struct dropping *)queue;
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    struct dropping *dropping = mill_isolated_alloc(sizeof *dropping + capacity * sizeof dropping->slots[0]);
    if (!dropping) {
        return -ENOMEM;
    }
    int status = -pthread_mutex_init(&dropping->mutex, NULL);
    if (status < 0) {
        free(dropping);
        return status;
    }
    dropping->ring.capacity = (uint32_t)capacity;
    dropping->queue.capacity = capacity;
    *queue = &dropping->queue;
    return 0;
}

static void destroy(struct mill_queue *queue)
{
    pthread_mutex_destroy(&dropping_of(queue)->mutex);
    free(queue);
}

/* Under the mutex. */
static void append(struct dropping *dropping, void *item)
{
    if (mill_item_ring_append(&dropping->ring, dropping->slots, item)) {
        return;
    }
    mill_item_ring_take(&dropping->ring, dropping->slots);
    mill_item_ring_append(&dropping->ring, dropping->slots, item);
    /* relaxed: a count; written under the mutex, atomic for those who read it without */
    uint64_t before = atomic_load_explicit(&dropping->dropped, memory_order_relaxed);
    atomic_store_explicit(&dropping->dropped, before + 1, memory_order_relaxed);
}

static int try_put(struct mill_queue *queue, void *item)
{
    struct dropping *dropping = dropping_of(queue);
    pthread_mutex_lock(&dropping->mutex);
    bool closed = dropping->closed;
    if (!closed) {
        append(dropping, item);
    }
    pthread_mutex_unlock(&dropping->mutex);
    return closed ? -EPIPE : 0;
}

static int try_get(struct mill_queue *queue, void **item)
{
    struct dropping *dropping = dropping_of(queue);
    pthread_mutex_lock(&dropping->mutex);
    void *oldest = mill_item_ring_take(&dropping->ring, dropping->slots);
    bool closed = dropping->closed;
    pthread_mutex_unlock(&dropping->mutex);
    if (!oldest) {
        return closed ? -EPIPE : -EAGAIN;
    }
    *item = oldest;
    return 0;
}

static void close_dropping(struct mill_queue *queue)
{
    struct dropping *dropping = dropping_of(queue);
    pthread_mutex_lock(&dropping->mutex);
    dropping->closed = true;
    pthread_mutex_unlock(&dropping->mutex);
}

static uint64_t dropped(const struct mill_queue *queue)
{
    /* relaxed: a count; nothing is read on the strength of it */
    return atomic_load_explicit(&((const struct dropping *)queue)->dropped, memory_order_relaxed);
}

const struct mill_queue_ops mill_queue_drop_oldest = {
    .about =
        {
            .name = "drop-oldest",
            .summary = "a ring under a mutex; put never waits, the oldest item makes room and is counted",
            .source = "guide 1, PeriodicCollector: a bounded buffer of the latest samples",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_QUEUE_BOUNDED | MILL_QUEUE_DROPS_OLDEST,
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .close = close_dropping,
    .dropped = dropped,
};
