#include "hunt/runtime/check.h"

#include <stdio.h>

#include "hunt/heap.h"
#include "hunt/runtime/scheduler.h"

bool mill_hunt_races;

/* ---- telling ---- */

void mill_check_place(struct mill_failure *failure, unsigned thread, uint32_t when, const void *pc,
                      const char *what)
{
    struct mill_failure_stack *stack = mill_failure_add(failure, thread, when, "%s", what);
    if (!stack) {
        return;
    }
    if (thread == mill_self() && when == mill_step_number()) {
        stack->frames = mill_thread_stack(thread, pc, stack->pcs, MILL_FAILURE_FRAMES);
    } else {
        stack->pcs[stack->frames++] = (uintptr_t)pc;
    }
}

static void tell_call(struct mill_failure *failure, const struct mill_heap_call *call, const char *what)
{
    mill_check_place(failure, call->thread, call->when, call->pc, what);
}

static const char *does(const struct mill_access *access)
{
    return access->released ? "frees" : access->write ? "writes" : "reads";
}

static const char *has_done(const struct mill_access *access)
{
    return access->released ? "freed" : access->write ? "written" : "read";
}

static _Noreturn void fail_freed(const struct mill_access *access, const struct mill_chunk *chunk)
{
    struct mill_failure failure = {.kind = MILL_FAILURE_USE_AFTER_FREE, .object = access->address};
    snprintf(failure.message, sizeof failure.message,
             "thread %u %s %u bytes at offset %td of %zu bytes that thread %u has freed", access->thread,
             does(access), access->size, (ptrdiff_t)(access->address - chunk->address), chunk->size,
             chunk->freed.thread);
    mill_check_place(&failure, access->thread, access->when, access->pc, does(access));
    tell_call(&failure, &chunk->freed, "freed it");
    tell_call(&failure, &chunk->allocated, "allocated it");
    mill_fail(&failure);
}

static _Noreturn void fail_outside(const struct mill_access *access, const struct mill_chunk *chunk)
{
    struct mill_failure failure = {.kind = MILL_FAILURE_OUT_OF_BOUNDS, .object = access->address};
    snprintf(failure.message, sizeof failure.message,
             "thread %u %s %u bytes at offset %td of memory of %zu bytes", access->thread, does(access),
             access->size, (ptrdiff_t)(access->address - chunk->address), chunk->size);
    mill_check_place(&failure, access->thread, access->when, access->pc, does(access));
    if (chunk->address != 0) {
        tell_call(&failure, &chunk->allocated, "allocated it");
    }
    mill_fail(&failure);
}

static _Noreturn void fail_race(const struct mill_race *race)
{
    const struct mill_access *earlier = &race->earlier;
    const struct mill_access *later = &race->later;
    struct mill_failure failure = {.kind = MILL_FAILURE_RACE, .object = later->address};
    char what[40];
    snprintf(failure.message, sizeof failure.message,
             "thread %u %s %u bytes that thread %u has %s, and nothing orders the two", later->thread,
             does(later), later->size, earlier->thread, has_done(earlier));
    mill_check_place(&failure, later->thread, later->when, later->pc, does(later));
    snprintf(what, sizeof what, "has %s it before", has_done(earlier));
    mill_check_place(&failure, earlier->thread, earlier->when, earlier->pc, what);
    mill_fail(&failure);
}

static __attribute__((cold)) void fail_heap(struct mill_access access, enum mill_heap_state state)
{
    struct mill_chunk chunk;
    mill_heap_look(access.address, access.size, &chunk);
    if (state == MILL_HEAP_FREED) {
        fail_freed(&access, &chunk);
    }
    if (state == MILL_HEAP_OUTSIDE) {
        fail_outside(&access, &chunk);
    }
}

/* ---- checking ---- */

static inline __attribute__((always_inline)) void check(struct mill_access access)
{
    struct mill_race race;
    if (access.address - mill_heap_base < mill_heap_size) {
        enum mill_heap_state state = mill_heap_look(access.address, access.size, NULL);
        if (__builtin_expect(state != MILL_HEAP_LIVE, false)) {
            fail_heap(access, state);
        }
    }
    if (mill_hunt_races && mill_race_access(&access, &race)) {
        fail_race(&race);
    }
}

void mill_check_access(const struct mill_access *access)
{
    check(*access);
}

void mill_check_step(const struct mill_step *step)
{
    check((struct mill_access){
        .thread = mill_self(),
        .when = mill_step_number(),
        .pc = step->pc,
        .address = step->object,
        .size = step->size,
        .write = step->kind != MILL_STEP_READ && step->kind != MILL_STEP_ATOMIC_READ,
        .atomic = step->kind >= MILL_STEP_ATOMIC_READ,
    });
}

void mill_check_free(const struct mill_access *access, size_t size)
{
    struct mill_race race;
    if (mill_hunt_races && mill_race_freed(access, size, &race)) {
        fail_race(&race);
    }
}
