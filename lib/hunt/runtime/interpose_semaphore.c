/* Semaphores without a name. A post is ordered before the wait that comes after it, and not with other posts:
 * who only posts acquires nothing. Named ones belong to other processes too and cannot be controlled.
 */
#include "hunt/runtime/interpose.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>

#include "hunt/runtime/real.h"

/* As glibc's struct new_sem where there are atomic operations of 64 bits: the value is the lower half of the
 * first. */
struct semaphore {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    uint32_t waiters;
    uint32_t value;
#else
    uint32_t value;
    uint32_t waiters;
#endif
    int private;
    int pad;
};
_Static_assert(sizeof(struct semaphore) <= sizeof(sem_t) && sizeof(long) == 8, "glibc's layout");

static bool is_there(const void *object, unsigned thread)
{
    (void)thread;
    return ((const struct semaphore *)object)->value > 0;
}

static int returned(int error)
{
    if (error != 0) {
        errno = error;
        return -1;
    }
    return 0;
}

static int take(sem_t *object)
{
    ((struct semaphore *)object)->value--;
    mill_acquired(object);
    return 0;
}

static int acquire(sem_t *object, const struct mill_deadline *deadline, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_TAKE, MILL_THING_SEMAPHORE, object, pc);
    mill_cancel_here();
    enum mill_waited waited = mill_wait(&step, is_there, object, deadline, true);
    if (waited == MILL_WAIT_CANCELLED) {
        mill_cancel_here();
    }
    mill_touch(object, sizeof *object, false, pc);
    return waited == MILL_WAIT_READY ? take(object) : mill_wait_error(waited);
}

static int try_acquire(sem_t *object, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_TRY_TAKE, MILL_THING_SEMAPHORE, object, pc);
    mill_try(&step);
    mill_touch(object, sizeof *object, false, pc);
    bool well = is_there(object, mill_self());
    mill_tried(&step, well);
    return well ? take(object) : EAGAIN;
}

static int give(sem_t *object, const void *pc)
{
    struct semaphore *semaphore = (struct semaphore *)object;
    const struct mill_step step = mill_thing_step(MILL_STEP_GIVE, MILL_THING_SEMAPHORE, object, pc);
    mill_call(&step);
    mill_touch(object, sizeof *object, false, pc);
    if (semaphore->value >= SEM_VALUE_MAX) {
        return EOVERFLOW;
    }
    semaphore->value++;
    mill_released(object);
    return 0;
}

static int make(sem_t *object, int shared, unsigned value, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WRITE, MILL_THING_SEMAPHORE, object, pc);
    mill_call(&step);
    mill_touch(object, sizeof *object, true, pc);
    return mill_real()->sem_init(object, shared, value);
}

static int destroy(sem_t *object, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WRITE, MILL_THING_SEMAPHORE, object, pc);
    mill_call(&step);
    mill_touch(object, sizeof *object, true, pc);
    for (unsigned thread = 0; thread < mill_thread_count(); thread++) {
        const struct mill_thread_data *data = mill_thread_data(thread);
        if (data->blocked_on == object && !is_there(object, thread)) {
            mill_fail_here(MILL_FAILURE_MISUSE, object,
                           "thread %u destroys semaphore %p, at which thread %u waits", mill_self(),
                           (void *)object, thread);
        }
    }
    return 0;
}

static int look(sem_t *object, int *value, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_ATOMIC_READ, MILL_THING_SEMAPHORE, object, pc);
    mill_call(&step);
    mill_touch(object, sizeof *object, false, pc);
    *value = (int)((const struct semaphore *)object)->value;
    return 0;
}

/* ---- the names ---- */

int sem_init(sem_t *object, int shared, unsigned value)
{
    return mill_hunt_on ? make(object, shared, value, MILL_CALLER)
                        : mill_real()->sem_init(object, shared, value);
}

int sem_destroy(sem_t *object)
{
    return mill_hunt_on ? destroy(object, MILL_CALLER) : mill_real()->sem_destroy(object);
}

int sem_wait(sem_t *object)
{
    return mill_hunt_on ? returned(acquire(object, NULL, MILL_CALLER)) : mill_real()->sem_wait(object);
}

int sem_trywait(sem_t *object)
{
    return mill_hunt_on ? returned(try_acquire(object, MILL_CALLER)) : mill_real()->sem_trywait(object);
}

static int acquire_on(sem_t *object, clockid_t clock, const struct timespec *when, const void *pc)
{
    struct mill_deadline deadline;
    return returned(mill_deadline_on(clock, when, &deadline) ? acquire(object, &deadline, pc) : EINVAL);
}

int sem_timedwait(sem_t *restrict object, const struct timespec *restrict when)
{
    return mill_hunt_on ? acquire_on(object, CLOCK_REALTIME, when, MILL_CALLER)
                        : mill_real()->sem_timedwait(object, when);
}

int sem_clockwait(sem_t *restrict object, clockid_t clock, const struct timespec *restrict when)
{
    return mill_hunt_on ? acquire_on(object, clock, when, MILL_CALLER)
                        : mill_real()->sem_clockwait(object, clock, when);
}

int sem_post(sem_t *object)
{
    return mill_hunt_on ? returned(give(object, MILL_CALLER)) : mill_real()->sem_post(object);
}

int sem_getvalue(sem_t *restrict object, int *restrict value)
{
    return mill_hunt_on ? look(object, value, MILL_CALLER) : mill_real()->sem_getvalue(object, value);
}

sem_t *sem_open(const char *name, int flags, ...)
{
    if (mill_hunt_on) {
        mill_fail_here(
            MILL_FAILURE_UNSUPPORTED, NULL,
            "sem_open cannot be controlled: a semaphore with a name belongs to other processes too");
    }
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    unsigned value = va_arg(list, unsigned);
    va_end(list);
    return mill_real()->sem_open(name, flags, mode, value);
}
