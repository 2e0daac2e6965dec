/* What the files of the manager share: manager.c (members and their names), manager_thread.c (a member's life
 * and its pauses), manager_mailbox.c (messages) and manager_monitor.c (the dead, and the shutdown).
 */
#ifndef MILL_TASK_MANAGER_PARTS_H
#define MILL_TASK_MANAGER_PARTS_H

#include <stdatomic.h>

#include "core/cacheline.h"
#include "sync/monitor.h"
#include "task/manager.h"
#include "task/runner.h"
#include "task/scope.h"
#include "task/stop.h"

struct mill_manager {
    struct mill_manager_settings settings;
    struct mill_stop stop;       /* requested by the shutdown, under the monitor */
    struct mill_runner reaper;   /* the monitor's thread */
    struct mill_monitor monitor; /* protects all below, and what the members say it does; never held while one
                                    waits for a mailbox or joins */
    bool reaper_over;            /* the reaper shall end */
    struct mill_member *first, *last;
};

struct mill_member {
    struct mill_manager *manager;
    char name[MILL_THREAD_NAME_MAX + 1];
    int (*body)(struct mill_member *me, void *argument);
    void *argument;
    struct mill_queue *mailbox;

    /* protected by the manager's monitor */
    struct mill_member *next;
    enum mill_member_state state;
    struct mill_thread *thread; /* NULL: not started, or being joined, or joined */
    bool unjoined;              /* from start until it has been joined and its mailbox emptied */
    unsigned calls;             /* under way outside the monitor: the member must not go */
    uint64_t start_ns, end_ns, cpu_ns;
    uint64_t refused, unread;

    alignas(MILL_ISOLATION) atomic_bool pause_asked; /* written under the monitor, polled without it */

    /* written by the member's thread alone */
    alignas(MILL_ISOLATION) _Atomic uint64_t tasks;
    _Atomic uint64_t errors;
    atomic_int last_error;
};

/* Under the monitor. The member of that name, or NULL. */
struct mill_member *mill_manager_find(const struct mill_manager *manager, const char *name);

/* Under the monitor. */
static inline bool mill_member_has_ended(const struct mill_member *member)
{
    return member->state == MILL_MEMBER_STOPPED || member->state == MILL_MEMBER_ERROR;
}

/* Under the monitor: nothing holds it at its pause point any more, though it may yet have to wake up. */
static inline void mill_member_let_run(struct mill_member *member)
{
    if (member->state == MILL_MEMBER_PAUSED) {
        member->state = MILL_MEMBER_RUNNING;
    }
}

/* Under the monitor: the member is used outside of it from now on. */
static inline void mill_member_hold(struct mill_member *member)
{
    member->calls++;
}

/* Under the monitor. The reaper may wait for this. */
static inline void mill_member_let_go(struct mill_member *member)
{
    member->calls--;
    if (mill_member_has_ended(member)) {
        mill_monitor_wake_all(&member->manager->monitor);
    }
}

/* Outside the monitor. Disposes of what is in the mailbox, which nobody uses any more; how many there were.
 */
uint64_t mill_member_empty_mailbox(struct mill_member *member);

/* The body of the monitor's thread; `argument` is the manager. */
void mill_manager_reap(void *argument);

/* The member, of whatever manager, whose body calls; or NULL. */
const struct mill_member *mill_member_running(void);

#endif
