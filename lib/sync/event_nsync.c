/* The same monitor made of nsync's mutex and condition variable, a peer of ours. (nsync's own note can be set
 * once and never cleared.)
 */
#include <errno.h>

#include "core/peer.h"
#include "sync/event_list.h"

#if defined(MILL_HAVE_NSYNC)
#include <stdlib.h>

#include <nsync_cv.h>
#include <nsync_mu.h>

#include "core/cacheline.h"

struct event {
    struct mill_event event;
    alignas(MILL_ISOLATION) nsync_mu mutex; /* protects all below; ready when zeroed, as is the condition */
    nsync_cv changed;
    bool set;
    bool abandoned;
    uint64_t sets;
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
    *event = &made->event;
    return 0;
}

static void destroy(struct mill_event *event)
{
    free(event);
}

static void set(struct mill_event *base)
{
    struct event *event = event_of(base);
    nsync_mu_lock(&event->mutex);
    event->sets += !event->set;
    event->set = true;
    nsync_mu_unlock(&event->mutex);
    nsync_cv_broadcast(&event->changed);
}

static void clear(struct mill_event *base)
{
    struct event *event = event_of(base);
    nsync_mu_lock(&event->mutex);
    event->set = false;
    nsync_mu_unlock(&event->mutex);
}

static bool is_set(struct mill_event *base)
{
    struct event *event = event_of(base);
    nsync_mu_rlock(&event->mutex);
    bool now = event->set;
    nsync_mu_runlock(&event->mutex);
    return now;
}

static void abandon(struct mill_event *base)
{
    struct event *event = event_of(base);
    nsync_mu_lock(&event->mutex);
    event->abandoned = true;
    nsync_mu_unlock(&event->mutex);
    nsync_cv_broadcast(&event->changed);
}

/* nsync's deadlines are by the time of day. */
static nsync_time time_of_day(uint64_t deadline)
{
    if (deadline == MILL_NO_DEADLINE) {
        return nsync_time_no_deadline;
    }
    uint64_t now = mill_now_ns();
    uint64_t left = deadline > now ? deadline - now : 0;
    return nsync_time_add(nsync_time_now(),
                          nsync_time_s_ns((time_t)(left / MILL_NS_PER_S), (unsigned)(left % MILL_NS_PER_S)));
}

static int wait(struct mill_event *base, uint64_t deadline)
{
    struct event *event = event_of(base);
    nsync_time until = deadline == 0 ? nsync_time_zero : time_of_day(deadline);
    int status = deadline == 0 ? -ETIMEDOUT : 0;
    nsync_mu_lock(&event->mutex);
    const uint64_t sets = event->sets;
    while (!event->set && event->sets == sets && !event->abandoned && status == 0) {
        status = -nsync_cv_wait_with_deadline(&event->changed, &event->mutex, until, NULL);
    }
    if (event->set || event->sets != sets) {
        status = 0;
    } else if (event->abandoned) {
        status = -ECANCELED;
    }
    nsync_mu_unlock(&event->mutex);
    return status;
}
#endif

const struct mill_event_ops mill_event_nsync = {
    .about =
        {
            .name = "nsync",
            .summary = "a flag under nsync's mutex, and its condition variable",
            .source = "nsync (Google 2016), nsync_mu and nsync_cv",
            .algorithm = "monitor",
            .library = MILL_NSYNC_LIBRARY,
            .missing = MILL_NSYNC_MISSING,
            .traits = MILL_PARKS | MILL_NSYNC_TRAITS,
            .progress = MILL_BLOCKING,
            .size = MILL_NSYNC(sizeof(struct event)),
        },
    .create = MILL_NSYNC(create),
    .destroy = MILL_NSYNC(destroy),
    .set = MILL_NSYNC(set),
    .clear = MILL_NSYNC(clear),
    .is_set = MILL_NSYNC(is_set),
    .abandon = MILL_NSYNC(abandon),
    .wait = MILL_NSYNC(wait),
};
