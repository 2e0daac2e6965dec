/* Threads begin, are waited for, and let go. Of the attributes the detached state counts; a stack is as large
 * as the scheduler makes it, and a scheduling policy means nothing where the explorer schedules.
 */
#include "hunt/runtime/interpose.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "hunt/runtime/real.h"

static struct mill_step thread_step(enum mill_step_kind kind, unsigned thread, const void *pc)
{
    return mill_thing_step(kind, MILL_THING_THREAD, mill_thread_object(thread), pc);
}

/* ---- begin ---- */

static void *thread_main(void *unused)
{
    (void)unused;
    struct mill_thread_data *data = mill_thread_data(mill_self());
    data->base = __builtin_frame_address(0);
    mill_thread_finish(data->start_c11 != NULL ? (void *)(intptr_t)data->start_c11(data->argument)
                                               : data->start(data->argument));
}

/* Its data, to say what it runs; or NULL, and why through `error`. */
static struct mill_thread_data *make(pthread_t *made, void *argument, int *error, const void *pc)
{
    const struct mill_step step = thread_step(MILL_STEP_CREATE, mill_thread_count(), pc);
    mill_call(&step);
    int number = mill_thread_spawn(thread_main, NULL);
    if (number < 0) {
        *error = -number;
        return NULL;
    }
    mill_order_spawned((unsigned)number);
    struct mill_thread_data *data = mill_thread_data((unsigned)number);
    data->argument = argument;
    *made = mill_thread_handle((unsigned)number);
    return data;
}

int mill_thread_make(pthread_t *made, const pthread_attr_t *attributes, void *(*start)(void *),
                     void *argument, const void *pc)
{
    int detached = PTHREAD_CREATE_JOINABLE;
    if (attributes != NULL && pthread_attr_getdetachstate(attributes, &detached) != 0) {
        return EINVAL;
    }
    int error = 0;
    struct mill_thread_data *data = make(made, argument, &error, pc);
    if (data != NULL) {
        data->start = start;
        data->detached = detached == PTHREAD_CREATE_DETACHED;
    }
    return error;
}

int mill_thread_make_c11(pthread_t *made, int (*start)(void *), void *argument, const void *pc)
{
    int error = 0;
    struct mill_thread_data *data = make(made, argument, &error, pc);
    if (data != NULL) {
        data->start_c11 = start;
    }
    return error;
}

/* ---- wait ---- */

/* The thread of a handle that somebody may still join or detach. */
static unsigned find_joinable(pthread_t handle, const char *call, const void *pc)
{
    mill_stand_at(pc);
    int thread = mill_thread_find(handle);
    if (thread < 0) {
        mill_fail_here(MILL_FAILURE_MISUSE, NULL, "%s of 0x%lx, which is no thread's", call, handle);
    }
    if (mill_thread_data((unsigned)thread)->joined) {
        mill_fail_here(MILL_FAILURE_MISUSE, NULL, "%s of thread %d, which has been joined", call, thread);
    }
    return (unsigned)thread;
}

static bool has_ended(const void *object, unsigned thread)
{
    (void)object;
    return mill_thread_is_over((unsigned)mill_thread_data(thread)->joining - 1);
}

/* As glibc refuses it, or 0. */
static int refuse_join(unsigned self, unsigned other)
{
    const struct mill_thread_data *data = mill_thread_data(other);
    if (self == other || data->joining == (int)self + 1) {
        return EDEADLK;
    }
    return data->detached ? EINVAL : 0;
}

static void check_alone(unsigned self, unsigned other)
{
    for (unsigned thread = 0; thread < mill_thread_count(); thread++) {
        if (thread != self && mill_thread_data(thread)->joining == (int)other + 1) {
            mill_fail_here(MILL_FAILURE_MISUSE, NULL, "threads %u and %u join thread %u at the same time",
                           thread, self, other);
        }
    }
}

int mill_thread_await(pthread_t handle, void **result, bool wait, const struct mill_deadline *deadline,
                      const void *pc)
{
    unsigned self = mill_self();
    unsigned other = find_joinable(handle, "a join", pc);
    struct mill_thread_data *data = mill_thread_data(self);
    const struct mill_step step = thread_step(MILL_STEP_JOIN, other, pc);
    int error = refuse_join(self, other);
    if (!wait || error != 0) {
        mill_try(&step);
        if (error == 0 && !mill_thread_is_over(other)) {
            error = EBUSY;
        }
        mill_tried(&step, error != EBUSY);
        if (error != 0) {
            return error;
        }
    } else {
        mill_cancel_here();
        check_alone(self, other);
        data->joining = (int)other + 1;
        enum mill_waited waited = mill_wait(&step, has_ended, mill_thread_data(other), deadline, true);
        data->joining = 0;
        if (waited == MILL_WAIT_CANCELLED) {
            mill_cancel_here();
        }
        if (waited != MILL_WAIT_READY) {
            return mill_wait_error(waited);
        }
    }
    find_joinable(handle, "a join", pc);
    mill_joined(other);
    mill_order_joined(other);
    mill_thread_data(other)->joined = true;
    if (result != NULL) {
        *result = mill_thread_result(other);
    }
    return 0;
}

int mill_thread_detach(pthread_t handle, const void *pc)
{
    unsigned other = find_joinable(handle, "a detach", pc);
    const struct mill_step step = thread_step(MILL_STEP_DETACH, other, pc);
    mill_call(&step);
    find_joinable(handle, "a detach", pc);
    struct mill_thread_data *data = mill_thread_data(other);
    if (data->detached) {
        return EINVAL;
    }
    data->detached = true;
    return 0;
}

/* ---- the names ---- */

bool mill_interpose_early;

int pthread_create(pthread_t *restrict made, const pthread_attr_t *restrict attributes,
                   void *(*start)(void *), void *restrict argument)
{
    if (mill_hunt_on) {
        return mill_thread_make(made, attributes, start, argument, MILL_CALLER);
    }
    mill_interpose_early = true;
    return mill_real()->pthread_create(made, attributes, start, argument);
}

int pthread_join(pthread_t thread, void **result)
{
    return mill_hunt_on ? mill_thread_await(thread, result, true, NULL, MILL_CALLER)
                        : mill_real()->pthread_join(thread, result);
}

int pthread_tryjoin_np(pthread_t thread, void **result)
{
    return mill_hunt_on ? mill_thread_await(thread, result, false, NULL, MILL_CALLER)
                        : mill_real()->pthread_tryjoin_np(thread, result);
}

int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock, const struct timespec *when)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_clockjoin_np(thread, result, clock, when);
    }
    struct mill_deadline deadline;
    if (when != NULL && !mill_deadline_on(clock, when, &deadline)) {
        return EINVAL;
    }
    return mill_thread_await(thread, result, true, when == NULL ? NULL : &deadline, MILL_CALLER);
}

int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *when)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_timedjoin_np(thread, result, when);
    }
    struct mill_deadline deadline;
    if (when != NULL) {
        mill_deadline_on(CLOCK_REALTIME, when, &deadline);
    }
    return mill_thread_await(thread, result, true, when == NULL ? NULL : &deadline, MILL_CALLER);
}

int pthread_detach(pthread_t thread)
{
    return mill_hunt_on ? mill_thread_detach(thread, MILL_CALLER) : mill_real()->pthread_detach(thread);
}

pthread_t pthread_self(void)
{
    return mill_hunt_on ? mill_thread_handle(mill_self()) : mill_real()->pthread_self();
}
