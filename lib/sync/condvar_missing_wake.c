/* The mistake of leaving the mutex and falling asleep in two steps: a wake between the two finds nobody, and
 * the waiter sleeps although it was woken. Kept on purpose. All is done under one mutex or another, so the
 * only thing wrong is the missed wake, not a data race beside it.
 *
 * Whoever missed its wake can be told from the others: only abandon gets it out, with -ECANCELED.
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/condvar_list.h"
#include "sync/monitor.h"

/* Times that a waiter gives its processor away between the two steps, where a preemption may do so anyway. */
#define PAUSE_YIELDS 4

struct condvar {
    struct mill_condvar condvar;
    alignas(MILL_ISOLATION) pthread_mutex_t mutex; /* the user's */
    struct mill_monitor sleeping;                  /* protects what follows */
    uint64_t wakes;
    bool abandoned;
};

static struct condvar *condvar_of(struct mill_condvar *condvar)
{
    return (struct condvar *)condvar;
}

static int create(struct mill_condvar **condvar)
{
    struct condvar *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = -pthread_mutex_init(&made->mutex, NULL);
    if (status == 0) {
        status = mill_monitor_init(&made->sleeping);
        if (status < 0) {
            pthread_mutex_destroy(&made->mutex);
        }
    }
    if (status < 0) {
        free(made);
        return status;
    }
    *condvar = &made->condvar;
    return 0;
}

static void destroy(struct mill_condvar *condvar)
{
    mill_monitor_destroy(&condvar_of(condvar)->sleeping);
    pthread_mutex_destroy(&condvar_of(condvar)->mutex);
    free(condvar);
}

static void enter(struct mill_condvar *condvar)
{
    pthread_mutex_lock(&condvar_of(condvar)->mutex);
}

static void leave(struct mill_condvar *condvar)
{
    pthread_mutex_unlock(&condvar_of(condvar)->mutex);
}

static int sleep_until_woken(struct condvar *condvar)
{
    mill_monitor_enter(&condvar->sleeping);
    const uint64_t wakes = condvar->wakes;
    while (condvar->wakes == wakes && !condvar->abandoned) {
        mill_monitor_wait(&condvar->sleeping, MILL_NO_DEADLINE);
    }
    int status = condvar->wakes == wakes ? -ECANCELED : 0;
    mill_monitor_leave(&condvar->sleeping);
    return status;
}

static int wait(struct mill_condvar *condvar)
{
    leave(condvar);
    for (int i = 0; i < PAUSE_YIELDS; i++) {
        sched_yield();
    }
    int status = sleep_until_woken(condvar_of(condvar));
    enter(condvar);
    return status;
}

static void count_wake(struct condvar *condvar)
{
    mill_monitor_enter(&condvar->sleeping);
    condvar->wakes++;
    mill_monitor_leave(&condvar->sleeping);
}

static void wake_one(struct mill_condvar *condvar)
{
    count_wake(condvar_of(condvar));
    mill_monitor_wake_one(&condvar_of(condvar)->sleeping);
}

static void wake_all(struct mill_condvar *condvar)
{
    count_wake(condvar_of(condvar));
    mill_monitor_wake_all(&condvar_of(condvar)->sleeping);
}

static void abandon(struct mill_condvar *base)
{
    struct condvar *condvar = condvar_of(base);
    mill_monitor_enter(&condvar->sleeping);
    condvar->abandoned = true;
    mill_monitor_leave(&condvar->sleeping);
    mill_monitor_wake_all(&condvar->sleeping);
}

const struct mill_condvar_ops mill_condvar_missing_wake = {
    .about =
        {
            .name = "missing-wake",
            .summary = "leaves the mutex and falls asleep in two steps: sleeps through a wake in between",
            .source = "the mistake of a leave and a sleep that are not one step",
            .traits = MILL_PARKS | MILL_CONTROL,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct condvar),
        },
    .create = create,
    .destroy = destroy,
    .enter = enter,
    .leave = leave,
    .wait = wait,
    .wake_one = wake_one,
    .wake_all = wake_all,
    .abandon = abandon,
};
