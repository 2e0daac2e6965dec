/* A flag under a mutex, and a condition. The sets are counted: a waiter that finds the flag cleared again
 * still sees that it was set.
 */
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/event_list.h"
#include "sync/monitor.h"

struct event {
    struct mill_event event;
    alignas(MILL_ISOLATION) struct mill_monitor monitor; /* protects all below */
    bool set;
    bool abandoned;
    uint64_t sets;
    unsigned waiting;
};

static struct event *event_of(struct mill_event *event)
{
    return (struct event *)event;
}

static int create(struct mill_event **event)
{
    struct event *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = mill_monitor_init(&made->monitor);
    if (status < 0) {
        free(made);
        return status;
    }
    *event = &made->event;
    return 0;
}

static void destroy(struct mill_event *event)
{
    mill_monitor_destroy(&event_of(event)->monitor);
    free(event);
}

/* Leaves the mutex and then wakes: a thread that is woken under the mutex runs straight into it. */
static void leave_and_wake(struct event *event)
{
    bool waiting = event->waiting > 0;
    mill_monitor_leave(&event->monitor);
    if (waiting) {
        mill_monitor_wake_all(&event->monitor);
    }
}

static void set(struct mill_event *base)
{
    struct event *event = event_of(base);
    mill_monitor_enter(&event->monitor);
    event->sets += !event->set;
    event->set = true;
    leave_and_wake(event);
}

static void clear(struct mill_event *base)
{
    struct event *event = event_of(base);
    mill_monitor_enter(&event->monitor);
    event->set = false;
    mill_monitor_leave(&event->monitor);
}

static bool is_set(struct mill_event *base)
{
    struct event *event = event_of(base);
    mill_monitor_enter(&event->monitor);
    bool now = event->set;
    mill_monitor_leave(&event->monitor);
    return now;
}

static void abandon(struct mill_event *base)
{
    struct event *event = event_of(base);
    mill_monitor_enter(&event->monitor);
    event->abandoned = true;
    leave_and_wake(event);
}

static int wait(struct mill_event *base, uint64_t deadline)
{
    struct event *event = event_of(base);
    int status = deadline == 0 ? -ETIMEDOUT : 0;
    mill_monitor_enter(&event->monitor);
    const uint64_t sets = event->sets;
    event->waiting++;
    while (!event->set && event->sets == sets && !event->abandoned && status == 0) {
        status = mill_monitor_wait(&event->monitor, deadline);
    }
    event->waiting--;
    if (event->set || event->sets != sets) {
        status = 0;
    } else if (event->abandoned) {
        status = -ECANCELED;
    }
    mill_monitor_leave(&event->monitor);
    return status;
}

const struct mill_event_ops mill_event_monitor = {
    .about =
        {
            .name = "monitor",
            .summary = "a flag under a mutex, and a condition",
            .source = "Hoare, Monitors: An Operating System Structuring Concept, 1974",
            .algorithm = "monitor",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct event),
        },
    .create = create,
    .destroy = destroy,
    .set = set,
    .clear = clear,
    .is_set = is_set,
    .abandon = abandon,
    .wait = wait,
};
