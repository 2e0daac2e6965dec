/* The C library's own functions whose names the runtime takes. Called while no schedule runs, and where a
 * call only fills in memory.
 *
 *     return mill_real()->pthread_mutex_lock(mutex);
 *
 * They are looked up all at once, at the first call, without allocating: no second thread can exist before,
 * since what creates it is interposed too. One that this C library does not have is NULL.
 */
#ifndef MILL_HUNT_RUNTIME_REAL_H
#define MILL_HUNT_RUNTIME_REAL_H

#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "hunt/runtime/cleanup.h"

/* assert.h declares it only where assertions are on. */
extern void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function)
    __attribute__((noreturn));

#define MILL_REAL_FUNCTIONS(X)             \
    X(pthread_mutex_init)                  \
    X(pthread_mutex_destroy)               \
    X(pthread_mutex_lock)                  \
    X(pthread_mutex_trylock)               \
    X(pthread_mutex_timedlock)             \
    X(pthread_mutex_clocklock)             \
    X(pthread_mutex_unlock)                \
    X(pthread_mutex_consistent)            \
    X(pthread_mutex_setprioceiling)        \
    X(pthread_cond_init)                   \
    X(pthread_cond_destroy)                \
    X(pthread_cond_wait)                   \
    X(pthread_cond_timedwait)              \
    X(pthread_cond_clockwait)              \
    X(pthread_cond_signal)                 \
    X(pthread_cond_broadcast)              \
    X(pthread_rwlock_init)                 \
    X(pthread_rwlock_destroy)              \
    X(pthread_rwlock_rdlock)               \
    X(pthread_rwlock_tryrdlock)            \
    X(pthread_rwlock_timedrdlock)          \
    X(pthread_rwlock_clockrdlock)          \
    X(pthread_rwlock_wrlock)               \
    X(pthread_rwlock_trywrlock)            \
    X(pthread_rwlock_timedwrlock)          \
    X(pthread_rwlock_clockwrlock)          \
    X(pthread_rwlock_unlock)               \
    X(pthread_barrier_init)                \
    X(pthread_barrier_destroy)             \
    X(pthread_barrier_wait)                \
    X(pthread_spin_init)                   \
    X(pthread_spin_destroy)                \
    X(pthread_spin_lock)                   \
    X(pthread_spin_trylock)                \
    X(pthread_spin_unlock)                 \
    X(sem_init)                            \
    X(sem_destroy)                         \
    X(sem_wait)                            \
    X(sem_trywait)                         \
    X(sem_timedwait)                       \
    X(sem_clockwait)                       \
    X(sem_post)                            \
    X(sem_getvalue)                        \
    X(sem_open)                            \
    X(pthread_once)                        \
    X(pthread_key_create)                  \
    X(pthread_key_delete)                  \
    X(pthread_getspecific)                 \
    X(pthread_setspecific)                 \
    X(pthread_create)                      \
    X(pthread_join)                        \
    X(pthread_tryjoin_np)                  \
    X(pthread_timedjoin_np)                \
    X(pthread_clockjoin_np)                \
    X(pthread_detach)                      \
    X(pthread_exit)                        \
    X(pthread_self)                        \
    X(pthread_cancel)                      \
    X(pthread_testcancel)                  \
    X(pthread_setcancelstate)              \
    X(pthread_setcanceltype)               \
    X(pthread_getattr_np)                  \
    X(pthread_setname_np)                  \
    X(pthread_getname_np)                  \
    X(pthread_kill)                        \
    X(pthread_setaffinity_np)              \
    X(pthread_getaffinity_np)              \
    X(pthread_setschedparam)               \
    X(pthread_setschedprio)                \
    X(pthread_getschedparam)               \
    X(pthread_getcpuclockid)               \
    X(pthread_sigqueue)                    \
    X(fork)                                \
    X(pause)                               \
    X(sigsuspend)                          \
    X(sigwait)                             \
    X(sigwaitinfo)                         \
    X(sigtimedwait)                        \
    X(poll)                                \
    X(select)                              \
    X(__pthread_register_cancel)           \
    X(__pthread_unregister_cancel)         \
    X(__pthread_register_cancel_defer)     \
    X(__pthread_unregister_cancel_restore) \
    X(__pthread_unwind_next)               \
    X(__cxa_thread_atexit_impl)            \
    X(thrd_create)                         \
    X(thrd_join)                           \
    X(thrd_detach)                         \
    X(thrd_exit)                           \
    X(thrd_current)                        \
    X(thrd_sleep)                          \
    X(thrd_yield)                          \
    X(mtx_init)                            \
    X(mtx_destroy)                         \
    X(mtx_lock)                            \
    X(mtx_trylock)                         \
    X(mtx_timedlock)                       \
    X(mtx_unlock)                          \
    X(cnd_init)                            \
    X(cnd_destroy)                         \
    X(cnd_wait)                            \
    X(cnd_timedwait)                       \
    X(cnd_signal)                          \
    X(cnd_broadcast)                       \
    X(tss_create)                          \
    X(tss_delete)                          \
    X(tss_get)                             \
    X(tss_set)                             \
    X(call_once)                           \
    X(sched_yield)                         \
    X(sleep)                               \
    X(usleep)                              \
    X(nanosleep)                           \
    X(clock_nanosleep)                     \
    X(clock_gettime)                       \
    X(timespec_get)                        \
    X(time)                                \
    X(gettid)                              \
    X(__assert_fail)                       \
    X(abort)                               \
    X(exit)                                \
    X(_exit)                               \
    X(quick_exit)                          \
    X(system)                              \
    X(malloc_usable_size)                  \
    X(sigaction)                           \
    X(epoll_wait)                          \
    X(epoll_pwait)                         \
    X(syscall)

struct mill_real {
#define X(name) __typeof__(name) *name;
    MILL_REAL_FUNCTIONS(X)
#undef X
    int (*gettimeofday)(struct timeval *now, void *zone);
};

extern struct mill_real
    mill_real_functions; /* filled by mill_real_open; sanitized/real_beside.c changes it */
void mill_real_open(void);

static inline const struct mill_real *mill_real(void)
{
    if (mill_real_functions.syscall == NULL) {
        mill_real_open();
    }
    return &mill_real_functions;
}

#endif
