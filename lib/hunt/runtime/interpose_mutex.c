/* Mutexes of every type. Of glibc's fields: __owner, __count and __nusers mean what they mean there; __lock,
 * whose upper bits are the ceiling of one that has one, is not looked at; __kind is the type and its flags;
 * __spins, which is 0 in what nobody uses as an adaptive mutex under contention, is how a robust one fares.
 */
#include "hunt/runtime/interpose.h"

#include <errno.h>
#include <limits.h>

#include "hunt/runtime/real.h"

_Static_assert(sizeof(pthread_mutex_t) >= sizeof(struct __pthread_mutex_s), "glibc's layout");

/* Of __kind; glibc's PTHREAD_MUTEX_KIND_MASK_NP and so on. */
enum {
    KIND_TYPE = 3,
    KIND_ROBUST = 16,
    KIND_PROTECT = 64,
    KIND_DESTROYED = -1,
};

#define LOCK_HELD 3

enum robust_state {
    ROBUST_CONSISTENT,
    ROBUST_INCONSISTENT, /* its owner ended; who has it now must say that it is consistent */
    ROBUST_LOST,         /* nobody did */
};

static int type_of(const pthread_mutex_t *mutex)
{
    return mutex->__data.__kind & KIND_TYPE;
}

static bool is_robust(const pthread_mutex_t *mutex)
{
    return (mutex->__data.__kind & KIND_ROBUST) != 0;
}

int mill_mutex_holder(const pthread_mutex_t *mutex)
{
    return mutex->__data.__owner == 0 ? -1 : (int)mill_owner(mutex->__data.__owner);
}

static bool is_mine(const pthread_mutex_t *mutex)
{
    return mill_mutex_holder(mutex) == (int)mill_self();
}

static bool is_left(const pthread_mutex_t *mutex)
{
    int holder = mill_mutex_holder(mutex);
    return is_robust(mutex) && holder >= 0 && mill_thread_data((unsigned)holder)->over;
}

static bool is_free(const void *object, unsigned thread)
{
    (void)thread;
    const pthread_mutex_t *mutex = object;
    return mutex->__data.__owner == 0 || is_left(mutex);
}

static void touch(const pthread_mutex_t *mutex, const void *pc)
{
    mill_touch(mutex, sizeof *mutex, false, pc);
    if (mutex->__data.__kind == KIND_DESTROYED) {
        mill_fail_here(MILL_FAILURE_MISUSE, mutex, "mutex %p is used after it was destroyed",
                       (const void *)mutex);
    }
}

/* It is free. */
static int take(pthread_mutex_t *mutex, bool tried, const void *pc)
{
    unsigned self = mill_self();
    struct mill_thread_data *data = mill_thread_data(self);
    if (is_robust(mutex) && mutex->__data.__spins == ROBUST_LOST) {
        return ENOTRECOVERABLE;
    }
    bool left = is_left(mutex);
    unsigned before = mill_owner(mutex->__data.__owner);
    mutex->__data.__lock |= LOCK_HELD;
    mutex->__data.__owner = mill_owner_mark(self);
    mutex->__data.__count = 1;
    mutex->__data.__nusers = 1;
    mill_acquired(mutex);
    mill_order_taken(mutex, tried ? MILL_ORDER_GIVES_UP : MILL_ORDER_WAITS, pc);
    if (is_robust(mutex)) {
        data->robust_held++;
    }
    if (left) {
        mill_joined(before); /* it cannot have released the mutex, and did nothing after its end */
        mutex->__data.__spins = ROBUST_INCONSISTENT;
        return EOWNERDEAD;
    }
    return 0;
}

static int take_again(pthread_mutex_t *mutex)
{
    if (mutex->__data.__count == UINT_MAX) {
        return EAGAIN;
    }
    mutex->__data.__count++;
    return 0;
}

int mill_mutex_lock(pthread_mutex_t *mutex, const struct mill_deadline *deadline, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_LOCK, MILL_THING_MUTEX, mutex, pc);
    if (is_mine(mutex) && type_of(mutex) == PTHREAD_MUTEX_RECURSIVE) {
        mill_call(&step);
        return take_again(mutex);
    }
    if (is_mine(mutex) && type_of(mutex) == PTHREAD_MUTEX_ERRORCHECK) {
        mill_call(&step);
        return EDEADLK;
    }
    enum mill_waited waited = mill_wait(&step, is_free, mutex, deadline, false);
    touch(mutex, pc);
    return waited == MILL_WAIT_READY ? take(mutex, deadline != NULL, pc) : mill_wait_error(waited);
}

int mill_mutex_trylock(pthread_mutex_t *mutex, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_TRY_LOCK, MILL_THING_MUTEX, mutex, pc);
    mill_try(&step);
    touch(mutex, pc);
    bool well = is_free(mutex, mill_self());
    mill_tried(&step, well);
    if (well) {
        return take(mutex, true, pc);
    }
    if (is_mine(mutex) && type_of(mutex) == PTHREAD_MUTEX_RECURSIVE) {
        return take_again(mutex);
    }
    return EBUSY;
}

int mill_mutex_give(pthread_mutex_t *mutex, const void *pc)
{
    touch(mutex, pc);
    unsigned self = mill_self();
    if (!is_mine(mutex)) {
        int holder = mill_mutex_holder(mutex);
        if (type_of(mutex) == PTHREAD_MUTEX_RECURSIVE || type_of(mutex) == PTHREAD_MUTEX_ERRORCHECK ||
            is_robust(mutex)) {
            return EPERM;
        }
        if (holder < 0) {
            mill_fail_here(MILL_FAILURE_MISUSE, mutex, "thread %u unlocks mutex %p, which nobody holds", self,
                           (void *)mutex);
        }
        mill_fail_here(MILL_FAILURE_MISUSE, mutex, "thread %u unlocks mutex %p, which thread %d holds", self,
                       (void *)mutex, holder);
    }
    if (type_of(mutex) == PTHREAD_MUTEX_RECURSIVE && --mutex->__data.__count > 0) {
        return 0;
    }
    if (is_robust(mutex)) {
        mill_thread_data(self)->robust_held--;
        if (mutex->__data.__spins == ROBUST_INCONSISTENT) {
            mutex->__data.__spins = ROBUST_LOST;
        }
    }
    mutex->__data.__lock &= ~LOCK_HELD;
    mutex->__data.__owner = 0;
    mutex->__data.__count = 0;
    mutex->__data.__nusers = 0;
    mill_released(mutex);
    mill_order_given(mutex);
    return 0;
}

int mill_mutex_unlock(pthread_mutex_t *mutex, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_UNLOCK, MILL_THING_MUTEX, mutex, pc);
    mill_call(&step);
    return mill_mutex_give(mutex, pc);
}

int mill_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WRITE, MILL_THING_MUTEX, mutex, pc);
    mill_call(&step);
    mill_touch(mutex, sizeof *mutex, true, pc);
    mill_order_renewed(mutex);
    return mill_real()->pthread_mutex_init(mutex, attributes);
}

int mill_mutex_destroy(pthread_mutex_t *mutex, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WRITE, MILL_THING_MUTEX, mutex, pc);
    mill_call(&step);
    touch(mutex, pc);
    mill_touch(mutex, sizeof *mutex, true, pc);
    int holder = mill_mutex_holder(mutex);
    if (holder >= 0) {
        mill_fail_here(MILL_FAILURE_MISUSE, mutex, "thread %u destroys mutex %p, which thread %d holds",
                       mill_self(), (void *)mutex, holder);
    }
    mill_order_renewed(mutex);
    mutex->__data.__kind = KIND_DESTROYED;
    return 0;
}

/* ---- the names ---- */

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    return mill_hunt_on ? mill_mutex_init(mutex, attributes, MILL_CALLER)
                        : mill_real()->pthread_mutex_init(mutex, attributes);
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    return mill_hunt_on ? mill_mutex_destroy(mutex, MILL_CALLER) : mill_real()->pthread_mutex_destroy(mutex);
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    return mill_hunt_on ? mill_mutex_lock(mutex, NULL, MILL_CALLER) : mill_real()->pthread_mutex_lock(mutex);
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    return mill_hunt_on ? mill_mutex_trylock(mutex, MILL_CALLER) : mill_real()->pthread_mutex_trylock(mutex);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *when)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_mutex_timedlock(mutex, when);
    }
    struct mill_deadline deadline;
    mill_deadline_on(CLOCK_REALTIME, when, &deadline);
    return mill_mutex_lock(mutex, &deadline, MILL_CALLER);
}

int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *when)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_mutex_clocklock(mutex, clock, when);
    }
    struct mill_deadline deadline;
    return mill_deadline_on(clock, when, &deadline) ? mill_mutex_lock(mutex, &deadline, MILL_CALLER) : EINVAL;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    return mill_hunt_on ? mill_mutex_unlock(mutex, MILL_CALLER) : mill_real()->pthread_mutex_unlock(mutex);
}

int pthread_mutex_consistent(pthread_mutex_t *mutex)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_mutex_consistent(mutex);
    }
    if (!is_robust(mutex) || !is_mine(mutex) || mutex->__data.__spins != ROBUST_INCONSISTENT) {
        return EINVAL;
    }
    mutex->__data.__spins = ROBUST_CONSISTENT;
    return 0;
}

int pthread_mutex_setprioceiling(pthread_mutex_t *mutex, int ceiling, int *old)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_mutex_setprioceiling(mutex, ceiling, old);
    }
    if ((mutex->__data.__kind & KIND_PROTECT) == 0) {
        return EINVAL;
    }
    mill_fail_here(MILL_FAILURE_UNSUPPORTED, mutex,
                   "pthread_mutex_setprioceiling cannot be controlled: set the ceiling by the attributes");
}
