/* A thread ends before its function returns: pthread_exit, and cancelling, which is deferred to the
 * cancellation points among the interposed calls (waits, joins, sleeps, pthread_testcancel), or, when it is
 * asynchronous, comes at any interposed call.
 *
 * The stack is unwound as glibc does it, so that C++ destructors and __attribute__((cleanup)) run, and what C
 * without -fexceptions has registered with __pthread_register_cancel.
 */
#include "hunt/runtime/interpose.h"

#include <errno.h>
#include <unwind.h>

#include "hunt/runtime/cleanup.h"
#include "hunt/runtime/real.h"

/* ---- leaving ---- */

/* Which mutexes it leaves behind is not known, but who waits for what is. */
static void ask_all_again(void)
{
    for (unsigned thread = 0; thread < mill_thread_count(); thread++) {
        const void *object = mill_thread_data(thread)->blocked_on;
        if (object != NULL) {
            mill_changed(object);
        }
    }
}

_Noreturn void mill_thread_finish(void *result)
{
    struct mill_thread_data *data = mill_thread_data(mill_self());
    data->leaving = true;
    data->result = result;
    data->waits_for = NULL;
    mill_local_destroy();
    mill_keys_destroy();
    data->over = true;
    if (data->robust_held > 0) {
        ask_all_again();
    }
    mill_thread_end(result);
}

static _Noreturn void finish(void)
{
    mill_thread_finish(mill_thread_data(mill_self())->result);
}

/* The members of __pad that are used; glibc's own are others, and never meet these. */
enum {
    PAD_BEFORE, /* the buffer that was registered before */
    PAD_TYPE,   /* of cancelling, before …_defer */
};

/* longjmp, but for what __sigsetjmp has filled without a signal mask: glibc gives it no more room than that.
 */
_Noreturn void mill_longjmp(struct __cancel_jmp_buf_tag *buffer, int value) __asm__("longjmp");

static _Noreturn void run_buffer(struct mill_thread_data *data)
{
    __pthread_unwind_buf_t *buffer = data->cleanups;
    data->cleanups = buffer->__pad[PAD_BEFORE];
    mill_longjmp(buffer->__cancel_jmp_buf, 1);
}

/* Is called for each frame, innermost first. The address of a frame is the one its callee returns to: a
 * buffer lies in the frame before the first whose address is above the buffer's. */
static _Unwind_Reason_Code stop(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
                                struct _Unwind_Exception *exception, struct _Unwind_Context *context,
                                void *argument)
{
    (void)version, (void)class, (void)exception, (void)argument;
    struct mill_thread_data *data = mill_thread_data(mill_self());
    uintptr_t frame = _Unwind_GetCFA(context);
    bool last = (actions & _UA_END_OF_STACK) != 0;
    if (data->cleanups != NULL && (last || frame > (uintptr_t)data->cleanups)) {
        run_buffer(data);
    }
    if (last || (data->base != NULL && frame > (uintptr_t)data->base)) {
        finish();
    }
    return _URC_NO_REASON;
}

static void caught(_Unwind_Reason_Code reason, struct _Unwind_Exception *exception)
{
    (void)reason, (void)exception;
    mill_fail_here(MILL_FAILURE_ASSERTION, NULL,
                   "the end of a thread (pthread_exit, or cancelled) was caught like an exception and not "
                   "thrown on");
}

static _Noreturn void unwind(void)
{
    /* Outside of the stack that is unwound, since what is registered runs on a part of it and comes back. */
    static struct _Unwind_Exception exceptions[MILL_HUNT_THREADS];
    struct _Unwind_Exception *exception = &exceptions[mill_self()];
    *exception = (struct _Unwind_Exception){.exception_cleanup = caught};
    _Unwind_ForcedUnwind(exception, stop, NULL);
    /* There is no unwinding information at all: what is registered needs none. */
    struct mill_thread_data *data = mill_thread_data(mill_self());
    if (data->cleanups != NULL) {
        run_buffer(data);
    }
    finish();
}

void mill_thread_leave(void *result)
{
    struct mill_thread_data *data = mill_thread_data(mill_self());
    data->leaving = true;
    data->result = result;
    data->waits_for = NULL;
    unwind();
}

/* ---- cancelling ---- */

static void call_of_self(const void *pc)
{
    const struct mill_step step =
        mill_thing_step(MILL_STEP_CANCEL, MILL_THING_THREAD, mill_thread_object(mill_self()), pc);
    mill_call(&step);
}

static int cancel(unsigned thread, const void *pc)
{
    const struct mill_step step =
        mill_thing_step(MILL_STEP_CANCEL, MILL_THING_THREAD, mill_thread_object(thread), pc);
    mill_call(&step);
    struct mill_thread_data *data = mill_thread_data(thread);
    if (mill_thread_is_over(thread)) {
        return 0;
    }
    data->cancel_wanted = true;
    if (thread == mill_self() && data->cancel_asynchronous) {
        mill_cancel_here();
    }
    return 0;
}

/* ---- the names ---- */

void pthread_exit(void *result)
{
    if (!mill_hunt_on) {
        mill_real()->pthread_exit(result);
    }
    mill_thread_leave(result);
}

int pthread_cancel(pthread_t handle)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_cancel(handle);
    }
    int thread = mill_thread_find(handle);
    return thread < 0 || mill_thread_data((unsigned)thread)->joined ? ESRCH
                                                                    : cancel((unsigned)thread, MILL_CALLER);
}

void pthread_testcancel(void)
{
    if (!mill_hunt_on) {
        mill_real()->pthread_testcancel();
        return;
    }
    call_of_self(MILL_CALLER);
    mill_cancel_here();
}

int pthread_setcancelstate(int state, int *old)
{
    if (!mill_hunt_on) {
        return mill_real()->pthread_setcancelstate(state, old);
    }
    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE) {
        return EINVAL;
    }
    struct mill_thread_data *data = mill_thread_data(mill_self());
    if (old != NULL) {
        *old = data->cancel_disabled ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
    }
    data->cancel_disabled = state == PTHREAD_CANCEL_DISABLE;
    call_of_self(MILL_CALLER);
    return 0;
}

static int set_type(int type, int *old, const void *pc)
{
    if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS) {
        return EINVAL;
    }
    struct mill_thread_data *data = mill_thread_data(mill_self());
    if (old != NULL) {
        *old = data->cancel_asynchronous ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED;
    }
    data->cancel_asynchronous = type == PTHREAD_CANCEL_ASYNCHRONOUS;
    call_of_self(pc);
    return 0;
}

int pthread_setcanceltype(int type, int *old)
{
    return mill_hunt_on ? set_type(type, old, MILL_CALLER) : mill_real()->pthread_setcanceltype(type, old);
}

void __pthread_register_cancel(__pthread_unwind_buf_t *buffer)
{
    if (!mill_hunt_on) {
        mill_real()->__pthread_register_cancel(buffer);
        return;
    }
    struct mill_thread_data *data = mill_thread_data(mill_self());
    buffer->__pad[PAD_BEFORE] = data->cleanups;
    data->cleanups = buffer;
}

void __pthread_unregister_cancel(__pthread_unwind_buf_t *buffer)
{
    if (!mill_hunt_on) {
        mill_real()->__pthread_unregister_cancel(buffer);
        return;
    }
    mill_thread_data(mill_self())->cleanups = buffer->__pad[PAD_BEFORE];
}

void __pthread_register_cancel_defer(__pthread_unwind_buf_t *buffer)
{
    if (!mill_hunt_on) {
        mill_real()->__pthread_register_cancel_defer(buffer);
        return;
    }
    int old;
    set_type(PTHREAD_CANCEL_DEFERRED, &old, MILL_CALLER);
    buffer->__pad[PAD_TYPE] = (void *)(intptr_t)old;
    __pthread_register_cancel(buffer);
}

void __pthread_unregister_cancel_restore(__pthread_unwind_buf_t *buffer)
{
    if (!mill_hunt_on) {
        mill_real()->__pthread_unregister_cancel_restore(buffer);
        return;
    }
    __pthread_unregister_cancel(buffer);
    set_type((int)(intptr_t)buffer->__pad[PAD_TYPE], NULL, MILL_CALLER);
}

void __pthread_unwind_next(__pthread_unwind_buf_t *buffer)
{
    if (!mill_hunt_on) {
        mill_real()->__pthread_unwind_next(buffer);
    }
    unwind();
}
