/* What is asked about a thread by its handle, which is no handle of the C library's: its stack, name, CPUs
 * and priority. Where one thread runs at a time, chosen by an explorer, CPUs and priorities change nothing:
 * what is set is accepted, and what is asked is what the process has.
 */
#include "hunt/runtime/interpose.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "hunt/runtime/real.h"

/* A thread of that handle that has not been joined, or -1. */
static int find(pthread_t handle)
{
    int thread = mill_thread_find(handle);
    return thread >= 0 && !mill_thread_data((unsigned)thread)->joined ? thread : -1;
}

int pthread_getattr_np(pthread_t handle, pthread_attr_t *attributes)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_getattr_np(handle, attributes);
    }
    int thread = find(handle);
    if (thread < 0) {
        return ESRCH;
    }
    /* Whatever the engine, a thread has its storage and its stack from one of the C library's. */
    int error = mill_real()->pthread_getattr_np(handle, attributes);
    if (error == 0) {
        bool detached = mill_thread_data((unsigned)thread)->detached;
        pthread_attr_setdetachstate(attributes, detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
    }
    return error;
}

int pthread_setname_np(pthread_t handle, const char *name)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_setname_np(handle, name);
    }
    int thread = find(handle);
    struct mill_thread_data *data = thread < 0 ? NULL : mill_thread_data((unsigned)thread);
    if (data == NULL) {
        return ESRCH;
    }
    if (strlen(name) >= sizeof data->name) {
        return ERANGE;
    }
    memcpy(data->name, name, strlen(name) + 1);
    return 0;
}

int pthread_getname_np(pthread_t handle, char *name, size_t size)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_getname_np(handle, name, size);
    }
    int thread = find(handle);
    if (thread < 0) {
        return ESRCH;
    }
    const struct mill_thread_data *data = mill_thread_data((unsigned)thread);
    if (size < sizeof data->name) {
        return ERANGE;
    }
    memcpy(name, data->name, sizeof data->name);
    return 0;
}

int pthread_setaffinity_np(pthread_t handle, size_t size, const cpu_set_t *cpus)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_setaffinity_np(handle, size, cpus);
    }
    return find(handle) < 0 ? ESRCH : 0;
}

int pthread_getaffinity_np(pthread_t handle, size_t size, cpu_set_t *cpus)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_getaffinity_np(handle, size, cpus);
    }
    if (find(handle) < 0) {
        return ESRCH;
    }
    return sched_getaffinity(0, size, cpus) == 0 ? 0 : errno;
}

int pthread_setschedparam(pthread_t handle, int policy, const struct sched_param *parameters)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_setschedparam(handle, policy, parameters);
    }
    return find(handle) < 0 ? ESRCH : 0;
}

int pthread_setschedprio(pthread_t handle, int priority)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_setschedprio(handle, priority);
    }
    return find(handle) < 0 ? ESRCH : 0;
}

int pthread_getschedparam(pthread_t handle, int *policy, struct sched_param *parameters)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_getschedparam(handle, policy, parameters);
    }
    if (find(handle) < 0) {
        return ESRCH;
    }
    *policy = SCHED_OTHER;
    *parameters = (struct sched_param){.sched_priority = 0};
    return 0;
}

int pthread_getcpuclockid(pthread_t handle, clockid_t *clock)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_getcpuclockid(handle, clock);
    }
    if (find(handle) < 0) {
        return ESRCH;
    }
    *clock = CLOCK_THREAD_CPUTIME_ID;
    return 0;
}

/* A signal to itself is handled where it stands. One to another thread would be handled in the middle of
 * whatever runs, on that thread's stack. */
static int send(int thread, int signal, const void *pc)
{
    if (thread < 0) {
        return ESRCH;
    }
    if (signal == 0 || mill_thread_is_over((unsigned)thread)) {
        return 0;
    }
    if (thread != (int)mill_self()) {
        mill_stand_at(pc);
        mill_fail_here(MILL_FAILURE_UNSUPPORTED, NULL,
                       "pthread_kill of another thread (%d, signal %d) cannot be controlled", thread, signal);
    }
    const struct mill_real *real = mill_real();
    return real->syscall(SYS_tgkill, (long)getpid(), (long)real->gettid(), (long)signal) == 0 ? 0 : errno;
}

int pthread_kill(pthread_t handle, int signal)
{
    return mill_hunt_on ? send(find(handle), signal, MILL_CALLER) : mill_real()->pthread_kill(handle, signal);
}

int pthread_sigqueue(pthread_t handle, int signal, const union sigval value)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_sigqueue(handle, signal, value);
    }
    mill_stand_at(MILL_CALLER);
    mill_fail_here(MILL_FAILURE_UNSUPPORTED, NULL, "pthread_sigqueue cannot be controlled");
}
