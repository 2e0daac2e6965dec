/* Events (row 12 of the patterns): one table, one strategy a file.
 *
 *     struct mill_event *ready;
 *     int status = mill_event_create(mill_event_ops_find("futex"), &ready);
 *
 *     waiters:    status = mill_event_wait(ready, 2 * MILL_NS_PER_S);
 *                 if (status == -ETIMEDOUT) …
 *     setter:     mill_event_set(ready);                        wakes all, and lets all later ones through
 *                 mill_event_clear(ready);                      from now on they wait again
 *
 *     mill_event_destroy(ready);
 *
 * An event is set or not, and stays what it is until it is told otherwise (a manual-reset event; Python's
 * threading.Event). A wait returns as soon as the event is set, or was set at any moment since the wait
 * began: a clear that follows a set at once takes nothing back from those that were waiting. What was written
 * before a set is seen by those that it lets through (release, acquire).
 *
 * An event can be abandoned, once and for ever: a wait that nothing has let through by then, now or later,
 * returns -ECANCELED. A set event lets through even when it is abandoned.
 *
 * Any number of threads may make any of these calls at once, except create and destroy. Waiting is blocking;
 * the progress guarantee of a strategy (about.progress) is that of set, clear and is_set.
 */
#ifndef MILL_SYNC_EVENT_H
#define MILL_SYNC_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/strategy.h"
#include "core/timeout.h"

struct mill_event_ops;

/* How every strategy's own event begins. */
struct mill_event {
    const struct mill_event_ops *ops;
};

struct mill_event_ops {
    struct mill_strategy about;

    /* Allocates; mill_event_create sets `ops`. 0 or a negative errno. */
    int (*create)(struct mill_event **event);
    void (*destroy)(struct mill_event *event);

    void (*set)(struct mill_event *event);
    void (*clear)(struct mill_event *event);
    bool (*is_set)(struct mill_event *event);
    void (*abandon)(struct mill_event *event);

    /* Until a deadline (core/timeout.h). 0, -ETIMEDOUT or -ECANCELED. */
    int (*wait)(struct mill_event *event, uint64_t deadline);
};

extern const struct mill_family mill_event_family;

static inline const struct mill_event_ops *mill_event_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_event_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_event_ops *mill_event_ops_find(const char *name);

/* An event that is not set. 0; -EINVAL (no table, no place for the event); -ENOMEM; -ENOTSUP where the
 * strategy is missing in this build. */
int mill_event_create(const struct mill_event_ops *ops, struct mill_event **event);

/* No thread uses it any more, and every wait has returned. NULL is fine. */
void mill_event_destroy(struct mill_event *event);

/* Waits until the event is set, until `timeout_ns` is over (core/timeout.h; 0 only looks) or until it is
 * abandoned. 0; -ETIMEDOUT; -ECANCELED; -EINVAL (a negative timeout). */
int mill_event_wait(struct mill_event *event, int64_t timeout_ns);

/* Setting one that is set already changes nothing, and so on for the others. */
static inline void mill_event_set(struct mill_event *event)
{
    event->ops->set(event);
}

static inline void mill_event_clear(struct mill_event *event)
{
    event->ops->clear(event);
}

static inline bool mill_event_is_set(struct mill_event *event)
{
    return event->ops->is_set(event);
}

static inline void mill_event_abandon(struct mill_event *event)
{
    event->ops->abandon(event);
}

#endif
