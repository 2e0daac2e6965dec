#include "scenarios/pool_rig.h"

#include <inttypes.h>

/* The workers' own start is over after the first, the second shows them idle. */
#define SETTLE_NS (5 * MILL_NS_PER_MS)
#define IDLE_NS   (20 * MILL_NS_PER_MS)

/* Of a pool that has lost a task or a wake-up, drained under a sanitizer on a loaded machine. */
#define DRAIN_NS  ((int64_t)(20 * MILL_NS_PER_S))

static uint64_t cpu_ns(clockid_t clock)
{
    struct timespec used;
    clock_gettime(clock, &used);
    return mill_timespec_ns(used);
}

/* What all threads but this one have used: in set-up the workers are the only ones that do anything. The two
 * clocks are read one after the other, so where the others do nothing a difference may come out some
 * nanoseconds below 0. */
static int64_t cpu_of_others(void)
{
    uint64_t own = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
    return (int64_t)(cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - own);
}

int mill_rig_create(struct mill_rig *rig, const struct mill_case *one)
{
    struct mill_pool_options options = {
        .workers = (unsigned)one->values[MILL_RIG_WORKERS],
        .spin_ns = one->values[MILL_RIG_SPIN],
    };
    int status = mill_pool_create(mill_pool_ops_of(one->strategy), &options, &rig->pool);
    if (status < 0) {
        return status;
    }
    mill_sleep_until(mill_now_ns() + SETTLE_NS);
    uint64_t from = mill_now_ns();
    int64_t used = cpu_of_others();
    mill_sleep_until(from + IDLE_NS);
    used = cpu_of_others() - used;
    rig->idle_percent = 100 * (double)used / (double)(mill_now_ns() - from);
    return 0;
}

void mill_rig_verify(const struct mill_rig *rig, struct mill_check *check, uint64_t done, uint64_t failed)
{
    bool waits = rig->pool->ops->shape & MILL_POOL_NO_TIMEOUT;
    struct mill_pool_metrics metrics;
    mill_check_measured(check, "idle cpu", "%", rig->idle_percent);
    if (mill_pool_shutdown(rig->pool, MILL_POOL_DRAIN, waits ? MILL_FOREVER : DRAIN_NS) < 0) {
        mill_check_found(check, MILL_LOST_WAKEUP, "the pool still had not drained after %" PRId64 " s",
                         DRAIN_NS / (int64_t)MILL_NS_PER_S);
    }
    mill_pool_read(rig->pool, &metrics);
    if (metrics.done != done || metrics.failed != failed || metrics.cancelled != 0) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " tasks were to succeed and %" PRIu64 " to fail, but %" PRIu64
                         " did, %" PRIu64 " failed and %" PRIu64 " were cancelled",
                         done, failed, metrics.done, metrics.failed, metrics.cancelled);
    }
}

void mill_rig_destroy(struct mill_rig *rig)
{
    mill_pool_destroy(rig->pool);
}
