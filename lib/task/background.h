/* A background worker (row 1 of the patterns): one named thread that runs the tasks submitted to it, one
 * after the other.
 *
 *     struct mill_background *worker;
 *     int status = mill_background_create(
 *         &(struct mill_background_settings){.name = "exporter", .capacity = 64}, &worker);
 *     status = mill_background_start(worker);
 *
 *     struct mill_background_task task = {.run = export_page, .dispose = free, .argument = page};
 *     status = mill_background_submit(worker, &task, MILL_FOREVER);       any thread
 *
 *     size_t left;
 *     status = mill_background_stop(worker, MILL_BACKGROUND_DRAIN, 5 * MILL_NS_PER_S, &left);
 *     if (status == -ETIMEDOUT) …                                         busy; `left` tasks wait; stop again
 *     mill_background_destroy(worker);
 *
 * Ownership: with a submit that succeeds the worker takes over the task's argument. Each accepted task is run
 * exactly once, or is left, never both; `dispose` is called exactly once, after the run, or for a task that
 * was left by mill_background_dispose_left or mill_background_destroy. A left task that the caller takes back
 * with mill_background_take_left is the caller's again. `run` and `dispose` of tasks that ran are called in
 * the worker's thread; what was written before a submit is seen by the run.
 *
 * A task that fails (a negative result) is counted, is told to `on_error`, and ends nothing.
 *
 * Life: the worker accepts tasks from start to stop. Starting twice is fine, stopping twice is fine, starting
 * after a stop has succeeded begins anew. Tasks may ask mill_background_stop_event whether they should hurry.
 *
 * Any thread may call any of these at any time, but destroy, which must be the last call. Blocking.
 */
#ifndef MILL_TASK_BACKGROUND_H
#define MILL_TASK_BACKGROUND_H

#include <stddef.h>
#include <stdint.h>

#include "queue/queue.h"
#include "task/stop.h"

struct mill_background;

struct mill_background_task {
    int (*run)(void *argument);      /* 0 or a negative errno */
    void (*dispose)(void *argument); /* or NULL */
    void *argument;
};

struct mill_background_settings {
    const char *name;                   /* as mill_thread_start wants it */
    const struct mill_queue_ops *inbox; /* NULL: the mutex ring. Not one that has one producer, drops, or
                                           closes loosely */
    size_t capacity;                    /* tasks that wait at most; to an unbounded inbox a hint */
    void (*on_error)(void *context, const struct mill_background_task *task,
                     int status); /* or NULL; in the
                                     worker's thread */
    void *context;
};

enum mill_background_end {
    MILL_BACKGROUND_DRAIN, /* run what was accepted, then end */
    MILL_BACKGROUND_LEAVE, /* end after the task at hand; the others are left */
};

struct mill_background_metrics {
    uint64_t accepted; /* = done + failed + left + waiting; with those that are being submitted */
    uint64_t done;
    uint64_t failed;
    uint64_t left;    /* not run by a stop, whether or not they were taken back meanwhile */
    uint64_t waiting; /* being submitted, in the inbox, or at hand */
    int last_error;   /* of the last task that failed; 0: none has */
};

/* Makes a stopped worker. 0; -EINVAL (NULL, a bad name, a capacity of 0 or over MILL_QUEUE_CAPACITY_MAX);
 * -ENOTSUP (a queue that cannot be an inbox); -ENOMEM. */
int mill_background_create(const struct mill_background_settings *settings,
                           struct mill_background **background);

/* Disposes of what is left, and frees. 0 (also for NULL); -EBUSY, and nothing was done, while it is not
 * stopped. */
int mill_background_destroy(struct mill_background *background);

/* 0, also when it was started before; -EBUSY: a stop has not finished; -ENOMEM, -EAGAIN. */
int mill_background_start(struct mill_background *background);

/* Copies the task into the inbox, waiting while that is full. 0; -EINVAL; -EPIPE: stopped, or not started;
 * -ETIMEDOUT: full (core/timeout.h); -EDEADLK: full, and the caller is a task of this worker; -ENOMEM. */
int mill_background_submit(struct mill_background *background, const struct mill_background_task *task,
                           int64_t timeout_ns);

/* Refuses tasks from now on, ends the worker as `end` says and waits for that. A later call with
 * MILL_BACKGROUND_LEAVE cuts a draining stop short. `left`, where not NULL, gets how many tasks are left to
 * be taken back: 0 says that it drained; on -ETIMEDOUT how many still wait to be run. 0, also when it was
 * stopped before; -ETIMEDOUT: it still runs, stop has to be called again; -EDEADLK: called by a task (nothing
 * was done); -EINVAL. */
int mill_background_stop(struct mill_background *background, enum mill_background_end end, int64_t timeout_ns,
                         size_t *left);

/* Takes back the oldest task that a stop has left. 0 or -ENOENT. */
int mill_background_take_left(struct mill_background *background, struct mill_background_task *task);

/* Disposes of all that is left; how many there were. */
size_t mill_background_dispose_left(struct mill_background *background);

/* Requested when the worker is to end after the task at hand. */
struct mill_stop *mill_background_stop_event(struct mill_background *background);

void mill_background_read(struct mill_background *background, struct mill_background_metrics *metrics);

#endif
