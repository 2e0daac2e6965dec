#include "hunt/runtime/schedule.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

#include "hunt/heap.h"
#include "hunt/runtime/check.h"
#include "hunt/runtime/holders.h"
#include "hunt/runtime/suspend.h"

/* On a page of its own: in a process for each schedule every page that is touched costs a fault. */
alignas(4096) struct mill_class mill_schedule_class;

/* ---- failures ---- */

static void describe(struct mill_failure *failure, unsigned thread)
{
    const struct mill_step *pending = &mill_schedule.pending[thread];
    struct mill_failure_stack *stack;
    if (mill_schedule.suspended != MILL_SUSPEND_NOBODY && thread == mill_schedule.suspended) {
        stack = mill_failure_add(failure, thread, UINT32_MAX, "is suspended at its next step: %s",
                                 mill_step_name(pending->kind));
    } else if (!mill_schedule.threads[thread].can) {
        char what[sizeof stack->label];
        mill_holder_text(pending, what, sizeof what);
        stack = mill_failure_add(failure, thread, UINT32_MAX, "waits for %s", what);
    } else if (thread == mill_schedule.current) {
        stack = mill_failure_add(failure, thread, mill_schedule.step, "runs");
    } else {
        stack = mill_failure_add(failure, thread, UINT32_MAX, "is at %s", mill_step_name(pending->kind));
    }
    if (stack) {
        stack->frames = mill_thread_stack(thread, pending->pc, stack->pcs, MILL_FAILURE_FRAMES);
    }
}

void mill_stand_at(const void *pc)
{
    mill_schedule.pending[mill_schedule.current].pc = pc;
}

_Noreturn void mill_fail(const struct mill_failure *failure)
{
    struct mill_failure *told = &mill_schedule.job->failure;
    *told = *failure;
    if (told->stacks == 0) {
        describe(told, mill_schedule.current);
        for (unsigned thread = 0; thread < mill_schedule.count; thread++) {
            if (thread != mill_schedule.current && mill_schedule.threads[thread].alive) {
                describe(told, thread);
            }
        }
    }
    mill_scheduler_leave(MILL_JOB_FAILED);
}

_Noreturn void mill_fail_here(enum mill_failure_kind kind, const void *object, const char *format, ...)
{
    struct mill_failure failure = {.kind = kind, .object = (uintptr_t)object};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure.message, sizeof failure.message, format, arguments);
    va_end(arguments);
    mill_fail(&failure);
}

/* Does a thread wait where a wake has come before? */
static bool lost_a_wake(unsigned thread)
{
    uintptr_t object = (uintptr_t)mill_schedule.threads[thread].data.waits_for;
    for (unsigned i = 0; object != 0 && mill_schedule.threads[thread].alive && i < mill_schedule.lost_count;
         i++) {
        if (mill_schedule.lost[i] == object) {
            return true;
        }
    }
    return false;
}

/* The stack of who is suspended comes first. */
static _Noreturn void tell_no_progress(const char *others)
{
    struct mill_failure failure = {.kind = MILL_FAILURE_PROGRESS};
    unsigned suspended = mill_schedule.suspended;
    snprintf(failure.message, sizeof failure.message,
             "thread %u is suspended for good at point %u of its operations, and without it %s", suspended,
             mill_schedule.job->suspension.point, others);
    describe(&failure, suspended);
    for (unsigned thread = 0; thread < mill_schedule.count; thread++) {
        if (thread != suspended && mill_schedule.threads[thread].alive) {
            describe(&failure, thread);
        }
    }
    mill_fail(&failure);
}

_Noreturn void mill_tell_unbounded(void)
{
    const struct mill_suspension *held = &mill_schedule.job->suspension;
    mill_fail_here(MILL_FAILURE_PROGRESS, NULL,
                   "thread %u has taken more than %u steps for operations that take %u at most when nobody "
                   "holds it back: the others keep it from its end",
                   held->thread, held->point, mill_suspend_usual(held->point));
}

_Noreturn void mill_tell_stuck(void)
{
    if (mill_schedule.suspended != MILL_SUSPEND_NOBODY) {
        tell_no_progress("no other can go on");
    }
    for (unsigned thread = 0; thread < mill_schedule.count; thread++) {
        if (lost_a_wake(thread)) {
            mill_fail_here(MILL_FAILURE_LOST_WAKEUP, mill_schedule.threads[thread].data.waits_for,
                           "thread %u waits for a wake-up that came when nobody waited", thread);
        }
    }
    mill_fail_here(MILL_FAILURE_DEADLOCK, NULL, "every thread waits, and none is left to end that");
}

_Noreturn void mill_tell_too_many_steps(void)
{
    bool suspended = mill_schedule.suspended != MILL_SUSPEND_NOBODY;
    uint32_t left = suspended ? mill_schedule.steps_max - mill_schedule.suspended_at : 0;
    if (suspended && mill_schedule.progress < mill_schedule.steps_max - left / 4) {
        tell_no_progress("the others take steps without end, none of which changes anything");
    }
    if (mill_schedule.progress < mill_schedule.steps_max / 2) {
        mill_fail_here(MILL_FAILURE_LIVELOCK, NULL,
                       "%u steps, and since step %u nothing has been changed by any of them",
                       mill_schedule.step, mill_schedule.progress);
    }
    mill_scheduler_leave(MILL_JOB_CUT);
}

void mill_tell_leaks(void)
{
    struct mill_chunk first;
    size_t count = mill_heap_left(&first);
    if (count == 0) {
        return;
    }
    struct mill_failure failure = {.kind = MILL_FAILURE_LEAK, .object = first.address};
    snprintf(failure.message, sizeof failure.message,
             "%zu allocations are left at the end, the first of %zu bytes", count, first.size);
    mill_check_place(&failure, first.allocated.thread, first.allocated.when, first.allocated.pc,
                     "allocated the first");
    mill_fail(&failure);
}

/* ---- what is kept for it ---- */

void mill_tell_keep_wake(const struct mill_step *step)
{
    bool wakes = true;
    for (unsigned thread = 0; wakes && thread < mill_schedule.count; thread++) {
        wakes = (uintptr_t)mill_schedule.threads[thread].data.waits_for != step->object;
    }
    if (wakes && mill_schedule.lost_count < LOST_WAKES) {
        mill_schedule.lost[mill_schedule.lost_count++] = step->object;
    }
}

static void trace(const struct mill_step *step)
{
    struct mill_job *job = mill_schedule.job;
    if (mill_schedule.step < job->trace_from) {
        return;
    }
    if (job->traced == MILL_JOB_TRACE) {
        job->trace_lost++;
        return;
    }
    const struct mill_frames *frames = mill_schedule.threads[mill_schedule.current].frames;
    uint32_t depth = frames->depth;
    job->trace[job->traced++] = (struct mill_traced){
        .step = *step,
        .thread = (uint16_t)mill_schedule.current,
        .depth = (uint16_t)(depth < UINT16_MAX ? depth : UINT16_MAX),
        .choice = mill_schedule.choice,
        .caller = depth > 0 && depth <= MILL_FRAMES ? frames->callers[depth - 1] : NULL,
    };
}

static void watch(const struct mill_step *step)
{
    struct mill_job *job = mill_schedule.job;
    for (unsigned i = 0; i < sizeof job->watched / sizeof job->watched[0]; i++) {
        if (job->watched[i] == mill_schedule.step) {
            struct mill_failure_stack *seen = &job->seen[i];
            seen->thread = mill_schedule.current;
            seen->step = mill_schedule.step;
            seen->frames = mill_thread_stack(mill_schedule.current, step->pc, seen->pcs, MILL_FAILURE_FRAMES);
        }
    }
}

/* Whatever tells two runs apart: who, what, to which address, from where in the program. */
static void add_to_hash(const struct mill_step *step)
{
    const uint64_t words[] = {(uint64_t)mill_schedule.current << 40 | (uint64_t)step->kind << 32 | step->size,
                              step->object, step->second, (uintptr_t)step->pc};
    uint64_t hash = mill_schedule.hash;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u; /* odd: no word is lost */
        hash ^= hash >> 32;
    }
    mill_schedule.hash = hash;
}

void mill_tell_step(const struct mill_step *step)
{
    uint32_t flags = mill_schedule.job->flags;
    if (flags & MILL_JOB_HASH_ON) {
        add_to_hash(step);
    }
    if (flags & MILL_JOB_TRACE_ON) {
        trace(step);
        watch(step);
    }
    if (flags & MILL_JOB_CLASSES) {
        mill_class_step(&mill_schedule_class, mill_schedule.current, step);
    }
}
