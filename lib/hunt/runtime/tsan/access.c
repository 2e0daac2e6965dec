/* What the compiler calls at accesses, before ThreadSanitizer has it: linked with --wrap for each name. A
 * wrapper makes the point and then jumps to the sanitizer's own hook, so that its caller, as the sanitizer
 * sees it, is the program.
 */
#include <string.h>

#include "hunt/runtime/sanitized/wrap.h"

static void look(const void *pc, const volatile void *address, size_t size)
{
    uint64_t value = 0;
    if (size <= sizeof value) {
        memcpy(&value, (const void *)address, size);
        mill_looked(pc, (uintptr_t)address, value);
    }
}

static void read_from(const volatile void *address, size_t size, const void *pc)
{
    if (!mill_hook_idle()) {
        mill_wrap_point(MILL_STEP_READ, address, size, pc);
        look(pc, address, size);
    }
}

static void write_to(const volatile void *address, size_t size, const void *pc)
{
    if (!mill_hook_idle()) {
        mill_wrap_point(MILL_STEP_WRITE, address, size, pc);
        mill_progressed();
    }
}

#define READ(name, size)                            \
    MILL_WRAP(void, __tsan_##name, (void *address)) \
    {                                               \
        read_from(address, size, PC);               \
        JUMP __real___tsan_##name(address);         \
    }
#define WRITE(name, size)                           \
    MILL_WRAP(void, __tsan_##name, (void *address)) \
    {                                               \
        write_to(address, size, PC);                \
        JUMP __real___tsan_##name(address);         \
    }

READ(read1, 1)
READ(read2, 2)
READ(read4, 4)
READ(read8, 8)
READ(read16, 16)
READ(unaligned_read2, 2)
READ(unaligned_read4, 4)
READ(unaligned_read8, 8)
READ(unaligned_read16, 16)
WRITE(write1, 1)
WRITE(write2, 2)
WRITE(write4, 4)
WRITE(write8, 8)
WRITE(write16, 16)
WRITE(unaligned_write2, 2)
WRITE(unaligned_write4, 4)
WRITE(unaligned_write8, 8)
WRITE(unaligned_write16, 16)

MILL_WRAP(void, __tsan_read_range, (void *address, size_t size))
{
    read_from(address, size, PC);
    JUMP __real___tsan_read_range(address, size);
}

MILL_WRAP(void, __tsan_write_range, (void *address, size_t size))
{
    write_to(address, size, PC);
    JUMP __real___tsan_write_range(address, size);
}

MILL_WRAP(void, __tsan_vptr_read, (void **address))
{
    read_from(address, sizeof *address, PC);
    JUMP __real___tsan_vptr_read(address);
}

MILL_WRAP(void, __tsan_vptr_update, (void **address, void *value))
{
    if (*address != value) {
        write_to(address, sizeof *address, PC);
    }
    JUMP __real___tsan_vptr_update(address, value);
}

/* ---- memory at large: before version 16 the C library's names, which the sanitizer has taken ---- */

#define COPY(name)                                                     \
    MILL_WRAP(void *, name, (void *to, const void *from, size_t size)) \
    {                                                                  \
        if (size > 0) {                                                \
            read_from(from, size, PC);                                 \
            write_to(to, size, PC);                                    \
        }                                                              \
        JUMP __real_##name(to, from, size);                            \
    }
#define FILL(name)                                              \
    MILL_WRAP(void *, name, (void *to, int value, size_t size)) \
    {                                                           \
        if (size > 0) {                                         \
            write_to(to, size, PC);                             \
        }                                                       \
        JUMP __real_##name(to, value, size);                    \
    }

COPY(memcpy)
COPY(memmove)
FILL(memset)
COPY(__tsan_memcpy)
COPY(__tsan_memmove)
FILL(__tsan_memset)

/* ---- functions ---- */

MILL_WRAP(void, __tsan_func_entry, (void *caller))
{
    if (mill_hunt_on) {
        struct mill_frames *frames = mill_frames_here;
        if (frames->depth < MILL_FRAMES) {
            frames->callers[frames->depth] = caller;
        }
        frames->depth++;
    }
    JUMP __real___tsan_func_entry(caller);
}

MILL_WRAP(void, __tsan_func_exit, (void))
{
    if (mill_hunt_on && mill_frames_here->depth > 0) {
        mill_frames_here->depth--;
    }
    JUMP __real___tsan_func_exit();
}
