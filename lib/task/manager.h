/* A thread manager (row 5 of the patterns): named threads with states, mailboxes, metrics, cooperative
 * pausing, a monitor that reaps the dead, and a shutdown that names who did not end.
 *
 *     static int process(struct mill_member *me, void *argument)
 *     {
 *         void *message;
 *         while (mill_member_check_pause(me) == 0) {                     -EPIPE: the manager shuts down
 *             if (mill_member_receive(me, &message, 100 * MILL_NS_PER_MS) == 0) {
 *                 mill_member_count(me, handle(message));                a task done, or an error
 *             }
 *         }
 *         return 0;
 *     }
 *
 *     struct mill_manager *manager;
 *     int status = mill_manager_create(&(struct mill_manager_settings){.mailbox_capacity = 64}, &manager);
 *     status = mill_manager_add(manager, "worker-1", process, NULL);
 *     status = mill_manager_start(manager, "worker-1");
 *     status = mill_manager_send(manager, "worker-1", message, MILL_NS_PER_S);
 *     status = mill_manager_pause(manager, "worker-1", MILL_NS_PER_S);   0: it stands at its pause point
 *     status = mill_manager_resume(manager, "worker-1");
 *
 *     char left[4][MILL_THREAD_NAME_MAX + 1];
 *     size_t count;
 *     status = mill_manager_shutdown(manager, 10 * MILL_NS_PER_S, left, 4, &count);
 *     if (status == -ETIMEDOUT) {
 *         name_them(left, count);                        they still run; shutdown can be called again
 *     }
 *     status = mill_manager_destroy(manager);
 *
 * The guide's manager changes states without a lock (a thread that is paused in the table runs on, and one
 * that resumes may overwrite its own end), looks at the dead and hands out broadcasts once a second, one at a
 * time, and drops what a paused reader could not be told. Here every state is written under one lock: to
 * running by the start, the resume and the shutdown, and else by the thread itself; the monitor sleeps until
 * somebody has ended; and a broadcast is delivered by its caller, before the call returns.
 *
 * Life of a member: created → running ⇄ paused → stopped, or error when its body returned a negative errno.
 * Its thread is joined by the monitor; name and metrics stay until mill_manager_forget.
 *
 * mill_manager_… may be called by any thread at any time, members' own included where nothing else is said;
 * destroy must be the last call. mill_member_… are called by the member's own body. Blocking.
 */
#ifndef MILL_TASK_MANAGER_H
#define MILL_TASK_MANAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/strategy.h"
#include "queue/queue.h"
#include "task/thread.h"

struct mill_manager;
struct mill_member;

enum mill_member_state {
    MILL_MEMBER_CREATED, /* never started */
    MILL_MEMBER_RUNNING, /* also while a pause is asked for and not yet reached */
    MILL_MEMBER_PAUSED,  /* stands at its pause point, and has not been resumed */
    MILL_MEMBER_STOPPED, /* the body returned 0 or more */
    MILL_MEMBER_ERROR,   /* the body returned a negative errno */
};

/* "created", "running", "paused", "stopped" or "error". */
const char *mill_member_state_name(enum mill_member_state state);

struct mill_member_metrics {
    char name[MILL_THREAD_NAME_MAX + 1];
    enum mill_member_state state;
    uint64_t start_ns; /* by mill_now_ns(); 0: not yet */
    uint64_t end_ns;
    uint64_t cpu_ns; /* processor time, so far or in all */
    uint64_t tasks;  /* counted by the body */
    uint64_t errors; /* counted by the body, and one for a negative result */
    int last_error;
    uint64_t refused; /* broadcasts that found the mailbox full */
    uint64_t unread;  /* messages that were in the mailbox when the member had ended */
};

struct mill_manager_settings {
    const struct mill_queue_ops *mailbox; /* NULL: the mutex ring; else as for an inbox (task/inbox.h) */
    size_t mailbox_capacity;              /* messages; to an unbounded mailbox a hint */
    void (*dispose)(void *context, void *message); /* of each unread message; or NULL */
    void *context;
};

/* 0; -EINVAL (NULL, a capacity of 0 or over MILL_QUEUE_CAPACITY_MAX); -ENOTSUP; -ENOMEM; -EAGAIN (no thread
 * for the monitor). */
int mill_manager_create(const struct mill_manager_settings *settings, struct mill_manager **manager);

/* 0 (also for NULL); -EBUSY, and nothing was done, before a shutdown has succeeded. */
int mill_manager_destroy(struct mill_manager *manager);

/* ---- members ---- */

/* Makes a member that is not started; it can be sent messages. 0; -EEXIST: the name is in use; -EINVAL (no
 * body, a name that no thread can have); -EPIPE: shut down; -ENOMEM. */
int mill_manager_add(struct mill_manager *manager, const char *name,
                     int (*body)(struct mill_member *me, void *argument), void *argument);

/* 0; -ENOENT; -EALREADY: it was started before, and may have ended; -EPIPE: shut down; -ENOMEM, -EAGAIN. */
int mill_manager_start(struct mill_manager *manager, const char *name);

/* 0 or -ENOENT. */
int mill_manager_metrics(struct mill_manager *manager, const char *name, struct mill_member_metrics *metrics);

/* The metrics of up to `room` members, in the order in which they were added; how many members there are. */
size_t mill_manager_list(struct mill_manager *manager, struct mill_member_metrics *all, size_t room);

/* Removes a member that was not started or has ended, and frees its name; `metrics`, where not NULL, gets its
 * last metrics. 0; -ENOENT; -EBUSY: it runs, is not yet joined, or a call that names it is under way. */
int mill_manager_forget(struct mill_manager *manager, const char *name, struct mill_member_metrics *metrics);

/* ---- pausing ---- */

/* Asks the member to pause, and waits until it stands at its pause point. 0: it does, and stays there until
 * it is resumed or the manager shuts down; -ETIMEDOUT: it does not yet, but is asked to; -ECANCELED: it was
 * resumed meanwhile; -ESRCH: it does not run; -ENOENT; -EPIPE: shut down; -EDEADLK: a member would wait for
 * itself (timeout 0 only asks); -EINVAL. */
int mill_manager_pause(struct mill_manager *manager, const char *name, int64_t timeout_ns);

/* Lets it go on, also when it was not paused; its metrics say running from then on. 0; -ENOENT; -ESRCH: it
 * does not run. */
int mill_manager_resume(struct mill_manager *manager, const char *name);

/* ---- messages ---- */

/* A message is a pointer that the manager never looks into; not NULL. Messages of one sender arrive in order;
 * broadcasts arrive in one order everywhere. */

/* Waits while the mailbox is full. 0; -ENOENT; -ETIMEDOUT; -EPIPE: the member has ended, or the manager shuts
 * down; -EDEADLK: full, and its own member would wait; -ENOMEM; -EINVAL. */
int mill_manager_send(struct mill_manager *manager, const char *name, void *message, int64_t timeout_ns);

struct mill_broadcast {
    unsigned delivered; /* mailboxes that it went to */
    unsigned refused;   /* full (or, where it is unbounded, out of memory): the message is not in those */
};

/* Puts the message into the mailbox of every member that has not ended, the caller's own included, without
 * waiting. `result` may be NULL. 0: all have it; -EAGAIN: some refused, which their metrics count; -EPIPE:
 * shut down; -EINVAL. */
int mill_manager_broadcast(struct mill_manager *manager, void *message, struct mill_broadcast *result);

/* ---- end ---- */

/* Asks all members to end (their waits end, pauses too) and waits until they have been joined. 0; -ETIMEDOUT:
 * some still run; -EDEADLK: called by a member; -EINVAL. `*count` is how many run, whose first `room` names
 * are in `left`; both pointers may be NULL. Until it has succeeded it can be called again, and after that
 * too. Members that were not started stay so. */
int mill_manager_shutdown(struct mill_manager *manager, int64_t timeout_ns,
                          char (*left)[MILL_THREAD_NAME_MAX + 1], size_t room, size_t *count);

/* ---- called by a member's body ---- */

const char *mill_member_name(const struct mill_member *me);

/* The pause point: returns at once, or waits while a pause is asked for. 0: go on; -EPIPE: the manager shuts
 * down. Costs two loads when there is nothing to do. */
int mill_member_check_pause(struct mill_member *me);

/* 0; -ETIMEDOUT; -EPIPE: the manager shuts down, and the mailbox is empty; -EINVAL. Not a pause point. */
int mill_member_receive(struct mill_member *me, void **message, int64_t timeout_ns);

/* Counts a task (0 or more) or an error (a negative errno). */
void mill_member_count(struct mill_member *me, int status);

/* The request of the shutdown, to be polled or waited on. */
struct mill_stop *mill_member_stop_event(struct mill_member *me);

/* ---- ways to pause, for scenario manager-pause ---- */

struct mill_pausing_ops {
    struct mill_strategy about;
    /* 0 says that the member is now paused. As mill_manager_pause. */
    int (*pause)(struct mill_manager *manager, const char *name, int64_t timeout_ns);
};

extern const struct mill_family mill_pausing_family;

static inline const struct mill_pausing_ops *mill_pausing_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_pausing_ops *)(const void *)strategy;
}

#endif
