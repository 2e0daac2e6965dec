/* A member's life: start, pauses, end. */
#include <errno.h>
#include <time.h>

#include "task/manager_parts.h"

/* The member whose body runs here. */
static _Thread_local const struct mill_member *running;

const struct mill_member *mill_member_running(void)
{
    return running;
}

/* ---- start and end ---- */

/* Under the monitor. Who waits for its mailbox is turned away, who waits for its pause too. */
static void end(struct mill_member *me, int status)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    me->cpu_ns = mill_timespec_ns(used);
    me->end_ns = mill_now_ns();
    me->state = status < 0 ? MILL_MEMBER_ERROR : MILL_MEMBER_STOPPED;
    mill_queue_close(me->mailbox);
    mill_monitor_wake_all(&me->manager->monitor);
}

static void live(void *argument)
{
    struct mill_member *me = argument;
    running = me;
    int status = me->body(me, me->argument);
    if (status < 0) {
        mill_member_count(me, status);
    }
    mill_monitor_enter(&me->manager->monitor);
    end(me, status);
    mill_monitor_leave(&me->manager->monitor);
}

/* Under the monitor, which the thread waits for at its end. */
static int begin(struct mill_member *member)
{
    if (member->state != MILL_MEMBER_CREATED) {
        return -EALREADY;
    }
    member->start_ns = mill_now_ns();
    member->state = MILL_MEMBER_RUNNING;
    int status = mill_thread_start(&member->thread, member->name, live, member);
    member->unjoined = status == 0;
    if (status < 0) {
        member->start_ns = 0;
        member->state = MILL_MEMBER_CREATED;
    }
    return status;
}

int mill_manager_start(struct mill_manager *manager, const char *name)
{
    MILL_INSIDE(held, &manager->monitor);
    struct mill_member *member = mill_manager_find(manager, name);
    if (!member) {
        return -ENOENT;
    }
    return mill_stop_requested(&manager->stop) ? -EPIPE : begin(member);
}

/* ---- pausing ---- */

static bool pause_asked(const struct mill_member *member)
{
    /* relaxed: what it leads to happens under the monitor */
    return atomic_load_explicit(&member->pause_asked, memory_order_relaxed);
}

int mill_member_check_pause(struct mill_member *me)
{
    struct mill_manager *manager = me->manager;
    if (pause_asked(me) && !mill_stop_requested(&manager->stop)) {
        mill_monitor_enter(&manager->monitor);
        while (pause_asked(me) && !mill_stop_requested(&manager->stop)) {
            if (me->state != MILL_MEMBER_PAUSED) { /* told once: two that are paused would wake each other */
                me->state = MILL_MEMBER_PAUSED;
                mill_monitor_wake_all(&manager->monitor);
            }
            mill_monitor_wait(&manager->monitor, MILL_NO_DEADLINE);
        }
        me->state = MILL_MEMBER_RUNNING;
        mill_monitor_leave(&manager->monitor);
    }
    return mill_stop_requested(&manager->stop) ? -EPIPE : 0;
}

/* Under the monitor, with the member held. */
static int await_pause(struct mill_member *member, uint64_t deadline)
{
    struct mill_manager *manager = member->manager;
    int waited = 0;
    for (;;) {
        if (mill_stop_requested(&manager->stop)) {
            return -EPIPE;
        }
        if (mill_member_has_ended(member)) {
            return -ESRCH;
        }
        if (!pause_asked(member)) {
            return -ECANCELED;
        }
        if (member->state == MILL_MEMBER_PAUSED) {
            return 0;
        }
        if (waited < 0) {
            return waited;
        }
        waited = mill_monitor_wait(&manager->monitor, deadline);
    }
}

static bool runs(const struct mill_member *member)
{
    return member->state == MILL_MEMBER_RUNNING || member->state == MILL_MEMBER_PAUSED;
}

int mill_manager_pause(struct mill_manager *manager, const char *name, int64_t timeout_ns)
{
    uint64_t deadline;
    int status = mill_deadline_after(timeout_ns, &deadline);
    if (status < 0) {
        return status;
    }
    MILL_INSIDE(held, &manager->monitor);
    struct mill_member *member = mill_manager_find(manager, name);
    if (!member) {
        return -ENOENT;
    }
    if (member == running && timeout_ns > 0) {
        return -EDEADLK;
    }
    if (!runs(member)) {
        return -ESRCH;
    }
    atomic_store_explicit(&member->pause_asked, true, memory_order_relaxed); /* see pause_asked */
    mill_member_hold(member);
    status = await_pause(member, deadline);
    mill_member_let_go(member);
    return status;
}

int mill_manager_resume(struct mill_manager *manager, const char *name)
{
    MILL_INSIDE(held, &manager->monitor);
    struct mill_member *member = mill_manager_find(manager, name);
    if (!member) {
        return -ENOENT;
    }
    if (!runs(member)) {
        return -ESRCH;
    }
    atomic_store_explicit(&member->pause_asked, false, memory_order_relaxed); /* see pause_asked */
    mill_member_let_run(member);
    mill_monitor_wake_all(&manager->monitor);
    return 0;
}

/* ---- what a body asks and tells ---- */

const char *mill_member_name(const struct mill_member *me)
{
    return me->name;
}

void mill_member_count(struct mill_member *me, int status)
{
    /* relaxed: single counts, which carry nothing */
    if (status < 0) {
        atomic_store_explicit(&me->last_error, status, memory_order_relaxed);
    }
    atomic_fetch_add_explicit(status < 0 ? &me->errors : &me->tasks, 1, memory_order_relaxed);
}

struct mill_stop *mill_member_stop_event(struct mill_member *me)
{
    return &me->manager->stop;
}
