#include "hunt/runtime/check.h"
#include "hunt/runtime/interpose.h"

/* One byte stands for all of the object. */
void mill_touch(const volatile void *object, size_t size, bool made, const void *pc)
{
    (void)size;
    const struct mill_access access = {
        .thread = mill_self(),
        .when = mill_step_number(),
        .pc = pc,
        .address = (uintptr_t)object,
        .size = 1,
        .write = made,
        .atomic = !made,
    };
    mill_check_access(&access);
}
