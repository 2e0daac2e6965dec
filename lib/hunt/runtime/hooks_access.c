/* What the compiler calls at each access to memory that is not atomic, and at the entry and exit of
 * functions: clang 14 to 19, and gcc. The names and meanings are of LLVM's ThreadSanitizer pass and its
 * run-time interface (tsan_interface.h).
 */
#include <string.h>

#include "hunt/heap.h"
#include "hunt/runtime/hooks.h"
#include "hunt/runtime/scheduler_inside.h"

#define PC     __builtin_return_address(0)
#define INLINE static inline __attribute__((always_inline)) /* as mill_hook_access is */

/* ---- accesses ---- */

/* Small ones are looked at for change: who reads the same value at the same place again and again is waiting.
 */
INLINE void look(const void *pc, const volatile void *address, size_t size)
{
    uint64_t value = 0;
    if (size <= sizeof value) {
        memcpy(&value, (const void *)address, size);
        mill_looked(pc, (uintptr_t)address, value);
    }
}

INLINE void read_from(const volatile void *address, size_t size, const void *pc)
{
    if (mill_hook_idle()) {
        return;
    }
    mill_hook_access(MILL_STEP_READ, address, size, pc);
    look(pc, address, size);
}

INLINE void write_to(const volatile void *address, size_t size, const void *pc)
{
    if (mill_hook_idle()) {
        return;
    }
    mill_hook_access(MILL_STEP_WRITE, address, size, pc);
    mill_progressed();
}

#define SIZED(size)                                       \
    void __tsan_read##size(void *address)                 \
    {                                                     \
        read_from(address, size, PC);                     \
    }                                                     \
    void __tsan_write##size(void *address)                \
    {                                                     \
        write_to(address, size, PC);                      \
    }                                                     \
    void __tsan_read##size##_pc(void *address, void *pc)  \
    {                                                     \
        read_from(address, size, pc);                     \
    }                                                     \
    void __tsan_write##size##_pc(void *address, void *pc) \
    {                                                     \
        write_to(address, size, pc);                      \
    }                                                     \
    void __tsan_read_write##size(void *address)           \
    {                                                     \
        read_from(address, size, PC);                     \
        write_to(address, size, PC);                      \
    }                                                     \
    void __tsan_volatile_read##size(void *address)        \
    {                                                     \
        read_from(address, size, PC);                     \
    }                                                     \
    void __tsan_volatile_write##size(void *address)       \
    {                                                     \
        write_to(address, size, PC);                      \
    }

#define UNALIGNED(size)                                       \
    void __tsan_unaligned_read##size(void *address)           \
    {                                                         \
        read_from(address, size, PC);                         \
    }                                                         \
    void __tsan_unaligned_write##size(void *address)          \
    {                                                         \
        write_to(address, size, PC);                          \
    }                                                         \
    void __tsan_unaligned_read_write##size(void *address)     \
    {                                                         \
        read_from(address, size, PC);                         \
        write_to(address, size, PC);                          \
    }                                                         \
    void __tsan_unaligned_volatile_read##size(void *address)  \
    {                                                         \
        read_from(address, size, PC);                         \
    }                                                         \
    void __tsan_unaligned_volatile_write##size(void *address) \
    {                                                         \
        write_to(address, size, PC);                          \
    }

SIZED(1)
SIZED(2)
SIZED(4)
SIZED(8)
SIZED(16)
UNALIGNED(2)
UNALIGNED(4)
UNALIGNED(8)
UNALIGNED(16)

void __tsan_read_range(void *address, size_t size)
{
    read_from(address, size, PC);
}

void __tsan_write_range(void *address, size_t size)
{
    write_to(address, size, PC);
}

void __tsan_vptr_read(void **address)
{
    read_from(address, sizeof *address, PC);
}

void __tsan_vptr_update(void **address, void *value)
{
    if (*address != value) { /* a base's constructor sets what is there already */
        write_to(address, sizeof *address, PC);
    }
}

/* ---- memory at large: clang 16 and later, and what is linked with --wrap ---- */

void *__tsan_memcpy(void *to, const void *from, size_t size)
{
    if (size > 0) {
        read_from(from, size, PC);
        write_to(to, size, PC);
    }
    return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size)
{
    if (size > 0) {
        read_from(from, size, PC);
        write_to(to, size, PC);
    }
    return memmove(to, from, size);
}

void *__tsan_memset(void *to, int value, size_t size)
{
    if (size > 0) {
        write_to(to, size, PC);
    }
    return memset(to, value, size);
}

/* Not before version 16 does clang say that these are accesses; what `threadmill cc` links calls these
 * instead. */

void *__wrap_memcpy(void *to, const void *from, size_t size) __attribute__((alias("__tsan_memcpy")));
void *__wrap_memmove(void *to, const void *from, size_t size) __attribute__((alias("__tsan_memmove")));
void *__wrap_memset(void *to, int value, size_t size) __attribute__((alias("__tsan_memset")));

/* ---- functions ---- */

void __tsan_func_entry(void *caller)
{
    if (mill_hunt_on) {
        struct mill_frames *frames = mill_frames_here;
        if (frames->depth < MILL_FRAMES) {
            frames->callers[frames->depth] = caller;
        }
        frames->depth++;
    }
}

void __tsan_func_exit(void)
{
    if (mill_hunt_on && mill_frames_here->depth > 0) {
        mill_frames_here->depth--;
    }
}

void __tsan_init(void)
{
}

void __tsan_ignore_thread_begin(void)
{
}

void __tsan_ignore_thread_end(void)
{
}
