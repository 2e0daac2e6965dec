/* The manager and the list of its members. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "task/inbox.h"
#include "task/manager_parts.h"

const char *mill_member_state_name(enum mill_member_state state)
{
    static const char *const names[] = {
        [MILL_MEMBER_CREATED] = "created", [MILL_MEMBER_RUNNING] = "running", [MILL_MEMBER_PAUSED] = "paused",
        [MILL_MEMBER_STOPPED] = "stopped", [MILL_MEMBER_ERROR] = "error",
    };
    return names[state];
}

/* ---- made and unmade ---- */

int mill_manager_create(const struct mill_manager_settings *settings, struct mill_manager **manager)
{
    if (!settings || !manager) {
        return -EINVAL;
    }
    const struct mill_queue_ops *mailbox = settings->mailbox;
    int status = mill_inbox_choose(&mailbox, settings->mailbox_capacity);
    if (status < 0) {
        return status;
    }
    struct mill_manager *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->settings = *settings;
    made->settings.mailbox = mailbox;
    status = mill_monitor_init(&made->monitor);
    if (status < 0) {
        goto no_monitor;
    }
    status = mill_runner_init(&made->reaper, "manager", mill_manager_reap, made);
    if (status < 0) {
        goto no_runner;
    }
    status = mill_runner_start(&made->reaper, NULL);
    if (status < 0) {
        goto no_thread;
    }
    *manager = made;
    return 0;

no_thread:
    mill_runner_destroy(&made->reaper);
no_runner:
    mill_monitor_destroy(&made->monitor);
no_monitor:
    free(made);
    return status;
}

static void free_member(struct mill_member *member)
{
    mill_member_empty_mailbox(member);
    mill_queue_destroy(member->mailbox);
    free(member);
}

int mill_manager_destroy(struct mill_manager *manager)
{
    if (!manager) {
        return 0;
    }
    if (mill_runner_destroy(&manager->reaper) <
        0) { /* it ends with a shutdown that succeeds, and not before */
        return -EBUSY;
    }
    while (manager->first) {
        struct mill_member *member = manager->first;
        manager->first = member->next;
        free_member(member);
    }
    mill_monitor_destroy(&manager->monitor);
    free(manager);
    return 0;
}

/* ---- members ---- */

struct mill_member *mill_manager_find(const struct mill_manager *manager, const char *name)
{
    struct mill_member *member = name ? manager->first : NULL;
    while (member && strcmp(member->name, name) != 0) {
        member = member->next;
    }
    return member;
}

static int make_member(struct mill_manager *manager, const char *name, struct mill_member **member)
{
    struct mill_member *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status =
        mill_queue_create(manager->settings.mailbox, manager->settings.mailbox_capacity, &made->mailbox);
    if (status < 0) {
        free(made);
        return status;
    }
    made->manager = manager;
    memcpy(made->name, name, strlen(name) + 1);
    *member = made;
    return 0;
}

/* Under the monitor. */
static int append(struct mill_manager *manager, struct mill_member *member)
{
    if (mill_stop_requested(&manager->stop)) {
        return -EPIPE;
    }
    if (mill_manager_find(manager, member->name)) {
        return -EEXIST;
    }
    *(manager->last ? &manager->last->next : &manager->first) = member;
    manager->last = member;
    return 0;
}

int mill_manager_add(struct mill_manager *manager, const char *name,
                     int (*body)(struct mill_member *me, void *argument), void *argument)
{
    struct mill_member *member;
    int status = body && mill_thread_name_fits(name) ? make_member(manager, name, &member) : -EINVAL;
    if (status < 0) {
        return status;
    }
    member->body = body;
    member->argument = argument;
    mill_monitor_enter(&manager->monitor);
    status = append(manager, member);
    mill_monitor_leave(&manager->monitor);
    if (status < 0) {
        free_member(member);
    }
    return status;
}

/* Under the monitor. */
static void remove_member(struct mill_manager *manager, const struct mill_member *member)
{
    struct mill_member **link = &manager->first;
    struct mill_member *before = NULL;
    while (*link != member) {
        before = *link;
        link = &before->next;
    }
    *link = member->next;
    if (manager->last == member) {
        manager->last = before;
    }
}

/* ---- metrics ---- */

/* Under the monitor. relaxed: single counts, which carry nothing. */
static void read_metrics(const struct mill_member *member, struct mill_member_metrics *metrics)
{
    *metrics = (struct mill_member_metrics){
        .state = member->state,
        .start_ns = member->start_ns,
        .end_ns = member->end_ns,
        .cpu_ns = member->cpu_ns,
        .tasks = atomic_load_explicit(&member->tasks, memory_order_relaxed),
        .errors = atomic_load_explicit(&member->errors, memory_order_relaxed),
        .last_error = atomic_load_explicit(&member->last_error, memory_order_relaxed),
        .refused = member->refused,
        .unread = member->unread,
    };
    memcpy(metrics->name, member->name, sizeof metrics->name);
    if (member->thread && !mill_member_has_ended(member)) {
        /* Fails only while the thread goes away, when it has used next to nothing more. */
        mill_thread_cpu_ns(member->thread, &metrics->cpu_ns);
    }
}

int mill_manager_metrics(struct mill_manager *manager, const char *name, struct mill_member_metrics *metrics)
{
    if (!metrics) {
        return -EINVAL;
    }
    MILL_INSIDE(held, &manager->monitor);
    const struct mill_member *member = mill_manager_find(manager, name);
    if (!member) {
        return -ENOENT;
    }
    read_metrics(member, metrics);
    return 0;
}

size_t mill_manager_list(struct mill_manager *manager, struct mill_member_metrics *all, size_t room)
{
    MILL_INSIDE(held, &manager->monitor);
    size_t count = 0;
    for (const struct mill_member *member = manager->first; member; member = member->next, count++) {
        if (count < room) {
            read_metrics(member, &all[count]);
        }
    }
    return count;
}

static int take_out(struct mill_manager *manager, const char *name, struct mill_member **member)
{
    MILL_INSIDE(held, &manager->monitor);
    *member = mill_manager_find(manager, name);
    if (!*member) {
        return -ENOENT;
    }
    if ((*member)->unjoined || (*member)->calls > 0) {
        return -EBUSY;
    }
    remove_member(manager, *member);
    return 0;
}

int mill_manager_forget(struct mill_manager *manager, const char *name, struct mill_member_metrics *metrics)
{
    struct mill_member *member;
    int status = take_out(manager, name, &member);
    if (status < 0) {
        return status;
    }
    member->unread += mill_member_empty_mailbox(member); /* of one that was never started */
    if (metrics) {
        read_metrics(member, metrics);
    }
    free_member(member);
    return 0;
}
