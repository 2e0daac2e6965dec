/* A count under a mutex, and a condition. Trips and breaks are counted apart: no generation can be tripped
 * without a party that still waits in an earlier one, so a waiter that finds a new trip knows that it is its
 * own, and one that finds only a new break knows that its own was broken.
 */
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/barrier_list.h"
#include "sync/monitor.h"

struct barrier {
    struct mill_barrier barrier;
    alignas(MILL_ISOLATION) struct mill_monitor monitor; /* protects all below */
    unsigned arrived;
    bool broken;
    uint64_t trips, breaks;
};

static struct barrier *barrier_of(struct mill_barrier *barrier)
{
    return (struct barrier *)barrier;
}

static int create(const struct mill_barrier_ops *ops, unsigned parties, struct mill_barrier **barrier)
{
    (void)ops;
    (void)parties;
    struct barrier *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = mill_monitor_init(&made->monitor);
    if (status < 0) {
        free(made);
        return status;
    }
    *barrier = &made->barrier;
    return 0;
}

static void destroy(struct mill_barrier *barrier)
{
    mill_monitor_destroy(&barrier_of(barrier)->monitor);
    free(barrier);
}

/* Inside, each of them. */
static int trip(struct barrier *barrier)
{
    barrier->arrived = 0;
    barrier->trips++;
    mill_monitor_wake_all(&barrier->monitor);
    return MILL_BARRIER_LEADER;
}

static void end_generation(struct barrier *barrier, bool broken)
{
    barrier->arrived = 0;
    barrier->broken = broken;
    barrier->breaks++;
    mill_monitor_wake_all(&barrier->monitor);
}

static int wait_for_others(struct barrier *barrier, uint64_t deadline)
{
    const uint64_t trips = barrier->trips, breaks = barrier->breaks;
    int status = deadline == 0 ? -ETIMEDOUT : 0;
    while (barrier->trips == trips && barrier->breaks == breaks && status == 0) {
        status = mill_monitor_wait(&barrier->monitor, deadline);
    }
    if (barrier->trips != trips) {
        return 0;
    }
    if (barrier->breaks != breaks) {
        return -ECANCELED;
    }
    end_generation(barrier, true);
    return status;
}

static int wait(struct mill_barrier *base, unsigned party, uint64_t deadline)
{
    (void)party;
    struct barrier *barrier = barrier_of(base);
    int status = -ECANCELED;
    mill_monitor_enter(&barrier->monitor);
    if (!barrier->broken) {
        barrier->arrived++;
        status = barrier->arrived == base->parties ? trip(barrier) : wait_for_others(barrier, deadline);
    }
    mill_monitor_leave(&barrier->monitor);
    return status;
}

static void end(struct mill_barrier *base, bool broken)
{
    struct barrier *barrier = barrier_of(base);
    mill_monitor_enter(&barrier->monitor);
    end_generation(barrier, broken);
    mill_monitor_leave(&barrier->monitor);
}

static void abort_barrier(struct mill_barrier *barrier)
{
    end(barrier, true);
}

static void reset(struct mill_barrier *barrier)
{
    end(barrier, false);
}

static bool is_broken(struct mill_barrier *base)
{
    struct barrier *barrier = barrier_of(base);
    mill_monitor_enter(&barrier->monitor);
    bool broken = barrier->broken;
    mill_monitor_leave(&barrier->monitor);
    return broken;
}

const struct mill_barrier_ops mill_barrier_condvar = {
    .about =
        {
            .name = "condvar",
            .summary = "a count under a mutex, and a condition",
            .source = "Hoare, Monitors: An Operating System Structuring Concept, 1974",
            .algorithm = "monitor",
            .traits = MILL_PARKS | MILL_PTHREADS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct barrier),
        },
    .shape = MILL_BARRIER_BREAKS,
    .create = create,
    .destroy = destroy,
    .wait = wait,
    .abort = abort_barrier,
    .reset = reset,
    .is_broken = is_broken,
};
