/* Condition variables. Who waits is in the threads' data (mill_enqueue); of glibc's fields only the clock, in
 * __wrefs, is looked at. A word is given to those who wait when it is given, whichever of them the schedule
 * chooses; nobody wakes without one unless mill_interpose_spurious is set. A word orders nothing: the mutex
 * does.
 */
#include "hunt/runtime/interpose.h"

#include <errno.h>

#include "hunt/runtime/real.h"

bool mill_interpose_spurious;

/* Of __wrefs: glibc's __PTHREAD_COND_CLOCK_MONOTONIC_MASK. */
#define CONDITION_MONOTONIC 2U

static void check_mutex(const pthread_cond_t *condition, const pthread_mutex_t *mutex)
{
    int other = mill_waiting(condition, 0);
    if (other >= 0 && mill_thread_data((unsigned)other)->waits_with != mutex) {
        mill_fail_here(MILL_FAILURE_MISUSE, condition,
                       "thread %u waits at condition %p with another mutex than thread %d does", mill_self(),
                       (const void *)condition, other);
    }
}

/* Between the word and the mutex there is a step: others may take the mutex first. */
static enum mill_waited await(pthread_cond_t *condition, const struct mill_deadline *deadline, const void *pc)
{
    static const struct mill_deadline never = {.valid = true, .at = 0};
    const struct mill_step step = mill_thing_step(MILL_STEP_WAIT, MILL_THING_CONDITION, condition, pc);
    bool spurious = mill_interpose_spurious;
    enum mill_waited waited =
        mill_wait(&step, mill_is_woken, condition, deadline == NULL && spurious ? &never : deadline, true);
    if (waited == MILL_WAIT_TIMED_OUT && spurious && (deadline == NULL || mill_choose(2) == 1)) {
        waited = MILL_WAIT_READY;
    }
    mill_thread_data(mill_self())->waits_for = NULL;
    return waited;
}

/* Who is cancelled at a condition holds the mutex when its clean-ups run, so it is not cancelled here. */
static int lock_again(pthread_mutex_t *mutex, const void *pc)
{
    struct mill_thread_data *data = mill_thread_data(mill_self());
    bool disabled = data->cancel_disabled;
    data->cancel_disabled = true;
    int error = mill_mutex_lock(mutex, NULL, pc);
    data->cancel_disabled = disabled;
    return error;
}

int mill_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct mill_deadline *deadline,
                   const void *pc)
{
    struct mill_step step = mill_thing_step(MILL_STEP_WAIT, MILL_THING_CONDITION, condition, pc);
    step.second = (uintptr_t)mutex;
    mill_call(&step);
    mill_cancel_here();
    mill_touch(condition, sizeof *condition, false, pc);
    if (deadline != NULL && !deadline->valid) {
        return EINVAL;
    }
    check_mutex(condition, mutex);
    mill_enqueue(condition);
    mill_thread_data(mill_self())->waits_with = mutex;
    int error = mill_mutex_give(mutex, pc);
    if (error != 0) {
        mill_thread_data(mill_self())->waits_for = NULL;
        return error;
    }
    enum mill_waited waited = await(condition, deadline, pc);
    error = lock_again(mutex, pc);
    if (waited == MILL_WAIT_CANCELLED) {
        mill_cancel_here();
    }
    return error != 0 ? error : mill_wait_error(waited);
}

int mill_condition_signal(pthread_cond_t *condition, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WAKE, MILL_THING_CONDITION, condition, pc);
    mill_call(&step);
    mill_touch(condition, sizeof *condition, false, pc);
    unsigned waiting = mill_waiting_count(condition);
    if (waiting > 0) {
        mill_wake((unsigned)mill_waiting(condition, waiting > 1 ? mill_choose(waiting) : 0));
    }
    return 0;
}

int mill_condition_broadcast(pthread_cond_t *condition, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WAKE_ALL, MILL_THING_CONDITION, condition, pc);
    mill_call(&step);
    mill_touch(condition, sizeof *condition, false, pc);
    for (int thread = mill_waiting(condition, 0); thread >= 0; thread = mill_waiting(condition, 0)) {
        mill_wake((unsigned)thread);
    }
    return 0;
}

int mill_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WRITE, MILL_THING_CONDITION, condition, pc);
    mill_call(&step);
    mill_touch(condition, sizeof *condition, true, pc);
    return mill_real()->pthread_cond_init(condition, attributes);
}

int mill_condition_destroy(pthread_cond_t *condition, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WRITE, MILL_THING_CONDITION, condition, pc);
    mill_call(&step);
    mill_touch(condition, sizeof *condition, true, pc);
    int waiting = mill_waiting(condition, 0);
    if (waiting >= 0) {
        mill_fail_here(MILL_FAILURE_MISUSE, condition,
                       "thread %u destroys condition %p, at which thread %d waits", mill_self(),
                       (void *)condition, waiting);
    }
    return 0;
}

/* ---- the names ---- */

int pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    return mill_hunt_on ? mill_cond_init(condition, attributes, MILL_CALLER)
                        : mill_real()->pthread_cond_init(condition, attributes);
}

int pthread_cond_destroy(pthread_cond_t *condition)
{
    return mill_hunt_on ? mill_condition_destroy(condition, MILL_CALLER)
                        : mill_real()->pthread_cond_destroy(condition);
}

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    return mill_hunt_on ? mill_cond_wait(condition, mutex, NULL, MILL_CALLER)
                        : mill_real()->pthread_cond_wait(condition, mutex);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *when)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_cond_timedwait(condition, mutex, when);
    }
    bool monotonic = (condition->__data.__wrefs & CONDITION_MONOTONIC) != 0;
    struct mill_deadline deadline;
    mill_deadline_on(monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, when, &deadline);
    return mill_cond_wait(condition, mutex, &deadline, MILL_CALLER);
}

int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                           const struct timespec *when)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_cond_clockwait(condition, mutex, clock, when);
    }
    struct mill_deadline deadline;
    return mill_deadline_on(clock, when, &deadline) ? mill_cond_wait(condition, mutex, &deadline, MILL_CALLER)
                                                    : EINVAL;
}

int pthread_cond_signal(pthread_cond_t *condition)
{
    return mill_hunt_on ? mill_condition_signal(condition, MILL_CALLER)
                        : mill_real()->pthread_cond_signal(condition);
}

int pthread_cond_broadcast(pthread_cond_t *condition)
{
    return mill_hunt_on ? mill_condition_broadcast(condition, MILL_CALLER)
                        : mill_real()->pthread_cond_broadcast(condition);
}
