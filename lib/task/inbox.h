/* Which queues can be an inbox: several threads put, one at a time gets, and nothing is lost on the way. */
#ifndef MILL_TASK_INBOX_H
#define MILL_TASK_INBOX_H

#include <errno.h>

#include "queue/queue.h"

/* What a queue must not be. A loose close could leave an item behind that was accepted. */
#define MILL_INBOX_REFUSES (MILL_QUEUE_ONE_PRODUCER | MILL_QUEUE_DROPS_OLDEST | MILL_QUEUE_LOOSE_CLOSE)

/* Replaces `*ops`, where it is NULL, by the mutex ring. 0; -EINVAL for a capacity that no queue has; -ENOTSUP
 * for a queue that cannot be an inbox or is missing in this build. */
static inline int mill_inbox_choose(const struct mill_queue_ops **ops, size_t capacity)
{
    if (!*ops) {
        *ops = mill_queue_ops_find("mutex-ring");
    }
    if (capacity == 0 || capacity > MILL_QUEUE_CAPACITY_MAX) {
        return -EINVAL;
    }
    return ((*ops)->shape & MILL_INBOX_REFUSES) || (*ops)->about.missing ? -ENOTSUP : 0;
}

#endif
