/* Functions that stand before a sanitizer's of the same name, which the program calls through --wrap.
 *
 *     MILL_WRAP(void, __tsan_read4, (void *address))
 *     {
 *         … the point …
 *         JUMP __real___tsan_read4(address);
 *     }
 *
 * A jump leaves nothing of the wrapper on the stack: who called it is the sanitizer's caller. Where there is
 * no such function, as of operators in C, nobody comes here.
 */
#ifndef MILL_HUNT_RUNTIME_SANITIZED_WRAP_H
#define MILL_HUNT_RUNTIME_SANITIZED_WRAP_H

#include "hunt/runtime/hooks.h"

#define PC   __builtin_return_address(0)
#define JUMP __attribute__((musttail)) return

#define MILL_WRAP(type, name, parameters)                \
    type __real_##name parameters __attribute__((weak)); \
    type __wrap_##name parameters;                       \
    type __wrap_##name parameters

/* The point of an access; what is to be said against it the sanitizer says. */
static inline void mill_wrap_point(enum mill_step_kind kind, const volatile void *address, size_t size,
                                   const void *pc)
{
    const struct mill_step step = {
        .kind = (uint8_t)kind, .size = (uint32_t)size, .object = (uintptr_t)address, .pc = pc};
    mill_point(&step);
}

#endif
