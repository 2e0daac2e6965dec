/* How long to wait: what every call that may block is given.
 *
 * A timeout is nanoseconds from now: 0 tries once and never waits, MILL_FOREVER waits without end, a negative
 * one is refused. Inside, it becomes a deadline at once, so that waiting in several steps adds nothing up.
 *
 * One rule for all of them: a call that has a timeout and did not get what it was to wait for returns
 * -ETIMEDOUT, whatever the timeout was, 0 included. -EAGAIN is what a call returns that never waits and so
 * has no timeout (mill_queue_try_put, mill_manager_broadcast), or that could not have a thread.
 *
 *     uint64_t deadline;
 *     int status = mill_deadline_after(timeout_ns, &deadline);
 *     if (status < 0)
 *         return status;
 */
#ifndef MILL_CORE_TIMEOUT_H
#define MILL_CORE_TIMEOUT_H

#include <errno.h>
#include <stdint.h>

#include "core/clock.h"

#define MILL_FOREVER     INT64_MAX
#define MILL_NO_DEADLINE UINT64_MAX

/* Sets `deadline` to the moment by mill_now_ns() at which `timeout_ns` is over, or to MILL_NO_DEADLINE. 0 or
 * -EINVAL for a negative timeout. A timeout of 0 gives the deadline 0, which has always passed. */
static inline int mill_deadline_after(int64_t timeout_ns, uint64_t *deadline)
{
    if (timeout_ns < 0) {
        return -EINVAL;
    }
    if (timeout_ns == 0) {
        *deadline = 0;
    } else {
        *deadline = timeout_ns == MILL_FOREVER ? MILL_NO_DEADLINE : mill_now_ns() + (uint64_t)timeout_ns;
    }
    return 0;
}

static inline struct timespec mill_deadline_timespec(uint64_t deadline)
{
    return (struct timespec){.tv_sec = (time_t)(deadline / MILL_NS_PER_S),
                             .tv_nsec = (long)(deadline % MILL_NS_PER_S)};
}

#endif
