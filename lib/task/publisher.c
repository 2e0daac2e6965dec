#include "task/publisher.h"

#include <errno.h>
#include <string.h>

#include "task/publisher_list.h"

#define STRATEGY(ident) &mill_publisher_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_PUBLISHERS(STRATEGY)};

const struct mill_family mill_publisher_family = {
    .name = "publisher",
    .summary = "a stream of samples that is published to callbacks",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_publisher_ops *mill_publisher_ops_find(const char *name)
{
    return mill_publisher_ops_of(mill_family_find(&mill_publisher_family, name));
}

int mill_publisher_create(const struct mill_publisher_ops *ops, const struct mill_publisher_plan *plan,
                          struct mill_publisher **publisher)
{
    if (!ops || !plan || !publisher || plan->sample_size == 0 ||
        plan->sample_size > MILL_PUBLISHER_SAMPLE_MAX || plan->capacity == 0 ||
        plan->capacity > MILL_PUBLISHER_CAPACITY_MAX) {
        return -EINVAL;
    }
    int status = ops->create(plan, publisher);
    if (status == 0) {
        (*publisher)->ops = ops;
        (*publisher)->plan = *plan;
    }
    return status;
}

void mill_publisher_destroy(struct mill_publisher *publisher)
{
    if (publisher) {
        mill_publisher_close(publisher);
        publisher->ops->destroy(publisher);
    }
}

/* relaxed: what goes on beside close is ordered by the strategy's lock */
static bool is_closed(const struct mill_publisher *publisher)
{
    return atomic_load_explicit(&publisher->closed, memory_order_relaxed);
}

int mill_publisher_subscribe(struct mill_publisher *publisher, mill_publisher_call *call, void *context,
                             unsigned *id)
{
    if (!call || !id) {
        return -EINVAL;
    }
    return is_closed(publisher) ? -EPIPE : publisher->ops->subscribe(publisher, call, context, id);
}

int mill_publisher_unsubscribe(struct mill_publisher *publisher, unsigned id)
{
    return publisher->ops->unsubscribe(publisher, id);
}

int mill_publisher_publish(struct mill_publisher *publisher, const void *sample)
{
    if (!sample) {
        return -EINVAL;
    }
    int status =
        is_closed(publisher) ? -EPIPE : publisher->ops->publish(publisher, publisher->published + 1, sample);
    publisher->published += status == 0;
    return status;
}

uint64_t mill_publisher_published(const struct mill_publisher *publisher)
{
    return publisher->published;
}

int mill_publisher_close(struct mill_publisher *publisher)
{
    int status = is_closed(publisher) || !publisher->ops->close ? 0 : publisher->ops->close(publisher);
    if (status == 0) {
        atomic_store_explicit(&publisher->closed, true, memory_order_relaxed);
    }
    return status;
}

int mill_publisher_dropped(struct mill_publisher *publisher, unsigned id, uint64_t *dropped)
{
    *dropped = 0;
    return publisher->ops->dropped ? publisher->ops->dropped(publisher, id, dropped) : 0;
}

int mill_subscriptions_add(struct mill_subscriptions *subscriptions, mill_publisher_call *call, void *context,
                           unsigned *id)
{
    if (subscriptions->count == MILL_PUBLISHER_SUBSCRIBERS_MAX) {
        return -ENOSPC;
    }
    *id = ++subscriptions->last_id;
    subscriptions->entries[subscriptions->count++] = (struct mill_subscription){*id, call, context};
    return 0;
}

int mill_subscriptions_remove(struct mill_subscriptions *subscriptions, unsigned id)
{
    for (unsigned i = 0; i < subscriptions->count; i++) {
        struct mill_subscription *entry = &subscriptions->entries[i];
        if (entry->id == id) {
            subscriptions->count--;
            memmove(entry, entry + 1, (subscriptions->count - i) * sizeof *entry);
            return 0;
        }
    }
    return -ENOENT;
}
