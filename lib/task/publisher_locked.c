/* Calls every callback under the lock that subscribe and unsubscribe take. Simple, and a deadlock as soon as
 * a callback does either, or takes a lock under which somebody else does. Kept on purpose; the lock is a
 * watched one, so that the deadlock can be named and ended.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "task/publisher_list.h"

struct locked {
    struct mill_publisher publisher;
    struct mill_watched_lock registrar; /* protects `subscriptions` */
    struct mill_subscriptions subscriptions;
};

static int create(const struct mill_publisher_plan *plan, struct mill_publisher **publisher)
{
    if (!plan->watch) {
        return -EINVAL;
    }
    struct locked *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = mill_watched_lock_init(&made->registrar, plan->watch, "the registrar's lock");
    if (status < 0) {
        free(made);
        return status;
    }
    *publisher = &made->publisher;
    return 0;
}

static void destroy(struct mill_publisher *publisher)
{
    free(publisher);
}

static int subscribe(struct mill_publisher *publisher, mill_publisher_call *call, void *context, unsigned *id)
{
    struct locked *locked = (struct locked *)publisher;
    int status = mill_watched_lock_acquire(&locked->registrar);
    if (status == 0) {
        status = mill_subscriptions_add(&locked->subscriptions, call, context, id);
        mill_watched_lock_release(&locked->registrar);
    }
    return status;
}

static int unsubscribe(struct mill_publisher *publisher, unsigned id)
{
    struct locked *locked = (struct locked *)publisher;
    int status = mill_watched_lock_acquire(&locked->registrar);
    if (status == 0) {
        status = mill_subscriptions_remove(&locked->subscriptions, id);
        mill_watched_lock_release(&locked->registrar);
    }
    return status;
}

static int publish(struct mill_publisher *publisher, uint64_t number, const void *sample)
{
    struct locked *locked = (struct locked *)publisher;
    int status = mill_watched_lock_acquire(&locked->registrar);
    if (status == 0) {
        mill_subscriptions_call(&locked->subscriptions, number, sample);
        mill_watched_lock_release(&locked->registrar);
    }
    return status;
}

const struct mill_publisher_ops mill_publisher_locked = {
    .about =
        {
            .name = "locked",
            .summary = "callbacks are called under the registrar's lock: deadlocks when they re-enter",
            .source = "the mistake of calling foreign code under a lock",
            .traits = MILL_CONTROL | MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .publish = publish,
};
