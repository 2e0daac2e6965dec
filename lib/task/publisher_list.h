/* Every publisher strategy, one line each; and what they are written with. */
#ifndef MILL_TASK_PUBLISHER_LIST_H
#define MILL_TASK_PUBLISHER_LIST_H

#include "task/publisher.h"

#define MILL_PUBLISHERS(X) \
    X(locked)              \
    X(inline)              \
    X(queued)

#define MILL_PUBLISHER_DECLARE(ident) extern const struct mill_publisher_ops mill_publisher_##ident;
MILL_PUBLISHERS(MILL_PUBLISHER_DECLARE)
#undef MILL_PUBLISHER_DECLARE

struct mill_subscription {
    unsigned id;
    mill_publisher_call *call;
    void *context;
};

/* Who has subscribed, in that order. Under the strategy's lock. */
struct mill_subscriptions {
    unsigned count;
    unsigned last_id;
    struct mill_subscription entries[MILL_PUBLISHER_SUBSCRIBERS_MAX];
};

/* How every strategy's own publisher begins. */
struct mill_publisher {
    const struct mill_publisher_ops *ops;
    struct mill_publisher_plan plan;
    uint64_t published; /* the publishing thread's */
    atomic_bool closed;
};

/* 0 or -ENOSPC. */
int mill_subscriptions_add(struct mill_subscriptions *subscriptions, mill_publisher_call *call, void *context,
                           unsigned *id);

/* 0 or -ENOENT. */
int mill_subscriptions_remove(struct mill_subscriptions *subscriptions, unsigned id);

static inline void mill_subscriptions_call(const struct mill_subscriptions *subscriptions, uint64_t number,
                                           const void *sample)
{
    for (unsigned i = 0; i < subscriptions->count; i++) {
        subscriptions->entries[i].call(subscriptions->entries[i].context, number, sample);
    }
}

#endif
