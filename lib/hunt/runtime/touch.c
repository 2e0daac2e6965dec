#include "hunt/runtime/interpose.h"

#include <stdio.h>

#include "hunt/heap.h"

static _Noreturn void fail_freed(uintptr_t address, const struct mill_chunk *chunk)
{
    mill_fail_here(MILL_FAILURE_USE_AFTER_FREE, (const void *)address,
                   "a call uses an object at 0x%lx, %lu bytes into memory of %zu that thread %u freed",
                   (unsigned long)address, (unsigned long)(address - chunk->address), chunk->size,
                   chunk->freed.thread);
}

static void add_access(struct mill_failure *failure, const struct mill_access *access, bool now)
{
    struct mill_failure_stack *stack = mill_failure_add(
        failure, access->thread, access->when, "%s%s of %u bytes at 0x%lx", access->atomic ? "atomic " : "",
        access->write ? "write" : "read", access->size, (unsigned long)access->address);
    if (now) {
        stack->frames = mill_thread_stack(access->thread, access->pc, stack->pcs, MILL_FAILURE_FRAMES);
    } else {
        stack->pcs[0] = (uintptr_t)access->pc;
        stack->frames = 1;
    }
}

static _Noreturn void fail_race(const struct mill_race *race)
{
    struct mill_failure failure = {.kind = MILL_FAILURE_RACE, .object = race->later.address};
    snprintf(failure.message, sizeof failure.message,
             "nothing orders the making or destroying of the object at 0x%lx with its use by another thread",
             (unsigned long)race->later.address);
    add_access(&failure, &race->later, true);
    add_access(&failure, &race->earlier, false);
    mill_fail(&failure);
}

void mill_touch(const volatile void *object, size_t size, bool made, const void *pc)
{
    uintptr_t address = (uintptr_t)object;
    struct mill_chunk chunk;
    if (address - mill_heap_base < mill_heap_size &&
        mill_heap_look(address, size, &chunk) == MILL_HEAP_FREED) {
        fail_freed(address, &chunk);
    }
    /* One byte stands for all of it. */
    const struct mill_access access = {.thread = mill_self(),
                                       .when = mill_step_number(),
                                       .pc = pc,
                                       .address = address,
                                       .size = 1,
                                       .write = made,
                                       .atomic = !made};
    struct mill_race race;
    if (!mill_hunt_races) {
        return;
    }
    if (made ? mill_race_write(&access, &race) : mill_race_read(&access, &race)) {
        fail_race(&race);
    }
}
