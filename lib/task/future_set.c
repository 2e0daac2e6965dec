#include "task/future_set.h"

#include <errno.h>

#include "task/pool_strategy.h"

int mill_future_set_init(struct mill_future_set *set)
{
    if (!set) {
        return -EINVAL;
    }
    *set = (struct mill_future_set){0};
    return mill_monitor_init(&set->monitor);
}

int mill_future_set_destroy(struct mill_future_set *set)
{
    mill_monitor_enter(&set->monitor);
    size_t outstanding = set->outstanding;
    mill_monitor_leave(&set->monitor);
    if (outstanding > 0) {
        return -EBUSY;
    }
    mill_monitor_destroy(&set->monitor);
    return 0;
}

/* Inside the monitor to the end: who takes the last one may destroy the set, or its pool, as soon as we are
 * out. */
void mill_future_set_put(struct mill_future_set *set, struct mill_future *future)
{
    mill_monitor_enter(&set->monitor);
    future->next = NULL;
    if (set->first) {
        set->last->next = future;
    } else {
        set->first = future;
    }
    set->last = future;
    /* release: pairs with the acquire in has_ready */
    atomic_fetch_add_explicit(&set->ready, 1, memory_order_release);
    mill_monitor_wake_all(&set->monitor);
    if (set->assisted) {
        set->assisted->ops->nudge(set->assisted);
    }
    mill_monitor_leave(&set->monitor);
}

int mill_future_set_add(struct mill_future_set *set, struct mill_future *future)
{
    if (!set || !future) {
        return -EINVAL;
    }
    mill_monitor_enter(&set->monitor);
    set->outstanding++;
    mill_monitor_leave(&set->monitor);
    int status = mill_future_enter_set(future, set);
    if (status == -EALREADY) {
        mill_future_set_put(set, future);
        return 0;
    }
    if (status < 0) {
        mill_monitor_enter(&set->monitor);
        set->outstanding--;
        mill_monitor_leave(&set->monitor);
    }
    return status;
}

/* Without the monitor, since a strategy may ask while it holds a mutex of its own that `nudge` takes. */
static bool has_ready(const void *what)
{
    const struct mill_future_set *set = what;
    return atomic_load_explicit(&set->ready, memory_order_acquire) > 0;
}

/* The monitor is left meanwhile. */
static int run_others_until_ready(struct mill_future_set *set, uint64_t deadline)
{
    struct mill_pool *pool = mill_pool_here->pool;
    if (pool->ops->shape & MILL_POOL_NO_ASSIST) {
        return -EDEADLK;
    }
    set->assisted = pool;
    mill_monitor_leave(&set->monitor);
    int status = pool->ops->assist(pool, has_ready, set, deadline);
    mill_monitor_enter(&set->monitor);
    set->assisted = NULL;
    return status;
}

int mill_future_set_next(struct mill_future_set *set, int64_t timeout_ns, struct mill_future **future)
{
    uint64_t deadline;
    int status = set && future ? mill_deadline_after(timeout_ns, &deadline) : -EINVAL;
    if (status < 0) {
        return status;
    }
    mill_monitor_enter(&set->monitor);
    while (status == 0 && !set->first) {
        if (set->outstanding == 0) {
            status = -ENOENT;
        } else if (mill_pool_here) {
            status = run_others_until_ready(set, deadline);
        } else {
            status = mill_monitor_wait(&set->monitor, deadline);
        }
    }
    if (set->first) {
        status = 0;
        *future = set->first;
        set->first = set->first->next;
        set->outstanding--;
        atomic_fetch_sub_explicit(&set->ready, 1, memory_order_relaxed); /* the monitor orders */
        mill_future_leave_set(*future);
    }
    mill_monitor_leave(&set->monitor);
    return status;
}
