/* The mistake of a barrier that is used again without generations: those that have come are counted, and the
 * last one to leave sets the count back. A fast party that comes again before the slow ones have left finds
 * the count of the last generation still full, and runs through: it is a generation ahead. When the count is
 * then set back, a slow one may go to sleep again, for ever. Kept on purpose.
 *
 * Broken and mended as the others are, so that what sleeps for ever can be got out.
 */
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/barrier_list.h"
#include "sync/monitor.h"

struct barrier {
    struct mill_barrier barrier;
    alignas(MILL_ISOLATION) struct mill_monitor monitor; /* protects all below */
    unsigned arrived;
    unsigned left;
    bool broken;
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

/* Inside. */
static void begin_again(struct barrier *barrier, bool broken)
{
    barrier->arrived = 0;
    barrier->left = 0;
    barrier->broken = broken;
    mill_monitor_wake_all(&barrier->monitor);
}

static int leave(struct barrier *barrier)
{
    bool leader = barrier->left == 0;
    barrier->left++;
    if (barrier->left == barrier->barrier.parties) {
        barrier->arrived = 0;
        barrier->left = 0;
    }
    return leader ? MILL_BARRIER_LEADER : 0;
}

static int wait(struct mill_barrier *base, unsigned party, uint64_t deadline)
{
    (void)party;
    struct barrier *barrier = barrier_of(base);
    int status = deadline == 0 ? -ETIMEDOUT : 0;
    mill_monitor_enter(&barrier->monitor);
    barrier->arrived += !barrier->broken;
    if (barrier->arrived == base->parties) {
        mill_monitor_wake_all(&barrier->monitor);
    }
    while (!barrier->broken && barrier->arrived < base->parties && status == 0) {
        status = mill_monitor_wait(&barrier->monitor, deadline);
    }
    if (barrier->broken) {
        status = -ECANCELED;
    } else if (barrier->arrived >= base->parties) {
        status = leave(barrier);
    } else {
        begin_again(barrier, true);
    }
    mill_monitor_leave(&barrier->monitor);
    return status;
}

static void end(struct mill_barrier *base, bool broken)
{
    struct barrier *barrier = barrier_of(base);
    mill_monitor_enter(&barrier->monitor);
    begin_again(barrier, broken);
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

const struct mill_barrier_ops mill_barrier_no_generation = {
    .about =
        {
            .name = "no-generation",
            .summary = "a count that the last one to leave sets back: a fast party laps a slow one",
            .source = "the mistake of using a barrier again without generations",
            .traits = MILL_PARKS | MILL_CONTROL | MILL_PTHREADS,
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
