#include "sync/event.h"

#include <errno.h>

#include "sync/event_list.h"

#define STRATEGY(ident) &mill_event_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_EVENTS(STRATEGY)};

const struct mill_family mill_event_family = {
    .name = "event",
    .summary = "threads wait until another one says that something is so",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_event_ops *mill_event_ops_find(const char *name)
{
    return mill_event_ops_of(mill_family_find(&mill_event_family, name));
}

int mill_event_create(const struct mill_event_ops *ops, struct mill_event **event)
{
    if (!ops || !event) {
        return -EINVAL;
    }
    if (ops->about.missing) {
        return -ENOTSUP;
    }
    int status = ops->create(event);
    if (status == 0) {
        (*event)->ops = ops;
    }
    return status;
}

void mill_event_destroy(struct mill_event *event)
{
    if (event) {
        event->ops->destroy(event);
    }
}

int mill_event_wait(struct mill_event *event, int64_t timeout_ns)
{
    uint64_t deadline;
    int status = mill_deadline_after(timeout_ns, &deadline);
    return status < 0 ? status : event->ops->wait(event, deadline);
}
