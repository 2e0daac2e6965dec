/* Time is virtual: it stands still between steps, but for a little for each, and passes at once as far as
 * somebody sleeps or waits when that is what goes on. Clocks begin at the same instant in each schedule,
 * since a schedule that is run again must see the same; so no deadline of before the schedule means anything
 * in it.
 */
#include "hunt/runtime/interpose.h"

#include <errno.h>
#include <unistd.h>

#include "hunt/runtime/real.h"

#define SECOND          UINT64_C(1000000000)

/* What the clocks show when a schedule begins, in seconds: the machine has been up for an hour, and it is
 * 2030. */
#define START_MONOTONIC UINT64_C(3600)
#define START_REALTIME  UINT64_C(1893456000)

static uint64_t start_of(clockid_t clock)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI:
        return START_REALTIME * SECOND;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        return START_MONOTONIC * SECOND;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
        return 0;
    default:
        return UINT64_MAX;
    }
}

static struct timespec to_timespec(uint64_t nanoseconds)
{
    return (struct timespec){.tv_sec = (time_t)(nanoseconds / SECOND),
                             .tv_nsec = (long)(nanoseconds % SECOND)};
}

bool mill_clock_now(clockid_t clock, struct timespec *now)
{
    uint64_t start = start_of(clock);
    if (start == UINT64_MAX) {
        return false;
    }
    *now = to_timespec(start + mill_virtual_now());
    return true;
}

static bool is_valid(const struct timespec *time)
{
    return time->tv_nsec >= 0 && (uint64_t)time->tv_nsec < SECOND;
}

/* What is too far away for 64 bits of nanoseconds is as far as they go: nobody gets there. */
static uint64_t to_nanoseconds(const struct timespec *time)
{
    if (time->tv_sec < 0) {
        return 0;
    }
    uint64_t seconds = (uint64_t)time->tv_sec;
    return seconds >= UINT64_MAX / SECOND / 2 ? UINT64_MAX / 2 : seconds * SECOND + (uint64_t)time->tv_nsec;
}

bool mill_deadline_on(clockid_t clock, const struct timespec *when, struct mill_deadline *deadline)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
        return false;
    }
    uint64_t start = start_of(clock);
    uint64_t at = to_nanoseconds(when);
    *deadline = (struct mill_deadline){.valid = is_valid(when), .at = at > start ? at - start : 0};
    return true;
}

struct mill_deadline mill_deadline_in(const struct timespec *length)
{
    return (struct mill_deadline){.valid = is_valid(length) && length->tv_sec >= 0,
                                  .at = mill_virtual_now() + to_nanoseconds(length)};
}

static void sleep_until(uint64_t until, const void *pc)
{
    const struct mill_step step = mill_thing(MILL_STEP_SLEEP, NULL, pc);
    mill_cancel_here();
    mill_yield(&step);
    mill_cancel_here();
    mill_virtual_advance(until);
}

static void sleep_for(uint64_t nanoseconds, const void *pc)
{
    sleep_until(mill_virtual_now() + nanoseconds, pc);
}

int mill_sleep(clockid_t clock, int flags, const struct timespec *request, const void *pc)
{
    uint64_t start = start_of(clock);
    if (start == UINT64_MAX || !is_valid(request) || request->tv_sec < 0) {
        return EINVAL;
    }
    uint64_t length = to_nanoseconds(request);
    if ((flags & TIMER_ABSTIME) == 0) {
        sleep_for(length, pc);
    } else {
        sleep_until(length > start ? length - start : 0, pc);
    }
    return 0;
}

/* ---- the names ---- */

unsigned sleep(unsigned seconds)
{
    if (!mill_hunt_on) {
        return mill_real()->sleep(seconds);
    }
    sleep_for(seconds * SECOND, MILL_CALLER);
    return 0;
}

int usleep(useconds_t microseconds)
{
    if (!mill_hunt_on) {
        return mill_real()->usleep(microseconds);
    }
    sleep_for(microseconds * UINT64_C(1000), MILL_CALLER);
    return 0;
}

int nanosleep(const struct timespec *request, struct timespec *left)
{
    if (!mill_hunt_on) {
        return mill_real()->nanosleep(request, left);
    }
    int error = mill_sleep(CLOCK_MONOTONIC, 0, request, MILL_CALLER);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *left)
{
    return mill_hunt_on ? mill_sleep(clock, flags, request, MILL_CALLER)
                        : mill_real()->clock_nanosleep(clock, flags, request, left);
}

int thrd_sleep(const struct timespec *request, struct timespec *left)
{
    if (!mill_hunt_on) {
        return mill_real()->thrd_sleep(request, left);
    }
    return mill_sleep(CLOCK_REALTIME, 0, request, MILL_CALLER) == 0 ? 0 : -2;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!mill_hunt_on) {
        return mill_real()->clock_gettime(clock, now);
    }
    if (!mill_clock_now(clock, now)) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

int timespec_get(struct timespec *now, int base)
{
    if (!mill_hunt_on) {
        return mill_real()->timespec_get(now, base);
    }
    if (base != TIME_UTC) {
        return 0;
    }
    mill_clock_now(CLOCK_REALTIME, now);
    return base;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    if (!mill_hunt_on) {
        return mill_real()->gettimeofday(now, zone);
    }
    struct timespec time;
    mill_clock_now(CLOCK_REALTIME, &time);
    *now = (struct timeval){.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *now)
{
    if (!mill_hunt_on) {
        return mill_real()->time(now);
    }
    struct timespec time;
    mill_clock_now(CLOCK_REALTIME, &time);
    if (now != NULL) {
        *now = time.tv_sec;
    }
    return time.tv_sec;
}
