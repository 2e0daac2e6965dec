/* Calls that wait in the kernel, where no other thread of the program could run: they are refused by name,
 * rather than to hang. What only sleeps, as poll and select of no files, sleeps in virtual time.
 */
#include "hunt/runtime/interpose.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "hunt/runtime/real.h"

static _Noreturn void refuse(const char *call, const void *pc)
{
    mill_stand_at(pc);
    mill_fail_here(
        MILL_FAILURE_UNSUPPORTED, NULL,
        "%s cannot be controlled: it waits in the kernel, where no other thread could run meanwhile", call);
}

int pause(void)
{
    if (mill_hunt_on) {
        refuse("pause", MILL_CALLER);
    }
    return mill_real()->pause();
}

int sigsuspend(const sigset_t *mask)
{
    if (mill_hunt_on) {
        refuse("sigsuspend", MILL_CALLER);
    }
    return mill_real()->sigsuspend(mask);
}

int sigwait(const sigset_t *restrict set, int *restrict signal)
{
    if (mill_hunt_on) {
        refuse("sigwait", MILL_CALLER);
    }
    return mill_real()->sigwait(set, signal);
}

int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
    if (mill_hunt_on) {
        refuse("sigwaitinfo", MILL_CALLER);
    }
    return mill_real()->sigwaitinfo(set, info);
}

int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                 const struct timespec *restrict timeout)
{
    if (mill_hunt_on) {
        refuse("sigtimedwait", MILL_CALLER);
    }
    return mill_real()->sigtimedwait(set, info, timeout);
}

/* Of no files. NULL: for ever. */
static int sleep_for(const struct timespec *length, const char *call, const void *pc)
{
    if (length == NULL) {
        refuse(call, pc);
    }
    errno = mill_sleep(CLOCK_MONOTONIC, 0, length, pc);
    return errno == 0 ? 0 : -1;
}

int poll(struct pollfd *files, nfds_t count, int milliseconds)
{
    if (!mill_hunt_on || (count > 0 && milliseconds == 0)) {
        return mill_real()->poll(files, count, milliseconds);
    }
    if (count > 0) {
        refuse("poll", MILL_CALLER);
    }
    const struct timespec length = {.tv_sec = milliseconds / 1000,
                                    .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    return sleep_for(milliseconds < 0 ? NULL : &length, "poll", MILL_CALLER);
}

int select(int count, fd_set *restrict read, fd_set *restrict write, fd_set *restrict except,
           struct timeval *restrict timeout)
{
    bool at_once = timeout != NULL && timeout->tv_sec == 0 && timeout->tv_usec == 0;
    if (!mill_hunt_on || (count > 0 && at_once)) {
        return mill_real()->select(count, read, write, except, timeout);
    }
    if (count > 0) {
        refuse("select", MILL_CALLER);
    }
    struct timespec length = {0};
    if (timeout != NULL) {
        length = (struct timespec){.tv_sec = timeout->tv_sec, .tv_nsec = (long)timeout->tv_usec * 1000};
    }
    return sleep_for(timeout == NULL ? NULL : &length, "select", MILL_CALLER);
}

int epoll_wait(int set, struct epoll_event *events, int most, int milliseconds)
{
    if (mill_hunt_on && milliseconds != 0) {
        refuse("epoll_wait", MILL_CALLER);
    }
    return mill_real()->epoll_wait(set, events, most, milliseconds);
}

int epoll_pwait(int set, struct epoll_event *events, int most, int milliseconds, const sigset_t *mask)
{
    if (mill_hunt_on && milliseconds != 0) {
        refuse("epoll_pwait", MILL_CALLER);
    }
    return mill_real()->epoll_pwait(set, events, most, milliseconds, mask);
}
