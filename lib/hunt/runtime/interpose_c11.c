/* <threads.h>. In glibc its objects are those of POSIX, under other names and with other results. */
#include "hunt/runtime/interpose.h"

#include <errno.h>

#include "hunt/runtime/real.h"

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "glibc's layout");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "glibc's layout");
_Static_assert(sizeof(once_flag) == sizeof(pthread_once_t), "glibc's layout");
_Static_assert(sizeof(thrd_t) == sizeof(pthread_t) && sizeof(tss_t) == sizeof(unsigned), "glibc's layout");

static int result_of(int error)
{
    switch (error) {
    case 0:
        return thrd_success;
    case EBUSY:
        return thrd_busy;
    case ETIMEDOUT:
        return thrd_timedout;
    case ENOMEM:
        return thrd_nomem;
    default:
        return thrd_error;
    }
}

/* ---- threads ---- */

int thrd_create(thrd_t *made, thrd_start_t start, void *argument)
{
    return mill_hunt_on ? result_of(mill_thread_make_c11(made, start, argument, MILL_CALLER))
                        : mill_real()->thrd_create(made, start, argument);
}

int thrd_join(thrd_t thread, int *result)
{
    if (!mill_hunt_on) {
        return mill_real()->thrd_join(thread, result);
    }
    void *value = NULL;
    int error = mill_thread_await(thread, &value, true, NULL, MILL_CALLER);
    if (error == 0 && result != NULL) {
        *result = (int)(intptr_t)value;
    }
    return result_of(error);
}

int thrd_detach(thrd_t thread)
{
    return mill_hunt_on ? result_of(mill_thread_detach(thread, MILL_CALLER))
                        : mill_real()->thrd_detach(thread);
}

void thrd_exit(int result)
{
    if (!mill_hunt_on) {
        mill_real()->thrd_exit(result);
    }
    mill_thread_leave((void *)(intptr_t)result);
}

thrd_t thrd_current(void)
{
    return mill_hunt_on ? mill_thread_handle(mill_self()) : mill_real()->thrd_current();
}

/* ---- mutexes ---- */

static pthread_mutex_t *mutex_of(mtx_t *mutex)
{
    return (pthread_mutex_t *)mutex;
}

static int make_mutex(mtx_t *mutex, int type, const void *pc)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if ((type & ~(mtx_recursive | mtx_timed)) != 0) {
        return thrd_error;
    }
    pthread_mutexattr_settype(&attributes,
                              (type & mtx_recursive) != 0 ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
    return result_of(mill_mutex_init(mutex_of(mutex), &attributes, pc));
}

int mtx_init(mtx_t *mutex, int type)
{
    return mill_hunt_on ? make_mutex(mutex, type, MILL_CALLER) : mill_real()->mtx_init(mutex, type);
}

void mtx_destroy(mtx_t *mutex)
{
    if (!mill_hunt_on) {
        mill_real()->mtx_destroy(mutex);
        return;
    }
    mill_mutex_destroy(mutex_of(mutex), MILL_CALLER);
}

int mtx_lock(mtx_t *mutex)
{
    return mill_hunt_on ? result_of(mill_mutex_lock(mutex_of(mutex), NULL, MILL_CALLER))
                        : mill_real()->mtx_lock(mutex);
}

int mtx_trylock(mtx_t *mutex)
{
    return mill_hunt_on ? result_of(mill_mutex_trylock(mutex_of(mutex), MILL_CALLER))
                        : mill_real()->mtx_trylock(mutex);
}

int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict when)
{
    if (!mill_hunt_on) {
        return mill_real()->mtx_timedlock(mutex, when);
    }
    struct mill_deadline deadline;
    mill_deadline_on(CLOCK_REALTIME, when, &deadline);
    return result_of(mill_mutex_lock(mutex_of(mutex), &deadline, MILL_CALLER));
}

int mtx_unlock(mtx_t *mutex)
{
    return mill_hunt_on ? result_of(mill_mutex_unlock(mutex_of(mutex), MILL_CALLER))
                        : mill_real()->mtx_unlock(mutex);
}

/* ---- conditions ---- */

static pthread_cond_t *condition_of(cnd_t *condition)
{
    return (pthread_cond_t *)condition;
}

int cnd_init(cnd_t *condition)
{
    return mill_hunt_on ? result_of(mill_cond_init(condition_of(condition), NULL, MILL_CALLER))
                        : mill_real()->cnd_init(condition);
}

void cnd_destroy(cnd_t *condition)
{
    if (!mill_hunt_on) {
        mill_real()->cnd_destroy(condition);
        return;
    }
    mill_condition_destroy(condition_of(condition), MILL_CALLER);
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return mill_hunt_on
               ? result_of(mill_cond_wait(condition_of(condition), mutex_of(mutex), NULL, MILL_CALLER))
               : mill_real()->cnd_wait(condition, mutex);
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict when)
{
    if (!mill_hunt_on) {
        return mill_real()->cnd_timedwait(condition, mutex, when);
    }
    struct mill_deadline deadline;
    mill_deadline_on(CLOCK_REALTIME, when, &deadline);
    return result_of(mill_cond_wait(condition_of(condition), mutex_of(mutex), &deadline, MILL_CALLER));
}

int cnd_signal(cnd_t *condition)
{
    return mill_hunt_on ? result_of(mill_condition_signal(condition_of(condition), MILL_CALLER))
                        : mill_real()->cnd_signal(condition);
}

int cnd_broadcast(cnd_t *condition)
{
    return mill_hunt_on ? result_of(mill_condition_broadcast(condition_of(condition), MILL_CALLER))
                        : mill_real()->cnd_broadcast(condition);
}

/* ---- the rest ---- */

int tss_create(tss_t *key, tss_dtor_t destructor)
{
    return mill_hunt_on ? result_of(mill_key_create(key, destructor))
                        : mill_real()->tss_create(key, destructor);
}

void tss_delete(tss_t key)
{
    if (!mill_hunt_on) {
        mill_real()->tss_delete(key);
        return;
    }
    mill_key_delete(key);
}

void *tss_get(tss_t key)
{
    return mill_hunt_on ? mill_key_get(key) : mill_real()->tss_get(key);
}

int tss_set(tss_t key, void *value)
{
    return mill_hunt_on ? result_of(mill_key_set(key, value)) : mill_real()->tss_set(key, value);
}

void call_once(once_flag *once, void (*initialise)(void))
{
    if (!mill_hunt_on) {
        mill_real()->call_once(once, initialise);
        return;
    }
    mill_once((pthread_once_t *)once, initialise, MILL_CALLER);
}
