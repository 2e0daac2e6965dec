/* Lists of tasks under one mutex, with one condition: the pool that everybody writes first. Tasks from
 * outside queue up; those that tasks submit are stacked and come before them, so that a worker that waits for
 * one takes the youngest first, and a tree of forks and joins stands on the stack as deep as it is, not as
 * broad.
 *
 * Each place has its turn (pool_strategy.h). The stack is in two parts for that: the upper one becomes the
 * lower one when that is used up. Nothing is added to the lower part, so its turns come to the end of it, and
 * then to all that has been stacked since.
 *
 * Sleepers are counted, so that a submit that finds nobody asleep makes no system call. And only one of them
 * is on its way up at a time: the next submit wakes nobody else, and who takes a task and leaves some wakes
 * the next. Tasks that come one by one and are short then find one worker awake, not all of them in turn.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/pause.h"
#include "sync/monitor.h"
#include "task/pool_list.h"
#include "task/pool_strategy.h"

struct locked {
    struct mill_pool pool;
    alignas(MILL_ISOLATION) pthread_mutex_t mutex; /* protects all below */
    struct mill_task *young, *old;                 /* the stack: its upper and its lower part */
    struct mill_task *first, *last;                /* the queue */
    _Atomic size_t tasks; /* in all; written under the mutex, a spinning worker looks without */
    unsigned asleep;
    bool waking;        /* one of them was called, and none has come since */
    unsigned assisting; /* those of them that also wait for something to settle */
    atomic_bool closed; /* as `tasks` */
    pthread_cond_t changed;
};

static struct locked *locked_of(struct mill_pool *pool)
{
    return (struct locked *)pool;
}

/* ---- the lists; under the mutex ---- */

static bool any(const struct locked *locked)
{
    return atomic_load_explicit(&locked->tasks, memory_order_relaxed) > 0; /* the mutex orders; or a hint */
}

static void add_to_tasks(struct locked *locked, size_t more)
{
    /* no read-modify-write, the mutex orders; unsigned, so that less is added too */
    atomic_store_explicit(&locked->tasks, atomic_load_explicit(&locked->tasks, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

static void stack_up(struct locked *locked, struct mill_task *task)
{
    task->next = locked->young;
    locked->young = task;
    add_to_tasks(locked, 1);
}

static void queue_up(struct locked *locked, struct mill_task *task)
{
    task->next = NULL;
    if (locked->first) {
        locked->last->next = task;
    } else {
        locked->first = task;
    }
    locked->last = task;
    add_to_tasks(locked, 1);
}

static struct mill_task *take_from(struct locked *locked, struct mill_task **list)
{
    struct mill_task *task = *list;
    if (task) {
        *list = task->next;
        add_to_tasks(locked, (size_t)-1);
    }
    return task;
}

static struct mill_task *take_old(struct locked *locked)
{
    if (!locked->old) {
        locked->old = locked->young;
        locked->young = NULL;
    }
    return take_from(locked, &locked->old);
}

static struct mill_task *take(struct locked *locked, struct mill_pool_seat *seat)
{
    enum mill_turn turn = mill_pool_turn(seat); /* what stands with other workers stands here too */
    struct mill_task *task = NULL;
    if (turn == MILL_TURN_OUTSIDE) {
        task = take_from(locked, &locked->first);
    } else if (turn == MILL_TURN_OLD) {
        task = take_old(locked);
    }
    if (!task) {
        task = take_from(locked, &locked->young);
    }
    if (!task) {
        task = take_from(locked, &locked->old);
    }
    return task ? task : take_from(locked, &locked->first);
}

static bool is_closed(const struct locked *locked)
{
    return atomic_load_explicit(&locked->closed, memory_order_relaxed); /* the mutex orders; or a hint */
}

/* ---- workers ---- */

/* Without the mutex: looks for as long as the pool spins, or until there is something to see. */
static void look_around(const struct locked *locked)
{
    int64_t spin_ns = locked->pool.spin_ns;
    uint64_t until = spin_ns == MILL_FOREVER ? MILL_NO_DEADLINE : mill_now_ns() + (uint64_t)spin_ns;
    do {
        for (int looks = 0; looks < 16; looks++) {
            if (any(locked) || is_closed(locked)) {
                return;
            }
            mill_pause();
        }
    } while (mill_now_ns() < until);
}

static void sleep_until(struct locked *locked, uint64_t deadline, int *status)
{
    locked->asleep++;
    *status = mill_condition_wait(&locked->changed, &locked->mutex, deadline);
    locked->asleep--;
    locked->waking = false; /* or another one is to come; then one more is woken at worst */
}

/* There are tasks: is somebody to be called for them? The caller does so. */
static bool must_wake(struct locked *locked)
{
    bool wake = any(locked) && locked->asleep > 0 && !locked->waking;
    locked->waking |= wake;
    return wake;
}

static void run_one(struct locked *locked, struct mill_pool_seat *seat, struct mill_task *task)
{
    bool wake = must_wake(locked);
    pthread_mutex_unlock(&locked->mutex);
    if (wake) {
        pthread_cond_signal(&locked->changed);
    }
    mill_pool_execute(seat, task);
    pthread_mutex_lock(&locked->mutex);
}

static void work(struct mill_pool_seat *seat)
{
    struct locked *locked = locked_of(seat->pool);
    bool looked = false; /* since the last task */
    int unused;
    pthread_mutex_lock(&locked->mutex);
    for (;;) {
        struct mill_task *task = take(locked, seat);
        if (task) {
            run_one(locked, seat, task);
            looked = false;
        } else if (is_closed(locked)) {
            break;
        } else if (!looked && locked->pool.spin_ns > 0) {
            pthread_mutex_unlock(&locked->mutex);
            look_around(locked);
            pthread_mutex_lock(&locked->mutex);
            looked = locked->pool.spin_ns != MILL_FOREVER;
        } else {
            sleep_until(locked, MILL_NO_DEADLINE, &unused);
        }
    }
    pthread_mutex_unlock(&locked->mutex);
}

static int assist(struct mill_pool *pool, bool (*settled)(const void *what), const void *what,
                  uint64_t deadline)
{
    struct locked *locked = locked_of(pool);
    struct mill_pool_seat *seat = mill_pool_here;
    int status = 0;
    seat->assists++;
    pthread_mutex_lock(&locked->mutex);
    while (!settled(what) && status == 0) {
        struct mill_task *task = take(locked, seat);
        if (task) {
            run_one(locked, seat, task);
            status = deadline <= mill_now_ns() ? -ETIMEDOUT : 0;
        } else {
            locked->assisting++;
            sleep_until(locked, deadline, &status);
            locked->assisting--;
        }
    }
    status = settled(what) ? 0 : status;
    if (must_wake(locked)) {
        pthread_cond_signal(&locked->changed); /* the wake that came with it may have been ours */
    }
    pthread_mutex_unlock(&locked->mutex);
    seat->assists--;
    return status;
}

static void nudge(struct mill_pool *pool)
{
    struct locked *locked = locked_of(pool);
    pthread_mutex_lock(&locked->mutex);
    if (locked->assisting > 0) {
        pthread_cond_broadcast(&locked->changed);
    }
    pthread_mutex_unlock(&locked->mutex);
}

/* ---- from outside ---- */

static int submit(struct mill_pool *pool, struct mill_task *task)
{
    struct locked *locked = locked_of(pool);
    bool nested = mill_pool_inside(pool);
    pthread_mutex_lock(&locked->mutex);
    if (is_closed(locked)) {
        pthread_mutex_unlock(&locked->mutex);
        return -EPIPE;
    }
    if (nested) {
        stack_up(locked, task);
    } else {
        queue_up(locked, task);
    }
    bool wake = must_wake(locked);
    pthread_mutex_unlock(&locked->mutex);
    if (wake) {
        pthread_cond_signal(&locked->changed);
    }
    return 0;
}

static int shut_down(struct mill_pool *pool, uint64_t deadline)
{
    struct locked *locked = locked_of(pool);
    pthread_mutex_lock(&locked->mutex);
    atomic_store_explicit(&locked->closed, true, memory_order_relaxed); /* the mutex orders */
    pthread_cond_broadcast(&locked->changed);
    pthread_mutex_unlock(&locked->mutex);
    return mill_pool_await_end(pool, deadline);
}

static void destroy(struct mill_pool *pool)
{
    struct locked *locked = locked_of(pool);
    mill_pool_close(pool);
    pthread_mutex_destroy(&locked->mutex);
    pthread_cond_destroy(&locked->changed);
    free(locked);
}

static int create(const struct mill_pool_ops *ops, const struct mill_pool_options *options,
                  struct mill_pool **pool)
{
    struct locked *locked = mill_isolated_alloc(sizeof *locked);
    if (!locked) {
        return -ENOMEM;
    }
    int status = mill_condition_init(&locked->changed);
    if (status < 0) {
        goto no_condition;
    }
    status = -pthread_mutex_init(&locked->mutex, NULL);
    if (status < 0) {
        goto no_mutex;
    }
    status = mill_pool_open(&locked->pool, ops, options);
    if (status < 0) {
        goto no_seats;
    }
    status = mill_pool_start(&locked->pool, work);
    if (status < 0) {
        destroy(&locked->pool);
        return status;
    }
    *pool = &locked->pool;
    return 0;

no_seats:
    pthread_mutex_destroy(&locked->mutex);
no_mutex:
    pthread_cond_destroy(&locked->changed);
no_condition:
    free(locked);
    return status;
}

const struct mill_pool_ops mill_pool_locked = {
    .about =
        {
            .name = "locked",
            .summary = "lists of tasks under one mutex, one condition for the workers",
            .source = "Hoare, Monitors: An Operating System Structuring Concept, 1974",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .submit = submit,
    .shutdown = shut_down,
    .assist = assist,
    .nudge = nudge,
};
