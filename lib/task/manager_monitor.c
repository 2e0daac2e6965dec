/* The monitor, which reaps the dead, and the shutdown, which waits for it. */
#include <errno.h>
#include <string.h>

#include "task/manager_parts.h"

/* ---- the dead ---- */

/* Under the monitor. One that has ended, whom nobody joins yet and no call uses any more; or NULL. */
static struct mill_member *find_dead(const struct mill_manager *manager)
{
    struct mill_member *member = manager->first;
    while (member && !(member->thread && mill_member_has_ended(member) && member->calls == 0)) {
        member = member->next;
    }
    return member;
}

/* Under the monitor, which is left for the join: the thread may still wait for it. `unjoined` keeps the
 * member where it is meanwhile. */
static void reap(struct mill_manager *manager, struct mill_member *member)
{
    struct mill_thread *thread = member->thread;
    member->thread = NULL;
    mill_monitor_leave(&manager->monitor);
    mill_thread_join(&thread, MILL_FOREVER);
    uint64_t unread = mill_member_empty_mailbox(member);
    mill_monitor_enter(&manager->monitor);
    member->unread = unread;
    member->unjoined = false;
    mill_monitor_wake_all(&manager->monitor);
}

void mill_manager_reap(void *argument)
{
    struct mill_manager *manager = argument;
    mill_monitor_enter(&manager->monitor);
    while (!manager->reaper_over) {
        struct mill_member *dead = find_dead(manager);
        if (dead) {
            reap(manager, dead);
        } else {
            mill_monitor_wait(&manager->monitor, MILL_NO_DEADLINE);
        }
    }
    mill_monitor_leave(&manager->monitor);
}

/* ---- shutdown ---- */

/* Under the monitor. */
static void ask_all_to_end(struct mill_manager *manager)
{
    if (mill_stop_requested(&manager->stop)) {
        return;
    }
    mill_stop_request(&manager->stop);
    for (struct mill_member *member = manager->first; member; member = member->next) {
        mill_queue_close(member->mailbox);
        mill_member_let_run(member);
    }
    mill_monitor_wake_all(&manager->monitor);
}

struct census {
    size_t running;  /* bodies that have not returned */
    size_t unjoined; /* those, and the dead that are being joined */
};

/* Under the monitor. */
static struct census take_census(const struct mill_manager *manager)
{
    struct census census = {0};
    for (const struct mill_member *member = manager->first; member; member = member->next) {
        census.running += member->unjoined && !mill_member_has_ended(member);
        census.unjoined += member->unjoined;
    }
    return census;
}

/* Under the monitor. The deadline is for those that run; the dead are joined in no time. */
static int await_end_of_all(struct mill_manager *manager, uint64_t deadline)
{
    int status = 0;
    struct census census = take_census(manager);
    while (census.unjoined > 0) {
        if (census.running > 0 && status < 0) {
            return status;
        }
        int waited = mill_monitor_wait(&manager->monitor, census.running > 0 ? deadline : MILL_NO_DEADLINE);
        status = waited < 0 ? waited : status;
        census = take_census(manager);
    }
    return 0;
}

/* Under the monitor. */
static size_t name_running(const struct mill_manager *manager, char (*left)[MILL_THREAD_NAME_MAX + 1],
                           size_t room)
{
    size_t count = 0;
    for (const struct mill_member *member = manager->first; member; member = member->next) {
        if (member->unjoined && !mill_member_has_ended(member)) {
            if (left && count < room) {
                memcpy(left[count], member->name, sizeof left[count]);
            }
            count++;
        }
    }
    return count;
}

int mill_manager_shutdown(struct mill_manager *manager, int64_t timeout_ns,
                          char (*left)[MILL_THREAD_NAME_MAX + 1], size_t room, size_t *count)
{
    uint64_t deadline;
    int status = mill_deadline_after(timeout_ns, &deadline);
    if (status < 0) {
        return status;
    }
    if (mill_member_running() && mill_member_running()->manager == manager) {
        return -EDEADLK;
    }
    mill_monitor_enter(&manager->monitor);
    ask_all_to_end(manager);
    status = await_end_of_all(manager, deadline);
    size_t running = name_running(manager, left, room);
    if (status == 0) {
        manager->reaper_over = true;
        mill_monitor_wake_all(&manager->monitor);
    }
    mill_monitor_leave(&manager->monitor);
    if (count) {
        *count = running;
    }
    return status < 0 ? status : mill_runner_stop(&manager->reaper, MILL_NO_DEADLINE);
}
