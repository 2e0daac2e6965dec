/* A request to stop: set once by whoever wants it, polled or waited on by the thread that is to end. Worker,
 * collector, scope and manager all use this one.
 *
 *     while (mill_stop_wait(stop, 10 * MILL_NS_PER_MS) == -ETIMEDOUT)
 *         look_again();                                  every 10 ms, and out at once when asked to stop
 *
 * Any thread may call all of these. What was written before a request is seen by whoever sees the request
 * (release, acquire). Requesting and looking are wait-free, waiting is blocking. Zero-initialised memory is
 * ready and needs no destroying; it must outlive the last call.
 */
#ifndef MILL_TASK_STOP_H
#define MILL_TASK_STOP_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/timeout.h"
#include "sync/futex.h"

struct mill_stop {
    _Atomic uint32_t requested; /* 0 or 1, and the word that waiters sleep on */
};

/* Asking twice is fine. */
static inline void mill_stop_request(struct mill_stop *stop)
{
    /* release: pairs with the acquire in mill_stop_requested */
    atomic_store_explicit(&stop->requested, 1, memory_order_release);
    mill_futex_wake(&stop->requested, INT_MAX);
}

/* Takes the request back. Nobody waits, and nobody who was to see the request still runs. */
static inline void mill_stop_clear(struct mill_stop *stop)
{
    atomic_store_explicit(&stop->requested, 0, memory_order_relaxed); /* ordered by the next thread's start */
}

static inline bool mill_stop_requested(const struct mill_stop *stop)
{
    return atomic_load_explicit(&stop->requested, memory_order_acquire) != 0; /* pairs with the request */
}

/* Waits for a request. 0: it is there; -ETIMEDOUT: none until `deadline` (core/timeout.h). */
static inline int mill_stop_wait_until(struct mill_stop *stop, uint64_t deadline)
{
    int status = 0;
    while (!mill_stop_requested(stop)) {
        if (status < 0) {
            return status;
        }
        status = mill_futex_wait_until(&stop->requested, 0, deadline);
    }
    return 0;
}

/* The same with a timeout; -EINVAL when it is negative. */
static inline int mill_stop_wait(struct mill_stop *stop, int64_t timeout_ns)
{
    uint64_t deadline;
    int status = mill_deadline_after(timeout_ns, &deadline);
    return status < 0 ? status : mill_stop_wait_until(stop, deadline);
}

#endif
