/* The two-lock queue: producers exclude each other, consumers exclude each other, and the two sides meet in
 * one atomic link alone.
 */
#include <errno.h>
#include <pthread.h>

#include "core/cacheline.h"
#include "queue/linked_items.h"
#include "queue/queue_list.h"

struct two_lock {
    struct mill_queue queue;
    alignas(MILL_ISOLATION) pthread_mutex_t head_mutex; /* protects head */
    struct mill_linked_item *head;
    alignas(MILL_ISOLATION) pthread_mutex_t tail_mutex; /* protects tail */
    struct mill_linked_item *tail;                      /* NULL: closed */
    alignas(MILL_ISOLATION) atomic_bool closed;         /* away from both: those who find nothing read it */
};

static struct two_lock *two_lock_of(struct mill_queue *queue)
{
    return (struct two_lock *)queue;
}

static int create(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    (void)ops;
    (void)capacity;
    struct two_lock *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = -ENOMEM;
    made->head = made->tail = mill_linked_item_make(NULL);
    if (!made->head) {
        goto no_dummy;
    }
    status = -pthread_mutex_init(&made->head_mutex, NULL);
    if (status < 0) {
        goto no_head_mutex;
    }
    status = -pthread_mutex_init(&made->tail_mutex, NULL);
    if (status < 0) {
        goto no_tail_mutex;
    }
    *queue = &made->queue;
    return 0;

no_tail_mutex:
    pthread_mutex_destroy(&made->head_mutex);
no_head_mutex:
    free(made->head);
no_dummy:
    free(made);
    return status;
}

/* The control: says what it would hold at most, and holds what it is given. */
static int create_promising(const struct mill_queue_ops *ops, size_t capacity, struct mill_queue **queue)
{
    int status = create(ops, capacity, queue);
    if (status == 0) {
        (*queue)->capacity = capacity;
    }
    return status;
}

static void destroy(struct mill_queue *queue)
{
    struct two_lock *made = two_lock_of(queue);
    mill_linked_item_free_all(made->head);
    pthread_mutex_destroy(&made->tail_mutex);
    pthread_mutex_destroy(&made->head_mutex);
    free(made);
}

static int try_put(struct mill_queue *queue, void *item)
{
    struct two_lock *both = two_lock_of(queue);
    return mill_linked_item_put(&both->tail_mutex, &both->tail, item);
}

static int try_get(struct mill_queue *queue, void **item)
{
    struct two_lock *both = two_lock_of(queue);
    pthread_mutex_lock(&both->head_mutex);
    struct mill_linked_item *spent = mill_linked_item_take(&both->head, item);
    bool closed = false;
    /* acquire: pairs with the release in close, behind every put that succeeded. So the second look sees the
     * last item, which may have come after the first. */
    if (!spent && (closed = atomic_load_explicit(&both->closed, memory_order_acquire))) {
        spent = mill_linked_item_take(&both->head, item);
    }
    pthread_mutex_unlock(&both->head_mutex);
    if (!spent) {
        return closed ? -EPIPE : -EAGAIN;
    }
    free(spent);
    return 0;
}

static void close_both(struct mill_queue *queue)
{
    struct two_lock *both = two_lock_of(queue);
    pthread_mutex_lock(&both->tail_mutex);
    both->tail = NULL;
    /* release: pairs with the acquire in try_get */
    atomic_store_explicit(&both->closed, true, memory_order_release);
    pthread_mutex_unlock(&both->tail_mutex);
}

const struct mill_queue_ops mill_queue_two_lock = {
    .about =
        {
            .name = "two-lock",
            .summary = "a linked list with a mutex for each end",
            .source = "Michael and Scott, Simple, Fast, and Practical Non-Blocking and Blocking Concurrent "
                      "Queue Algorithms, PODC 1996",
            .algorithm = "two-lock",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .close = close_both,
};

const struct mill_queue_ops mill_queue_unbounded_growth = {
    .about =
        {
            .name = "unbounded-growth",
            .summary = "two-lock where a bound was asked for: it grows while producers outrun consumers",
            .source = "the guides' queues without a size",
            .traits = MILL_PARKS | MILL_CONTROL,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_QUEUE_BOUNDED,
    .create = create_promising,
    .destroy = destroy,
    .try_put = try_put,
    .try_get = try_get,
    .close = close_both,
};
