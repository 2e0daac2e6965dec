#include "hunt/runtime/hooks.h"

#include <stdio.h>

#include "hunt/heap.h"
#include "hunt/race.h"

static void tell_freed(const struct mill_access *access, const struct mill_chunk *chunk)
{
    struct mill_failure failure = {.kind = MILL_FAILURE_USE_AFTER_FREE, .object = access->address};
    snprintf(failure.message, sizeof failure.message,
             "thread %u %s %u bytes at offset %td of %zu bytes that thread %u has freed", access->thread,
             access->write ? "writes" : "reads", access->size, (ptrdiff_t)(access->address - chunk->address),
             chunk->size, chunk->freed_by);
    mill_tell_place(&failure, access->thread, access->when, access->pc, access->write ? "writes" : "reads");
    mill_tell_place(&failure, chunk->freed_by, chunk->freed_at, chunk->freed_pc, "freed it");
    mill_tell_place(&failure, chunk->allocated_by, chunk->allocated_at, chunk->allocated_pc, "allocated it");
    mill_fail(&failure);
}

static void tell_outside(const struct mill_access *access, const struct mill_chunk *chunk)
{
    mill_fail_here(MILL_FAILURE_OUT_OF_BOUNDS, (const void *)access->address,
                   "thread %u %s %u bytes, %td bytes from the start of memory of %zu bytes", access->thread,
                   access->write ? "writes" : "reads", access->size,
                   (ptrdiff_t)(access->address - chunk->address), chunk->size);
}

static void check_heap(const struct mill_access *access)
{
    struct mill_chunk chunk = {.address = 0};
    switch (mill_heap_look(access->address, access->size, &chunk)) {
    case MILL_HEAP_FREED:
        tell_freed(access, &chunk);
        break;
    case MILL_HEAP_OUTSIDE:
        tell_outside(access, &chunk);
        break;
    default:
        break;
    }
}

void mill_tell_race(const struct mill_race *race)
{
    const struct mill_access *earlier = &race->earlier;
    const struct mill_access *later = &race->later;
    struct mill_failure failure = {.kind = MILL_FAILURE_RACE, .object = later->address};
    snprintf(failure.message, sizeof failure.message,
             "thread %u %s %u bytes that thread %u has %s, and nothing orders the two", later->thread,
             later->released ? "frees"
             : later->write  ? "writes"
                             : "reads",
             later->size, earlier->thread,
             earlier->released ? "freed"
             : earlier->write  ? "written"
                               : "read");
    mill_tell_place(&failure, later->thread, later->when, later->pc,
                    later->released ? "frees it"
                    : later->write  ? "writes"
                                    : "reads");
    mill_tell_place(&failure, earlier->thread, earlier->when, earlier->pc,
                    earlier->released ? "freed it before"
                    : earlier->write  ? "wrote before"
                                      : "read before");
    mill_fail(&failure);
}

void mill_hook_access(enum mill_step_kind kind, const volatile void *address, size_t size, const void *pc)
{
    const struct mill_step step = {
        .kind = (uint8_t)kind, .size = (uint32_t)size, .object = (uintptr_t)address, .pc = pc};
    mill_point(&step);
    bool write = kind != MILL_STEP_READ && kind != MILL_STEP_ATOMIC_READ;
    const struct mill_access access = {
        .thread = mill_self(),
        .when = mill_step_number(),
        .pc = pc,
        .address = (uintptr_t)address,
        .size = (unsigned)size,
        .write = write,
        .atomic = kind >= MILL_STEP_ATOMIC_READ && kind <= MILL_STEP_ATOMIC_UPDATE,
    };
    if (access.address - mill_heap_base < mill_heap_size) {
        check_heap(&access);
    }
    struct mill_race race;
    if (mill_hunt_races && (write ? mill_race_write(&access, &race) : mill_race_read(&access, &race))) {
        mill_tell_race(&race);
    }
}
