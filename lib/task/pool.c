#include "task/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/fence.h"
#include "sync/futex.h"
#include "task/pool_list.h"
#include "task/pool_strategy.h"
#include "task/thread.h"

#define STRATEGY(ident) &mill_pool_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_POOLS(STRATEGY)};

/* What its tasks may do; the rest of what a peer lacks changes no ranking. */
static const char *shape(const struct mill_strategy *strategy, char *buffer, size_t size)
{
    unsigned bits = mill_pool_ops_of(strategy)->shape;
    snprintf(buffer, size, "%s%s",
             bits & MILL_POOL_NO_NESTING  ? "tasks stand alone"
             : bits & MILL_POOL_NO_ASSIST ? "tasks submit"
                                          : "tasks fork and join",
             bits & MILL_POOL_ALLOCATES ? ", allocates" : "");
    return buffer;
}

const struct mill_family mill_pool_family = {
    .name = "pool",
    .summary = "threads that run the tasks that others submit",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
    .shape = shape,
};

_Thread_local struct mill_pool_seat *mill_pool_here;

const struct mill_pool_ops *mill_pool_ops_find(const char *name)
{
    return mill_pool_ops_of(mill_family_find(&mill_pool_family, name));
}

int mill_pool_create(const struct mill_pool_ops *ops, const struct mill_pool_options *options,
                     struct mill_pool **pool)
{
    if (!ops || !options || !pool || options->workers == 0 || options->workers > MILL_POOL_WORKERS_MAX ||
        options->spin_ns < 0) {
        return -EINVAL;
    }
    if (ops->about.missing) {
        return -ENOTSUP;
    }
    mill_fence_open();
    return ops->create(ops, options, pool);
}

bool mill_pool_inside(const struct mill_pool *pool)
{
    return mill_pool_here && mill_pool_here->pool == pool;
}

int mill_pool_submit(struct mill_pool *pool, struct mill_task *task)
{
    if (!pool || !task || !task->run) {
        return -EINVAL;
    }
    if ((pool->ops->shape & MILL_POOL_NO_NESTING) && mill_pool_inside(pool)) {
        return -ENOTSUP;
    }
    return pool->ops->submit(pool, task);
}

int mill_pool_shutdown(struct mill_pool *pool, enum mill_pool_end end, int64_t timeout_ns)
{
    uint64_t deadline;
    if (!pool || (end != MILL_POOL_DRAIN && end != MILL_POOL_CANCEL)) {
        return -EINVAL;
    }
    int status = mill_deadline_after(timeout_ns, &deadline);
    if (status < 0) {
        return status;
    }
    if (mill_pool_inside(pool)) {
        return -EDEADLK;
    }
    if ((pool->ops->shape & MILL_POOL_NO_TIMEOUT) && timeout_ns != MILL_FOREVER) {
        return -ENOTSUP;
    }
    if (end == MILL_POOL_CANCEL) {
        /* release: pairs with the acquire in mill_pool_execute */
        atomic_store_explicit(&pool->discarding, true, memory_order_release);
    }
    return pool->ops->shutdown(pool, deadline);
}

int mill_pool_destroy(struct mill_pool *pool)
{
    int status = pool ? mill_pool_shutdown(pool, MILL_POOL_CANCEL, MILL_FOREVER) : 0;
    if (pool && status == 0) {
        pool->ops->destroy(pool);
    }
    return status;
}

void mill_pool_read(const struct mill_pool *pool, struct mill_pool_metrics *metrics)
{
    *metrics = (struct mill_pool_metrics){0};
    for (unsigned i = 0; i < pool->workers; i++) {
        const struct mill_pool_seat *seat = &pool->seats[i];
        metrics->done += atomic_load_explicit(&seat->done, memory_order_relaxed);
        metrics->failed += atomic_load_explicit(&seat->failed, memory_order_relaxed);
        metrics->cancelled += atomic_load_explicit(&seat->cancelled, memory_order_relaxed);
    }
}

/* ---- what strategies share ---- */

int mill_pool_open(struct mill_pool *pool, const struct mill_pool_ops *ops,
                   const struct mill_pool_options *options)
{
    pool->seats = mill_isolated_alloc(options->workers * sizeof *pool->seats);
    if (!pool->seats) {
        return -ENOMEM;
    }
    pool->ops = ops;
    pool->workers = options->workers;
    pool->spin_ns = options->spin_ns;
    for (unsigned i = 0; i < pool->workers; i++) {
        pool->seats[i].pool = pool;
        pool->seats[i].index = i;
    }
    return 0;
}

static void take_leave(struct mill_pool *pool)
{
    /* release: pairs with the acquire in mill_pool_await_end. The word outlives the wake, since the pool is
     * freed after the join alone. */
    if (atomic_fetch_sub_explicit(&pool->alive, 1, memory_order_release) == 1) {
        mill_futex_wake(&pool->alive, INT_MAX);
    }
}

static void seat_main(void *argument)
{
    struct mill_pool_seat *seat = argument;
    mill_pool_here = seat;
    seat->body(seat);
    mill_pool_here = NULL;
    take_leave(seat->pool);
}

int mill_pool_start(struct mill_pool *pool, void (*body)(struct mill_pool_seat *seat))
{
    for (unsigned i = 0; i < pool->workers; i++) {
        struct mill_pool_seat *seat = &pool->seats[i];
        char name[MILL_THREAD_NAME_MAX + 1];
        snprintf(name, sizeof name, "pool-%u", i);
        seat->body = body;
        /* relaxed: the thread's start orders it */
        atomic_fetch_add_explicit(&pool->alive, 1, memory_order_relaxed);
        int status = mill_thread_start(&seat->thread, name, seat_main, seat);
        if (status < 0) {
            take_leave(pool);
            pool->ops->shutdown(pool, MILL_NO_DEADLINE);
            return status;
        }
    }
    return 0;
}

int mill_pool_await_end(struct mill_pool *pool, uint64_t deadline)
{
    int status = 0;
    for (;;) {
        /* acquire: what the tasks wrote is seen */
        uint32_t alive = atomic_load_explicit(&pool->alive, memory_order_acquire);
        if (alive == 0 || status < 0) {
            return alive == 0 ? 0 : status;
        }
        status = mill_futex_wait_until(&pool->alive, alive, deadline);
    }
}

void mill_pool_close(struct mill_pool *pool)
{
    for (unsigned i = 0; i < pool->workers; i++) {
        if (pool->seats[i].thread) {
            mill_thread_join(&pool->seats[i].thread, MILL_FOREVER);
        }
    }
    free(pool->seats);
}
