#include "hunt/runtime/interpose.h"

#include <errno.h>
#include <sys/single_threaded.h>

void mill_interpose_begin(void)
{
    /* No thread that the kernel knows of will be made, yet libstdc++ and others leave out their atomic
     * operations while this says that there is but one. (Written, its page would be copied in each process.)
     */
    if (__libc_single_threaded) {
        __libc_single_threaded = 0;
    }
    mill_local_begin();
}

/* ---- cancelling ---- */

bool mill_cancel_due(unsigned thread)
{
    const struct mill_thread_data *data = mill_thread_data(thread);
    return data->cancel_wanted && !data->cancel_disabled && !data->leaving;
}

void mill_cancel_here(void)
{
    if (mill_cancel_due(mill_self())) {
        mill_thread_leave(PTHREAD_CANCELED);
    }
}

static void cancel_anywhere(void)
{
    if (mill_thread_data(mill_self())->cancel_asynchronous) {
        mill_cancel_here();
    }
}

/* ---- points ---- */

void mill_call(const struct mill_step *step)
{
    mill_point(step);
    cancel_anywhere();
}

static void yield_if_in_vain(const struct mill_step *step)
{
    const struct mill_thread_data *data = mill_thread_data(mill_self());
    if (data->in_vain[0] == step->object || data->in_vain[1] == step->object) {
        const struct mill_step yield = mill_thing(MILL_STEP_YIELD, NULL, step->pc);
        mill_yield(&yield);
    }
}

void mill_try(const struct mill_step *step)
{
    yield_if_in_vain(step);
    mill_call(step);
}

void mill_tried(const struct mill_step *step, bool well)
{
    struct mill_thread_data *data = mill_thread_data(mill_self());
    uintptr_t *latest = data->in_vain;
    if (latest[0] == step->object) {
        latest[0] = latest[1];
        latest[1] = 0;
    } else if (latest[1] == step->object) {
        latest[1] = 0;
    }
    if (!well) {
        latest[1] = latest[0];
        latest[0] = step->object;
    }
}

static bool is_ready_or_cancelled(const void *object, unsigned thread)
{
    const struct mill_thread_data *data = mill_thread_data(thread);
    return data->ready(object, thread) ||
           ((data->cancel_point || data->cancel_asynchronous) && mill_cancel_due(thread));
}

enum mill_waited mill_wait(const struct mill_step *step, bool (*ready)(const void *object, unsigned thread),
                           const void *object, const struct mill_deadline *deadline, bool cancel_point)
{
    unsigned self = mill_self();
    struct mill_thread_data *data = mill_thread_data(self);
    struct mill_step timed;
    mill_step_copy(&timed, step);
    if (deadline != NULL) {
        timed.flags |= MILL_STEP_TIMED;
    }
    if (deadline != NULL && !ready(object, self)) {
        yield_if_in_vain(step);
    }
    data->ready = ready;
    data->blocked_on = object;
    data->cancel_point = cancel_point;
    uint64_t until = deadline == NULL ? MILL_NO_END : deadline->valid ? deadline->at : 0;
    mill_point_when(&timed, is_ready_or_cancelled, object, until);
    data->blocked_on = NULL;
    data->cancel_point = false;
    if (!cancel_point) {
        cancel_anywhere();
    }
    if (ready(object, self)) {
        mill_tried(step, true);
        return MILL_WAIT_READY;
    }
    if (cancel_point && mill_cancel_due(self)) {
        return MILL_WAIT_CANCELLED;
    }
    if (deadline == NULL || !deadline->valid) { /* without one it is ready, or cancelled */
        return MILL_WAIT_INVALID;
    }
    mill_virtual_advance(deadline->at);
    mill_tried(step, false);
    return MILL_WAIT_TIMED_OUT;
}

int mill_wait_error(enum mill_waited waited)
{
    return waited == MILL_WAIT_TIMED_OUT ? ETIMEDOUT : waited == MILL_WAIT_INVALID ? EINVAL : 0;
}

/* ---- queues ---- */

/* They stand in no list: who waits for what is in the threads' data, and there are few threads. */
bool mill_is_waiting(unsigned thread, const void *object)
{
    const struct mill_thread_data *data = mill_thread_data(thread);
    return data->waits_for == object && !data->woken;
}

unsigned mill_waiting_count(const void *object)
{
    unsigned count = 0;
    for (unsigned thread = 0; thread < mill_thread_count(); thread++) {
        count += mill_is_waiting(thread, object);
    }
    return count;
}

int mill_waiting(const void *object, unsigned index)
{
    int found = -1;
    uint64_t after = 0;
    for (unsigned i = 0; i <= index; i++) {
        uint64_t first = UINT64_MAX;
        found = -1;
        for (unsigned thread = 0; thread < mill_thread_count(); thread++) {
            uint64_t since = mill_thread_data(thread)->since;
            if (mill_is_waiting(thread, object) && since > after && since < first) {
                first = since;
                found = (int)thread;
            }
        }
        after = first;
    }
    return found;
}

void mill_enqueue(const void *object)
{
    static uint64_t last; /* only their order matters, so it need not begin anew with a schedule */
    struct mill_thread_data *data = mill_thread_data(mill_self());
    data->waits_for = object;
    data->woken = false;
    data->since = ++last;
}

void mill_wake(unsigned thread)
{
    struct mill_thread_data *data = mill_thread_data(thread);
    data->woken = true;
}

bool mill_is_woken(const void *object, unsigned thread)
{
    (void)object;
    return mill_thread_data(thread)->woken;
}

/* ---- owners ---- */

/* Above the largest thread number of Linux's (2^22). */
#define OWNER_MARK 0x40000000

int mill_owner_mark(unsigned thread)
{
    return OWNER_MARK | (int)thread;
}

unsigned mill_owner(int mark)
{
    return (mark & OWNER_MARK) != 0 ? (unsigned)(mark & ~OWNER_MARK) : 0;
}
