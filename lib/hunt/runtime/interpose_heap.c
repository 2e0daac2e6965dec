/* malloc and its kin, and C++'s new and delete. What the program itself asks for while a schedule runs comes
 * from the hunt's heap; what libraries ask for, and everything at other times, from the C library. Where
 * memory goes back to is told by its address.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hunt/heap.h"
#include "hunt/runtime/check.h"
#include "hunt/runtime/interpose.h"
#include "hunt/runtime/real.h"

#define PC __builtin_return_address(0)

/* The C library's own, under names that nobody interposes; looking others up would allocate. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

/* The program's text, as the linker names it. */
extern char __executable_start;
extern char etext;

static bool is_program(const void *pc)
{
    return (const char *)pc >= &__executable_start && (const char *)pc < &etext;
}

static bool is_ours(const void *memory)
{
    return (uintptr_t)memory - mill_heap_base < mill_heap_size;
}

/* ---- coming ---- */

static void *allocate(size_t size, size_t alignment, const void *pc)
{
    if (!mill_hunt_on || !is_program(pc)) {
        return alignment > 0 ? __libc_memalign(alignment, size) : __libc_malloc(size);
    }
    const struct mill_heap_call call = {.thread = mill_self(), .when = mill_step_number(), .pc = pc};
    void *memory = mill_heap_allocate(size, alignment, &call);
    if (!memory) {
        errno = ENOMEM;
    } else if (mill_hunt_races) {
        mill_race_allocated((uintptr_t)memory, size);
    }
    return memory;
}

/* ---- going ---- */

static _Noreturn void fail_twice(const void *memory, const struct mill_chunk *chunk, const void *pc)
{
    struct mill_failure failure = {.kind = MILL_FAILURE_DOUBLE_FREE, .object = (uintptr_t)memory};
    snprintf(failure.message, sizeof failure.message, "thread %u frees %zu bytes that thread %u has freed",
             mill_self(), chunk->size, chunk->freed.thread);
    mill_check_place(&failure, mill_self(), mill_step_number(), pc, "frees it");
    mill_check_place(&failure, chunk->freed.thread, chunk->freed.when, chunk->freed.pc,
                     "has freed it before");
    mill_check_place(&failure, chunk->allocated.thread, chunk->allocated.when, chunk->allocated.pc,
                     "allocated it");
    mill_fail(&failure);
}

static void release(void *memory, const void *pc)
{
    if (!is_ours(memory)) {
        __libc_free(memory);
        return;
    }
    struct mill_chunk chunk;
    const struct mill_heap_call call = {
        .thread = mill_hunt_on ? mill_self() : 0, .when = mill_hunt_on ? mill_step_number() : 0, .pc = pc};
    if (mill_hunt_on) {
        const struct mill_step step = mill_thing(MILL_STEP_FREE, memory, pc);
        mill_point(&step);
    }
    enum mill_heap_freed freed = mill_heap_release(memory, &call, &chunk);
    if (!mill_hunt_on) {
        return;
    }
    if (freed == MILL_HEAP_FREED_TWICE) {
        fail_twice(memory, &chunk, pc);
    }
    if (freed == MILL_HEAP_FREED_NOTHING) {
        mill_stand_at(pc);
        mill_fail_here(MILL_FAILURE_BAD_FREE, memory, "thread %u frees what no allocation has given",
                       mill_self());
    }
    const struct mill_access access = {
        .thread = mill_self(),
        .when = mill_step_number(),
        .pc = pc,
        .address = (uintptr_t)memory,
        .write = true,
        .released = true,
    };
    mill_check_free(&access, chunk.size);
}

/* ---- C ---- */

void *malloc(size_t size)
{
    return allocate(size, 0, PC);
}

void free(void *memory)
{
    if (memory) {
        release(memory, PC);
    }
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (!mill_hunt_on || !is_program(PC)) {
        return __libc_calloc(count, size);
    }
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return allocate(bytes, 0, PC); /* all zeros */
}

void *realloc(void *memory, size_t size)
{
    struct mill_chunk chunk;
    if (!memory) {
        return allocate(size, 0, PC);
    }
    if (!is_ours(memory)) {
        return __libc_realloc(memory, size);
    }
    void *moved = mill_hunt_on ? allocate(size, 0, PC) : __libc_malloc(size);
    if (moved && mill_heap_look((uintptr_t)memory, 1, &chunk) == MILL_HEAP_LIVE) {
        memcpy(moved, memory, chunk.size < size ? chunk.size : size);
    }
    if (moved) {
        release(memory, PC);
    }
    return moved;
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    void *made = allocate(size, alignment, PC);
    if (!made) {
        return ENOMEM;
    }
    *memory = made;
    return 0;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return allocate(size, alignment, PC);
}

void *memalign(size_t alignment, size_t size)
{
    return allocate(size, alignment, PC);
}

size_t malloc_usable_size(void *memory)
{
    struct mill_chunk chunk;
    if (is_ours(memory) && mill_heap_look((uintptr_t)memory, 1, &chunk) == MILL_HEAP_LIVE) {
        return chunk.size;
    }
    return memory && mill_real()->malloc_usable_size ? mill_real()->malloc_usable_size(memory) : 0;
}

char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = allocate(size, 0, PC);
    return copy ? memcpy(copy, text, size) : NULL;
}

/* ---- C++, under the names of its ABI ---- */

static void *allocate_or_abort(size_t size, size_t alignment, const void *pc)
{
    void *memory = allocate(size > 0 ? size : 1, alignment, pc);
    if (!memory) {
        abort(); /* no exceptions here; nobody hunts for these */
    }
    return memory;
}

#define NEW(name, parameters, size, alignment)         \
    void *name parameters;                             \
    void *name parameters                              \
    {                                                  \
        return allocate_or_abort(size, alignment, PC); \
    }
#define DELETE(name, parameters) \
    void name parameters;        \
    void name parameters         \
    {                            \
        if (memory) {            \
            release(memory, PC); \
        }                        \
    }

NEW(_Znwm, (size_t size), size, 0)
NEW(_Znam, (size_t size), size, 0)
NEW(_ZnwmSt11align_val_t, (size_t size, size_t alignment), size, alignment)
NEW(_ZnamSt11align_val_t, (size_t size, size_t alignment), size, alignment)
DELETE(_ZdlPv, (void *memory))
DELETE(_ZdaPv, (void *memory))
DELETE(_ZdlPvm, (void *memory, size_t unused __attribute__((unused))))
DELETE(_ZdaPvm, (void *memory, size_t unused __attribute__((unused))))
DELETE(_ZdlPvSt11align_val_t, (void *memory, size_t unused __attribute__((unused))))
DELETE(_ZdaPvSt11align_val_t, (void *memory, size_t unused __attribute__((unused))))
DELETE(_ZdlPvmSt11align_val_t,
       (void *memory, size_t unused __attribute__((unused)), size_t other __attribute__((unused))))
