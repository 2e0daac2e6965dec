/* Managed workers and scopes (row 4 of the patterns): a thread that lasts as long as a block, and is stopped
 * and joined on every way out of it: its end, return, break, continue, goto. (Not on longjmp, exit and the
 * end of the thread in the midst of it.)
 *
 *     static int watch(struct mill_stop *stop, void *argument)
 *     {
 *         while (mill_stop_wait(stop, 100 * MILL_NS_PER_MS) == -ETIMEDOUT)
 *             look_at(argument);
 *         return 0;
 *     }
 *
 *     struct mill_scope_end end;
 *     {
 *         MILL_SCOPE(watcher, &(struct mill_scope_settings){
 *             .name = "watcher", .body = watch, .argument = &device,
 *             .timeout_ns = MILL_NS_PER_S, .end = &end});
 *         if (watcher.status < 0)
 *             return watcher.status;                        it did not start; nothing to be stopped
 *         …
 *     }                                                     here watch has returned, or see below
 *     if (end.late) …
 *
 * A body that does not end in time is never let go in silence. After `timeout_ns` the end is marked late, and
 * then either (MILL_SCOPE_WAIT) the scope goes on waiting, so that what the body uses stays valid; or
 * (MILL_SCOPE_HAND_OVER) the thread is handed over in `end->survivor`: its owner must keep `argument` valid
 * and call mill_managed_stop until that succeeds, which frees it.
 */
#ifndef MILL_TASK_SCOPE_H
#define MILL_TASK_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "sync/monitor.h"
#include "task/stop.h"

/* ---- managed worker ---- */

/* A thread with a stop request. It belongs to one thread, which starts it and stops it. */
struct mill_managed;

/* Starts body(stop, argument). 0; -EINVAL (no body, a bad name); -ENOMEM; -EAGAIN. */
int mill_managed_start(struct mill_managed **managed, const char *name,
                       int (*body)(struct mill_stop *stop, void *argument), void *argument);

/* The request that the body was given. */
struct mill_stop *mill_managed_stop_event(struct mill_managed *managed);

/* Requests the stop and waits until the body has returned (core/timeout.h). 0: it has, `*result` (or NULL) is
 * what it returned, it is freed, and *managed is NULL; -ETIMEDOUT: it still runs, stop has to be called
 * again; -EDEADLK: called by the body; -EINVAL (NULL, a negative timeout, one that was stopped before). */
int mill_managed_stop(struct mill_managed **managed, int64_t timeout_ns, int *result);

/* ---- scope ---- */

enum mill_scope_late {
    MILL_SCOPE_WAIT,      /* report that it is late, and wait on */
    MILL_SCOPE_HAND_OVER, /* report it, and hand the thread over */
};

/* How the scope ended. Written when it is left, so it must stand outside of the block. */
struct mill_scope_end {
    int result;                    /* of the body; meaningless while there is a survivor */
    bool late;                     /* the join timed out */
    struct mill_managed *survivor; /* MILL_SCOPE_HAND_OVER: still runs, and is the reader's now; else NULL */
};

struct mill_scope_settings {
    const char *name; /* as mill_thread_start wants it */
    int (*body)(struct mill_stop *stop, void *argument);
    void *argument;
    int64_t timeout_ns; /* for the join */
    enum mill_scope_late when_late;
    struct mill_scope_end *end; /* or NULL, with MILL_SCOPE_WAIT alone */
};

struct mill_scope {
    int status;             /* 0: the body runs; else why it does not */
    struct mill_stop *stop; /* to ask it to end before the block does; NULL when it does not run */
    struct mill_managed *managed;
    int64_t timeout_ns;
    enum mill_scope_late when_late;
    struct mill_scope_end *end;
};

/* 0 in status; -EINVAL (no body, a bad name, a negative timeout, a hand-over to nobody); -ENOMEM; -EAGAIN. */
struct mill_scope mill_scope_enter(const struct mill_scope_settings *settings);
void mill_scope_leave(struct mill_scope *scope);

/* MILL_SCOPE(variable, settings) declares `variable`, a struct mill_scope, and leaves it with the block.
 * (Variadic, so that the settings may be a compound literal, commas and all.) */
#define MILL_SCOPE(variable, ...) \
    __attribute__((cleanup(mill_scope_leave))) struct mill_scope variable = mill_scope_enter(__VA_ARGS__)

/* ---- a monitor held for the rest of the block ---- */

static inline struct mill_monitor *mill_monitor_entered(struct mill_monitor *monitor)
{
    mill_monitor_enter(monitor);
    return monitor;
}

static inline void mill_monitor_left(struct mill_monitor **monitor)
{
    mill_monitor_leave(*monitor);
}

/* Enters the monitor and leaves it with the block, on every way out:
 *
 *     MILL_INSIDE(held, &resource->monitor);
 *     if (resource->count == 0)
 *         return -ENOENT;
 */
#define MILL_INSIDE(variable, monitor)                                                  \
    __attribute__((cleanup(mill_monitor_left), unused)) struct mill_monitor *variable = \
        mill_monitor_entered(monitor)

#endif
