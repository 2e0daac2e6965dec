#include "task/runner.h"

#include <errno.h>
#include <string.h>

/* The runner whose body runs here: looked at without the monitor by calls that must not wait for themselves.
 */
static _Thread_local const struct mill_runner *running;

int mill_runner_init(struct mill_runner *runner, const char *name, void (*body)(void *argument),
                     void *argument)
{
    if (!body || !mill_thread_name_fits(name)) {
        return -EINVAL;
    }
    *runner = (struct mill_runner){.body = body, .argument = argument};
    memcpy(runner->name, name, strlen(name) + 1);
    return mill_monitor_init(&runner->monitor);
}

int mill_runner_destroy(struct mill_runner *runner)
{
    mill_monitor_enter(&runner->monitor);
    bool idle = runner->state == MILL_RUNNER_IDLE;
    mill_monitor_leave(&runner->monitor);
    if (!idle) {
        return -EBUSY;
    }
    mill_monitor_destroy(&runner->monitor);
    return 0;
}

static void run(void *argument)
{
    struct mill_runner *runner = argument;
    running = runner;
    runner->body(runner->argument);
    mill_monitor_enter(&runner->monitor);
    runner->state = MILL_RUNNER_ENDED;
    mill_monitor_wake_all(&runner->monitor);
    mill_monitor_leave(&runner->monitor);
}

/* Under the monitor, which the new thread's end waits for: it finds `thread` set. */
static int begin(struct mill_runner *runner)
{
    if (runner->state != MILL_RUNNER_IDLE) {
        bool goes_on = runner->state == MILL_RUNNER_RUNNING && !mill_stop_requested(&runner->stop);
        return goes_on ? -EALREADY : -EBUSY;
    }
    mill_stop_clear(&runner->stop);
    int status = mill_thread_start(&runner->thread, runner->name, run, runner);
    if (status == 0) {
        runner->state = MILL_RUNNER_RUNNING;
        runner->runs++;
    }
    return status;
}

int mill_runner_start(struct mill_runner *runner, uint64_t *run_number)
{
    mill_monitor_enter(&runner->monitor);
    int status = begin(runner);
    if (run_number) {
        *run_number = runner->runs;
    }
    mill_monitor_leave(&runner->monitor);
    return status;
}

/* Under the monitor, which is left meanwhile. The thread has nothing to do any more but to end, so joining it
 * keeps no deadline. */
static void join_ended(struct mill_runner *runner)
{
    runner->state = MILL_RUNNER_JOINING;
    mill_monitor_leave(&runner->monitor);
    mill_thread_join(&runner->thread, MILL_FOREVER);
    mill_monitor_enter(&runner->monitor);
    runner->state = MILL_RUNNER_IDLE;
    mill_monitor_wake_all(&runner->monitor);
}

/* Under the monitor. */
static int await_end(struct mill_runner *runner, uint64_t run_number, uint64_t deadline)
{
    int status = 0;
    while (runner->runs == run_number && runner->state != MILL_RUNNER_IDLE) {
        if (runner->state == MILL_RUNNER_ENDED) {
            join_ended(runner);
        } else if (status < 0) {
            return status;
        } else {
            status = mill_monitor_wait(&runner->monitor, deadline);
        }
    }
    return 0;
}

int mill_runner_stop(struct mill_runner *runner, uint64_t deadline)
{
    if (mill_runner_is_self(runner)) {
        return -EDEADLK;
    }
    mill_monitor_enter(&runner->monitor);
    mill_stop_request(&runner->stop);
    int status = await_end(runner, runner->runs, deadline);
    mill_monitor_leave(&runner->monitor);
    return status;
}

int mill_runner_join(struct mill_runner *runner, uint64_t run_number, uint64_t deadline)
{
    if (mill_runner_is_self(runner)) {
        return -EDEADLK;
    }
    mill_monitor_enter(&runner->monitor);
    int status = await_end(runner, run_number, deadline);
    mill_monitor_leave(&runner->monitor);
    return status;
}

bool mill_runner_is_self(const struct mill_runner *runner)
{
    return running == runner;
}
