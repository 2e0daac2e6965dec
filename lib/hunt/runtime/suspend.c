#include "hunt/runtime/suspend.h"

#include "hunt/runtime/schedule.h"

/* Rounds in which all that are left look in vain, before who waits for no progress goes on. */
#define IDLE_ENOUGH    8

/* How many times as many steps are too many, and how many more. */
#define TOO_MANY_TIMES 8
#define TOO_MANY_MORE  64

bool mill_suspend_wanted(void)
{
    return mill_schedule.job->flags & MILL_JOB_PROGRESS;
}

/* ---- which thread, and where ---- */

static uint64_t count_points(const struct mill_job *job)
{
    uint64_t sum = 0;
    for (unsigned thread = 0; thread < MILL_HUNT_THREADS; thread++) {
        sum += job->points[thread];
    }
    return sum;
}

/* Every point of every thread in turn, the first of all threads first. */
static struct mill_suspension find_point(const struct mill_job *job, uint64_t index)
{
    for (uint32_t point = 0;; point++) {
        for (unsigned thread = 0; thread < MILL_HUNT_THREADS; thread++) {
            if (point < job->points[thread] && index-- == 0) {
                return (struct mill_suspension){.thread = thread, .point = point};
            }
        }
    }
}

/* Every thread that has points in turn, with more and more steps of others. */
static struct mill_suspension find_holding(const struct mill_job *job, uint64_t index)
{
    unsigned threads = 0;
    for (unsigned thread = 0; thread < MILL_HUNT_THREADS; thread++) {
        threads += job->points[thread] > 0;
    }
    uint64_t which = index % threads;
    unsigned thread = 0;
    while (job->points[thread] == 0 || which-- > 0) {
        thread++;
    }
    return (struct mill_suspension){
        .thread = thread,
        .point = job->points[thread] * TOO_MANY_TIMES + TOO_MANY_MORE,
        .others = 4u << index / threads % 6,
    };
}

uint32_t mill_suspend_usual(uint32_t bound)
{
    return (bound - TOO_MANY_MORE) / TOO_MANY_TIMES;
}

static struct mill_suspension find_next(const struct mill_job *job, uint64_t index, uint64_t points)
{
    if (!(job->flags & MILL_JOB_WAIT_FREE)) {
        return find_point(job, index % points);
    }
    return index % 2 == 0 ? find_point(job, index / 2 % points) : find_holding(job, index / 2);
}

void mill_suspend_begin(uint64_t number)
{
    struct mill_job *job = mill_schedule.job;
    mill_schedule.suspended = MILL_SUSPEND_NOBODY;
    mill_schedule.suspends = mill_suspend_wanted();
    if (job->mode == MILL_JOB_EXPLORE) {
        uint64_t points = mill_schedule.suspends ? count_points(job) : 0;
        job->suspension = (struct mill_suspension){.thread = MILL_SUSPEND_NOBODY};
        if (number >= MILL_SUSPEND_LEARNING && points > 0) {
            job->suspension = find_next(job, number - MILL_SUSPEND_LEARNING, points);
        }
    }
}

/* ---- points ---- */

static void suspend(struct mill_hunted *one)
{
    mill_schedule.suspended = mill_schedule.current;
    mill_schedule.suspended_at = mill_schedule.step;
    mill_schedule.job->suspension.step = mill_schedule.step;
    one->held = true;
    mill_schedule.stale = true;
    mill_schedule.ask_again = true; /* who waits for the operations of all that are left */
}

/* Those that are left make no progress by themselves: whoever waits for that goes on. */
static void release_last(void)
{
    for (unsigned thread = 0; thread < mill_schedule.count; thread++) {
        struct mill_hunted *one = &mill_schedule.threads[thread];
        mill_schedule.stale |= one->last && !one->timed;
        one->timed |= one->last;
    }
}

bool mill_suspend_release(void)
{
    struct mill_hunted *held = &mill_schedule.threads[mill_schedule.job->suspension.thread];
    bool may = held->held && mill_schedule.job->suspension.others > 0;
    held->held &= !may;
    return may;
}

static void hold_back(struct mill_hunted *one, const struct mill_suspension *wanted)
{
    if (mill_schedule.current != wanted->thread) {
        struct mill_hunted *held = &mill_schedule.threads[wanted->thread];
        if (held->held && wanted->thread < mill_schedule.count && --mill_schedule.held_for == 0) {
            held->held = false;
            mill_schedule.stale = true;
        }
    } else if (one->operates) {
        one->has_waited |= one->yielded || (one->ready && !one->ready(one->waits_at, wanted->thread));
        if (one->points++ >= wanted->point && !one->has_waited) {
            mill_tell_unbounded();
        }
        one->held = true;
        mill_schedule.held_for = wanted->others;
        mill_schedule.stale = true;
    }
}

void mill_suspend_point(void)
{
    struct mill_hunted *one = &mill_schedule.threads[mill_schedule.current];
    const struct mill_suspension *wanted = &mill_schedule.job->suspension;
    if (mill_schedule.suspended != MILL_SUSPEND_NOBODY) {
        uint32_t since = mill_schedule.step - mill_schedule.suspended_at;
        uint32_t left = mill_schedule.steps_max - mill_schedule.suspended_at;
        if (mill_schedule.idle_rounds >= IDLE_ENOUGH || since > left / 2) {
            release_last();
        }
    } else if (wanted->others > 0) {
        hold_back(one, wanted);
    } else if (one->operates && one->points++ == wanted->point && mill_schedule.current == wanted->thread) {
        suspend(one);
    }
}

/* ---- for the target ---- */

void mill_operations_begin(void)
{
    mill_schedule.threads[mill_schedule.current].operates = true;
}

void mill_operations_end(void)
{
    struct mill_job *job = mill_schedule.job;
    struct mill_hunted *one = &mill_schedule.threads[mill_schedule.current];
    uint32_t *most = &job->points[mill_schedule.current];
    one->operates = false;
    if (job->mode == MILL_JOB_EXPLORE && job->number < MILL_SUSPEND_LEARNING && one->points > *most) {
        *most = one->points;
    }
    mill_schedule.ask_again = true;
}

unsigned mill_held_back(void)
{
    const struct mill_suspension *wanted = &mill_schedule.job->suspension;
    return mill_schedule.suspends && wanted->others > 0 ? wanted->thread : MILL_SUSPEND_NOBODY;
}

unsigned mill_suspended(void)
{
    return mill_schedule.suspended;
}

_Noreturn void mill_suspend_leave(void)
{
    _Atomic uint64_t *done = &mill_schedule.job->done;
    /* relaxed: one process at a time writes it */
    atomic_store_explicit(done, atomic_load_explicit(done, memory_order_relaxed) + 1, memory_order_relaxed);
    mill_scheduler_leave(MILL_JOB_ENDED);
}
