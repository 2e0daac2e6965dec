/* A ring of slots under one mutex, with a condition for each side. Waiters are counted, so that nobody is
 * woken who is not there: without waiters a put is a lock, a store and an unlock. Mutex, ring and counts
 * share one cache line, which then is all that two threads hand to and fro beside the slot.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "queue/item_ring.h"
#include "queue/queue_list.h"
#include "sync/monitor.h"

struct ring {
    struct mill_queue queue;
    alignas(MILL_ISOLATION) pthread_mutex_t mutex; /* protects all below */
    struct mill_item_ring items;
    uint32_t waiting_to_get, waiting_to_put;
    bool closed;
    alignas(MILL_CACHE_LINE) pthread_cond_t not_empty;
    pthread_cond_t not_full;
    void *slots[];
};

static struct ring *ring_of(struct mill_queue *queue)
{
    return (struct ring *)queue;
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    struct ring *ring = mill_isolated_alloc(sizeof *ring + capacity * sizeof ring->slots[0]);
    if (!ring) {
        return -ENOMEM;
    }
    int status = mill_condition_init(&ring->not_empty);
    if (status < 0) {
        goto no_condition;
    }
    status = mill_condition_init(&ring->not_full);
    if (status < 0) {
        goto one_condition;
    }
    status = -pthread_mutex_init(&ring->mutex, NULL);
    if (status < 0) {
        goto no_mutex;
    }
    ring->items.capacity = (uint32_t)capacity;
    ring->queue.capacity = capacity;
    *queue = &ring->queue;
    return 0;

no_mutex:
    pthread_cond_destroy(&ring->not_full);
one_condition:
    pthread_cond_destroy(&ring->not_empty);
no_condition:
    free(ring);
    return status;
}

static void destroy(struct mill_queue *queue)
{
    struct ring *ring = ring_of(queue);
    pthread_mutex_destroy(&ring->mutex);
    pthread_cond_destroy(&ring->not_full);
    pthread_cond_destroy(&ring->not_empty);
    free(ring);
}

/* Under the mutex. 0, -EAGAIN or -EPIPE. */
static int append(struct ring *ring, void *item)
{
    if (ring->closed) {
        return -EPIPE;
    }
    return mill_item_ring_append(&ring->items, ring->slots, item) ? 0 : -EAGAIN;
}

static int take(struct ring *ring, void **item)
{
    void *oldest = mill_item_ring_take(&ring->items, ring->slots);
    if (!oldest) {
        return ring->closed ? -EPIPE : -EAGAIN;
    }
    *item = oldest;
    return 0;
}

/* Leaves the mutex, and then wakes one of `waiting`: a thread that is woken under the mutex runs straight
 * into it. */
static void leave_and_wake(struct ring *ring, pthread_cond_t *condition, uint32_t waiting)
{
    pthread_mutex_unlock(&ring->mutex);
    if (waiting > 0) {
        pthread_cond_signal(condition);
    }
}

static int put(struct mill_queue *queue, void *item, uint64_t deadline)
{
    struct ring *ring = ring_of(queue);
    int waited = 0;
    pthread_mutex_lock(&ring->mutex);
    int status = append(ring, item);
    while (status == -EAGAIN && waited == 0) {
        ring->waiting_to_put++;
        waited = mill_condition_wait(&ring->not_full, &ring->mutex, deadline);
        ring->waiting_to_put--;
        status = append(ring, item);
    }
    leave_and_wake(ring, &ring->not_empty, status == 0 ? ring->waiting_to_get : 0);
    return status == -EAGAIN ? -ETIMEDOUT : status;
}

static int get(struct mill_queue *queue, void **item, uint64_t deadline)
{
    struct ring *ring = ring_of(queue);
    int waited = 0;
    pthread_mutex_lock(&ring->mutex);
    int status = take(ring, item);
    while (status == -EAGAIN && waited == 0) {
        ring->waiting_to_get++;
        waited = mill_condition_wait(&ring->not_empty, &ring->mutex, deadline);
        ring->waiting_to_get--;
        status = take(ring, item);
    }
    leave_and_wake(ring, &ring->not_full, status == 0 ? ring->waiting_to_put : 0);
    return status == -EAGAIN ? -ETIMEDOUT : status;
}

static int try_put(struct mill_queue *queue, void *item)
{
    struct ring *ring = ring_of(queue);
    pthread_mutex_lock(&ring->mutex);
    int status = append(ring, item);
    leave_and_wake(ring, &ring->not_empty, status == 0 ? ring->waiting_to_get : 0);
    return status;
}

static int try_get(struct mill_queue *queue, void **item)
{
    struct ring *ring = ring_of(queue);
    pthread_mutex_lock(&ring->mutex);
    int status = take(ring, item);
    leave_and_wake(ring, &ring->not_full, status == 0 ? ring->waiting_to_put : 0);
    return status;
}

static void close_ring(struct mill_queue *queue)
{
    struct ring *ring = ring_of(queue);
    pthread_mutex_lock(&ring->mutex);
    ring->closed = true;
    pthread_cond_broadcast(&ring->not_empty);
    pthread_cond_broadcast(&ring->not_full);
    pthread_mutex_unlock(&ring->mutex);
}

const struct mill_queue_ops mill_queue_mutex_ring = {
    .about =
        {
            .name = "mutex-ring",
            .summary = "a ring of slots under one mutex, a condition for each side",
            .source = "Hoare, Monitors: An Operating System Structuring Concept, 1974",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_QUEUE_BOUNDED,
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .close = close_ring,
    .put = put,
    .get = get,
};
