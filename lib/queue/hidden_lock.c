/* What the guide calls LockFreeQueue: the outside of a lock-free queue, and one lock around all of it. It
 * stands in the tables so that they show what the name alone is worth.
 */
#include <errno.h>
#include <pthread.h>

#include "core/cacheline.h"
#include "queue/linked_items.h"
#include "queue/queue_list.h"

struct hidden {
    struct mill_queue queue;
    alignas(MILL_ISOLATION) pthread_mutex_t mutex; /* protects all below */
    struct mill_linked_item *head;
    struct mill_linked_item *tail; /* NULL: closed */
};

static struct hidden *hidden_of(struct mill_queue *queue)
{
    return (struct hidden *)queue;
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    (void)capacity;
    struct hidden *hidden = mill_isolated_alloc(sizeof *hidden);
    if (!hidden) {
        return -ENOMEM;
    }
    int status = -ENOMEM;
    hidden->head = hidden->tail = mill_linked_item_make(NULL);
    if (hidden->head) {
        status = -pthread_mutex_init(&hidden->mutex, NULL);
    }
    if (status < 0) {
        free(hidden->head);
        free(hidden);
        return status;
    }
    *queue = &hidden->queue;
    return 0;
}

static void destroy(struct mill_queue *queue)
{
    struct hidden *hidden = hidden_of(queue);
    mill_linked_item_free_all(hidden->head);
    pthread_mutex_destroy(&hidden->mutex);
    free(hidden);
}

static int try_put(struct mill_queue *queue, void *item)
{
    struct hidden *hidden = hidden_of(queue);
    return mill_linked_item_put(&hidden->mutex, &hidden->tail, item);
}

static int try_get(struct mill_queue *queue, void **item)
{
    struct hidden *hidden = hidden_of(queue);
    pthread_mutex_lock(&hidden->mutex);
    struct mill_linked_item *spent = mill_linked_item_take(&hidden->head, item);
    bool closed = !hidden->tail;
    pthread_mutex_unlock(&hidden->mutex);
    if (!spent) {
        return closed ? -EPIPE : -EAGAIN;
    }
    free(spent);
    return 0;
}

static void close_hidden(struct mill_queue *queue)
{
    struct hidden *hidden = hidden_of(queue);
    pthread_mutex_lock(&hidden->mutex);
    hidden->tail = NULL;
    pthread_mutex_unlock(&hidden->mutex);
}

const struct mill_queue_ops mill_queue_hidden_lock = {
    .about =
        {
            .name = "hidden-lock",
            .summary = "the guide's LockFreeQueue, which is none: one mutex around a linked list",
            .source = "guide 5, LockFreeQueue",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .close = close_hidden,
};
