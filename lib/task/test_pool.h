/* What the tests of pools and of futures share: included once by each. */
#ifndef MILL_TASK_TEST_POOL_H
#define MILL_TASK_TEST_POOL_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "task/future_set.h"
#include "task/pool_list.h"

/* ---- pools ---- */

static inline const struct mill_pool_ops *need(void **state)
{
    const struct mill_pool_ops *ops = *state;
    if (ops->about.missing) {
        print_message("%s: %s\n", ops->about.name, ops->about.missing);
        skip();
    }
    if (MILL_UNDER_TSAN && (ops->about.traits & MILL_HIDES_ATOMICS)) {
        print_message("%s: ThreadSanitizer cannot see into it\n", ops->about.name);
        skip();
    }
    return ops;
}

static inline void need_shape(const struct mill_pool_ops *ops, unsigned lacks)
{
    if (ops->shape & lacks) {
        print_message("%s: does not do this\n", ops->about.name);
        skip();
    }
}

static inline struct mill_pool *pool_of(const struct mill_pool_ops *ops, unsigned workers, int64_t spin_ns)
{
    struct mill_pool *pool = NULL;
    struct mill_pool_options options = {.workers = workers, .spin_ns = spin_ns};
    int status = mill_pool_create(ops, &options, &pool);
    if (status == -ENOTSUP) {
        print_message("%s: cannot have %u workers in this process\n", ops->about.name, workers);
        skip();
    }
    assert_int_equal(status, 0);
    return pool;
}

static inline void end_pool(struct mill_pool *pool)
{
    assert_int_equal(mill_pool_shutdown(pool, MILL_POOL_DRAIN, MILL_FOREVER), 0);
    assert_int_equal(mill_pool_destroy(pool), 0);
}

/* ---- tasks ---- */

/* A task that stands in its worker's way until it is let go. */
struct blocker {
    sem_t entered, leave;
    struct mill_task task;
};

static inline int block(void *argument)
{
    struct blocker *blocker = argument;
    sem_post(&blocker->entered);
    while (sem_wait(&blocker->leave) != 0) {
    }
    return 0;
}

/* The pool's only worker is in it when this returns. */
static inline void block_worker(struct blocker *blocker, struct mill_pool *pool)
{
    sem_init(&blocker->entered, 0, 0);
    sem_init(&blocker->leave, 0, 0);
    blocker->task = (struct mill_task){.run = block, .argument = blocker};
    assert_int_equal(mill_pool_submit(pool, &blocker->task), 0);
    while (sem_wait(&blocker->entered) != 0) {
    }
}

static inline void unblock(struct blocker *blocker)
{
    sem_post(&blocker->leave);
}

static inline int count(void *argument)
{
    atomic_fetch_add_explicit((atomic_int *)argument, 1, memory_order_release);
    return 0;
}

static inline int fail_io(void *argument)
{
    (void)argument;
    return -EIO;
}

static inline int answer(void *argument)
{
    return *(int *)argument;
}

/* Each strategy once, with a test that takes its table as the state. */
#define MILL_POOL_TABLE(ident) (void *)(uintptr_t)&mill_pool_##ident

#endif
