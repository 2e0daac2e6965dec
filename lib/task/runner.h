/* A thread that is started and stopped again and again, by whomever: the life of a worker, a collector and a
 * manager's monitor.
 *
 *     status = mill_runner_init(&runner, "collector", body, argument);
 *     status = mill_runner_start(&runner);
 *     …                                                   the body ends when runner.stop is requested
 *     status = mill_runner_stop(&runner, deadline);       -ETIMEDOUT: it still runs; to be called again
 *     mill_runner_destroy(&runner);
 *
 * One run lasts from a start to the stop that joins its thread. Any thread may start and stop, also several
 * at once: one of them joins, the others wait for that. Blocking.
 */
#ifndef MILL_TASK_RUNNER_H
#define MILL_TASK_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "sync/monitor.h"
#include "task/stop.h"
#include "task/thread.h"

enum mill_runner_state {
    MILL_RUNNER_IDLE,    /* no thread */
    MILL_RUNNER_RUNNING, /* the body runs */
    MILL_RUNNER_ENDED,   /* the body has returned, and nobody has joined the thread */
    MILL_RUNNER_JOINING, /* one caller does */
};

struct mill_runner {
    struct mill_stop stop;
    char name[MILL_THREAD_NAME_MAX + 1];
    void (*body)(void *argument);
    void *argument;
    struct mill_monitor monitor; /* protects all below */
    enum mill_runner_state state;
    uint64_t runs; /* started so far */
    struct mill_thread *thread;
};

/* 0; -EINVAL as mill_thread_start, which is not called yet; or what a mutex's creation returned. */
int mill_runner_init(struct mill_runner *runner, const char *name, void (*body)(void *argument),
                     void *argument);

/* 0; -EBUSY, and nothing was done, when a run has not been stopped. */
int mill_runner_destroy(struct mill_runner *runner);

/* Starts a run, with the stop request taken back. 0; -EALREADY: it runs; -EBUSY: it was asked to stop, and
 * the run is not over; -ENOMEM, -EAGAIN: no thread was to be had. `run`, where not NULL, gets the run's
 * number. */
int mill_runner_start(struct mill_runner *runner, uint64_t *run);

/* Requests a stop of the run there is, and waits for its end until `deadline`. 0, also when there is none;
 * -ETIMEDOUT; -EDEADLK when the body itself calls it (nothing was requested). */
int mill_runner_stop(struct mill_runner *runner, uint64_t deadline);

/* Waits for the end of run `run` without requesting it. As above; 0 when it was over before. */
int mill_runner_join(struct mill_runner *runner, uint64_t run, uint64_t deadline);

/* Is the caller the body? */
bool mill_runner_is_self(const struct mill_runner *runner);

#endif
