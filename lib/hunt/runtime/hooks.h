/* What all hooks begin with. */
#ifndef MILL_HUNT_RUNTIME_HOOKS_H
#define MILL_HUNT_RUNTIME_HOOKS_H

#include "hunt/runtime/scheduler_inside.h"

/* Nothing to do: no schedule runs, or there has been one thread only, whose past is before all that the
 * others will do. */
static inline bool mill_hook_idle(void)
{
    return !mill_hunt_on || mill_hunt_alone;
}

/* The point of an access, and then what is to be said against it. */
void mill_hook_access(enum mill_step_kind kind, const volatile void *address, size_t size, const void *pc);

#endif
