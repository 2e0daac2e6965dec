/* A place to sleep until a condition of a lock-free structure has become true: an event count (Thomasson
 * 2005; the shape of folly's EventCount) with counted wakes.
 *
 * The side that waits:                             The side that makes it true:
 *
 *     while (!try()) {                                 publish();
 *         mill_parking_prepare(&parking);              mill_parking_wake(&parking, 1);
 *         if (try()) {
 *             mill_parking_cancel(&parking);
 *             break;
 *         }
 *         int status = mill_parking_wait(&parking, deadline);
 *         if (status < 0)
 *             return try() ? 0 : status;
 *     }
 *
 * Either the second try sees what was published, or the wake sees the waiter: no wake is missed. A wake costs
 * one load of a word that is seldom written while nobody waits; preparing costs a heavy fence (core/fence.h).
 * A wait may also return for no reason, as the loop above allows. No memory order is promised beyond that:
 * what was published carries its own.
 *
 * Any thread may do either. Waiting is blocking, waking is lock-free. Zero-initialised memory is ready, after
 * one mill_fence_open() anywhere in the process it is also cheap.
 */
#ifndef MILL_SYNC_PARKING_H
#define MILL_SYNC_PARKING_H

#include <limits.h>
#include <stdalign.h>
#include <stdint.h>

#include "core/c11.h"
#include "core/cacheline.h"
#include "core/fence.h"

struct mill_parking {
    alignas(MILL_ISOLATION) _Atomic(uint32_t) waiters; /* that have prepared and not yet left */
    _Atomic(uint32_t) signals; /* wakes given and not yet taken; sleepers sleep while it is 0 */
};

/* From now on a wake is not missed. To be followed by a look at the condition, then by exactly one of cancel
 * and wait.
 */
static inline void mill_parking_prepare(struct mill_parking *parking)
{
    /* relaxed: the heavy fence orders it before the look that follows; pairs with the light one in wake */
    atomic_fetch_add_explicit(&parking->waiters, 1, memory_order_relaxed);
    mill_fence_heavy();
}

/* The look succeeded. */
static inline void mill_parking_cancel(struct mill_parking *parking)
{
    atomic_fetch_sub_explicit(&parking->waiters, 1, memory_order_relaxed);
}

/* Sleeps until a wake or until `deadline` (core/timeout.h). 0 or -ETIMEDOUT. */
int mill_parking_wait(struct mill_parking *parking, uint64_t deadline);

/* The part of wake for which somebody waits. */
void mill_parking_wake_waiting(struct mill_parking *parking, uint32_t count);

/* Wakes up to `count` (UINT32_MAX: all) of those that have prepared. */
static inline void mill_parking_wake(struct mill_parking *parking, uint32_t count)
{
    mill_fence_light();
    if (atomic_load_explicit(&parking->waiters, memory_order_relaxed) > 0) {
        mill_parking_wake_waiting(parking, count);
    }
}

#endif
