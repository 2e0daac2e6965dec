#include "hunt/runtime/hooks.h"

#include "hunt/runtime/check.h"

void mill_hook_access(enum mill_step_kind kind, const volatile void *address, size_t size, const void *pc)
{
    const struct mill_step step = {
        .kind = (uint8_t)kind, .size = (uint32_t)size, .object = (uintptr_t)address, .pc = pc};
    mill_point(&step);
    const struct mill_access access = {
        .thread = mill_self(),
        .when = mill_step_number(),
        .pc = pc,
        .address = (uintptr_t)address,
        .size = (unsigned)size,
        .write = kind != MILL_STEP_READ && kind != MILL_STEP_ATOMIC_READ,
        .atomic = kind >= MILL_STEP_ATOMIC_READ && kind <= MILL_STEP_ATOMIC_UPDATE,
    };
    mill_check_access(&access);
}
