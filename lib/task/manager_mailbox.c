/* Messages: each member has a mailbox of its own, a queue. */
#include <errno.h>

#include "task/manager_parts.h"

uint64_t mill_member_empty_mailbox(struct mill_member *member)
{
    const struct mill_manager_settings *settings = &member->manager->settings;
    uint64_t count = 0;
    void *message;
    while (mill_queue_get(member->mailbox, &message, 0) == 0) {
        count++;
        if (settings->dispose) {
            settings->dispose(settings->context, message);
        }
    }
    return count;
}

/* The member, held so that it does not go while the caller waits for room in its mailbox. */
static struct mill_member *hold_named(struct mill_manager *manager, const char *name)
{
    MILL_INSIDE(held, &manager->monitor);
    struct mill_member *member = mill_manager_find(manager, name);
    if (member) {
        mill_member_hold(member);
    }
    return member;
}

int mill_manager_send(struct mill_manager *manager, const char *name, void *message, int64_t timeout_ns)
{
    if (!message || timeout_ns < 0) {
        return -EINVAL;
    }
    struct mill_member *member = hold_named(manager, name);
    if (!member) {
        return -ENOENT;
    }
    bool self = member == mill_member_running();
    int status =
        mill_queue_put(member->mailbox, message, self ? 0 : timeout_ns); /* -EPIPE: closed by its end */
    mill_monitor_enter(&manager->monitor);
    mill_member_let_go(member);
    mill_monitor_leave(&manager->monitor);
    return self && timeout_ns > 0 && status == -ETIMEDOUT ? -EDEADLK : status;
}

/* Under the monitor, so that members come and end before a broadcast or after it, and two broadcasts arrive
 * in one order everywhere. The puts do not wait. */
static void deliver(struct mill_manager *manager, void *message, struct mill_broadcast *result)
{
    for (struct mill_member *member = manager->first; member; member = member->next) {
        if (mill_member_has_ended(member)) {
            continue;
        }
        if (mill_queue_try_put(member->mailbox, message) == 0) {
            result->delivered++;
        } else {
            member->refused++;
            result->refused++;
        }
    }
}

int mill_manager_broadcast(struct mill_manager *manager, void *message, struct mill_broadcast *result)
{
    if (!message) {
        return -EINVAL;
    }
    struct mill_broadcast mine = {0};
    mill_monitor_enter(&manager->monitor);
    bool over = mill_stop_requested(&manager->stop);
    if (!over) {
        deliver(manager, message, &mine);
    }
    mill_monitor_leave(&manager->monitor);
    if (result) {
        *result = mine;
    }
    if (over) {
        return -EPIPE;
    }
    return mine.refused > 0 ? -EAGAIN : 0;
}

int mill_member_receive(struct mill_member *me, void **message, int64_t timeout_ns)
{
    return message ? mill_queue_get(me->mailbox, message, timeout_ns) : -EINVAL;
}
