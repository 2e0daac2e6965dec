/* The mistake of checking outside the lock that the wait then takes: a set between the check and the wait
 * wakes nobody, and the waiter sleeps although the event is set. Kept on purpose. The flag is atomic, so the
 * only thing wrong is the missed wake-up, not a data race beside it.
 *
 * Whoever sleeps can be told from the others: only abandon gets it out, with -ECANCELED.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/event_list.h"
#include "sync/monitor.h"

/* Times that a waiter gives its processor away between the check and the wait, where a preemption may do so
 * anyway. */
#define PAUSE_YIELDS 4

struct event {
    struct mill_event event;
    alignas(MILL_ISOLATION) atomic_bool set; /* written without the mutex: the mistake */
    struct mill_monitor monitor;             /* protects what follows */
    uint64_t wakes;
    bool abandoned;
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

/* acquire: pairs with the release in `set` */
static bool is_set(struct mill_event *event)
{
    return atomic_load_explicit(&event_of(event)->set, memory_order_acquire);
}

static void set(struct mill_event *base)
{
    struct event *event = event_of(base);
    atomic_store_explicit(&event->set, true, memory_order_release); /* pairs with is_set */
    mill_monitor_enter(&event->monitor);
    event->wakes++;
    mill_monitor_leave(&event->monitor);
    mill_monitor_wake_all(&event->monitor);
}

/* relaxed: publishes nothing */
static void clear(struct mill_event *event)
{
    atomic_store_explicit(&event_of(event)->set, false, memory_order_relaxed);
}

static void abandon(struct mill_event *base)
{
    struct event *event = event_of(base);
    mill_monitor_enter(&event->monitor);
    event->abandoned = true;
    mill_monitor_leave(&event->monitor);
    mill_monitor_wake_all(&event->monitor);
}

static int sleep_until_woken(struct event *event, uint64_t deadline)
{
    int status = 0;
    mill_monitor_enter(&event->monitor);
    const uint64_t wakes = event->wakes;
    while (event->wakes == wakes && !event->abandoned && status == 0) {
        status = mill_monitor_wait(&event->monitor, deadline);
    }
    if (event->wakes != wakes) {
        status = 0;
    } else if (event->abandoned) {
        status = -ECANCELED;
    }
    mill_monitor_leave(&event->monitor);
    return status;
}

static int wait(struct mill_event *event, uint64_t deadline)
{
    if (is_set(event)) {
        return 0;
    }
    if (deadline == 0) {
        return -ETIMEDOUT;
    }
    for (int i = 0; i < PAUSE_YIELDS; i++) {
        sched_yield();
    }
    return sleep_until_woken(event_of(event), deadline);
}

const struct mill_event_ops mill_event_check_then_wait = {
    .about =
        {
            .name = "check-then-wait",
            .summary = "checks the flag outside the lock and then waits: sleeps through a set in between",
            .source = "the mistake of a check and a wait that are not one step",
            .traits = MILL_PARKS | MILL_CONTROL,
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
