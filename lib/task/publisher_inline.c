/* Copies the list of callbacks under the lock, and calls them without it, in the publishing thread: callbacks
 * may do what they like, and the stream waits for each of them. The cure for re-entrant callbacks, and the
 * mistake with slow ones.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "task/publisher_list.h"

struct inlined {
    struct mill_publisher publisher;
    pthread_mutex_t mutex; /* protects `subscriptions` */
    struct mill_subscriptions subscriptions;
};

static int create(const struct mill_publisher_plan *plan, struct mill_publisher **publisher)
{
    (void)plan;
    struct inlined *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = -pthread_mutex_init(&made->mutex, NULL);
    if (status < 0) {
        free(made);
        return status;
    }
    *publisher = &made->publisher;
    return 0;
}

static void destroy(struct mill_publisher *publisher)
{
    pthread_mutex_destroy(&((struct inlined *)publisher)->mutex);
    free(publisher);
}

static int subscribe(struct mill_publisher *publisher, mill_publisher_call *call, void *context, unsigned *id)
{
    struct inlined *inlined = (struct inlined *)publisher;
    pthread_mutex_lock(&inlined->mutex);
    int status = mill_subscriptions_add(&inlined->subscriptions, call, context, id);
    pthread_mutex_unlock(&inlined->mutex);
    return status;
}

static int unsubscribe(struct mill_publisher *publisher, unsigned id)
{
    struct inlined *inlined = (struct inlined *)publisher;
    pthread_mutex_lock(&inlined->mutex);
    int status = mill_subscriptions_remove(&inlined->subscriptions, id);
    pthread_mutex_unlock(&inlined->mutex);
    return status;
}

static int publish(struct mill_publisher *publisher, uint64_t number, const void *sample)
{
    struct inlined *inlined = (struct inlined *)publisher;
    struct mill_subscriptions snapshot;
    pthread_mutex_lock(&inlined->mutex);
    snapshot = inlined->subscriptions;
    pthread_mutex_unlock(&inlined->mutex);
    mill_subscriptions_call(&snapshot, number, sample);
    return 0;
}

const struct mill_publisher_ops mill_publisher_inline = {
    .about =
        {
            .name = "inline",
            .summary = "callbacks are called by the publishing thread without a lock: a slow one delays all",
            .source = "Schmidt et al., Pattern-Oriented Software Architecture 2, 2000",
            .traits = MILL_CONTROL | MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .publish = publish,
};
