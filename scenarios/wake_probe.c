#include "scenarios/wake_probe.h"

#include <errno.h>
#include <stdlib.h>

#include "core/clock.h"
#include "task/stop.h"
#include "task/thread.h"

struct mill_wake_probe {
    uint64_t every_ns;
    struct mill_stop stop;
    struct mill_thread *thread;
    struct mill_staleness *late; /* the thread's */
};

/* A deadline that has passed when the thread wakes is one it was late for; the next lies ahead. */
static void wake_again_and_again(void *argument)
{
    struct mill_wake_probe *probe = argument;
    uint64_t deadline = mill_now_ns() + probe->every_ns;
    while (mill_stop_wait_until(&probe->stop, deadline) == -ETIMEDOUT) {
        uint64_t now = mill_now_ns();
        mill_staleness_note(probe->late, 0, deadline, now);
        deadline += ((now - deadline) / probe->every_ns + 1) * probe->every_ns;
    }
}

int mill_wake_probe_start(uint64_t every_ns, struct mill_wake_probe **probe)
{
    if (every_ns == 0 || !probe) {
        return -EINVAL;
    }
    struct mill_wake_probe *made = calloc(1, sizeof *made);
    int status = made ? mill_staleness_create(1, &made->late) : -ENOMEM;
    if (status == 0) {
        made->every_ns = every_ns;
        status = mill_thread_start(&made->thread, "mill-probe", wake_again_and_again, made);
    }
    if (status < 0) {
        if (made) {
            mill_staleness_destroy(made->late);
        }
        free(made);
        return status;
    }
    *probe = made;
    return 0;
}

void mill_wake_probe_stop(struct mill_wake_probe *probe, struct mill_staleness_summary *late)
{
    if (!probe) {
        return;
    }
    mill_stop_request(&probe->stop);
    mill_thread_join(&probe->thread, MILL_FOREVER);
    if (late) {
        mill_staleness_read(probe->late, late);
    }
    mill_staleness_destroy(probe->late);
    free(probe);
}
