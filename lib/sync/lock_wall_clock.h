/* A deadline of ours (core/timeout.h) for calls that wait by the wall clock alone, which may be set
 * meanwhile. Private to lock_*.c.
 *
 *     do {
 *         struct timespec until = mill_wall_clock_at(deadline);
 *         status = sem_timedwait(&semaphore, &until);
 *     } while (status is "timed out" && mill_now_ns() < deadline);
 */
#ifndef MILL_SYNC_LOCK_WALL_CLOCK_H
#define MILL_SYNC_LOCK_WALL_CLOCK_H

#include <time.h>

#include "core/timeout.h"

/* The wall clock's time at that moment, if nobody sets it until then. A deadline that has passed, or that
 * never does, is now, or in a day. */
static inline struct timespec mill_wall_clock_at(uint64_t deadline)
{
    const uint64_t day = UINT64_C(86400) * MILL_NS_PER_S;
    uint64_t now = mill_now_ns();
    uint64_t left = deadline > now ? deadline - now : 0;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    return mill_deadline_timespec((uint64_t)wall.tv_sec * MILL_NS_PER_S + (uint64_t)wall.tv_nsec +
                                  (left < day ? left : day));
}

#endif
