/* What all hooks begin with. */
#ifndef MILL_HUNT_RUNTIME_HOOKS_H
#define MILL_HUNT_RUNTIME_HOOKS_H

#include "hunt/runtime/check.h"
#include "hunt/runtime/schedule.h"

/* Nothing to do: no schedule runs, or there has been one thread only, whose past is before all that the
 * others will do. */
static inline bool mill_hook_idle(void)
{
    return __builtin_expect(!mill_hunt_together, false);
}

/* The point of an access, and then what is to be said against it. Inline, as all that a hook does but for the
 * choice of who goes on: the processor foresees returns by the calls before them, and these were another
 * thread's. */
static inline __attribute__((always_inline)) void
mill_hook_access(enum mill_step_kind kind, const volatile void *address, size_t size, const void *pc)
{
    struct mill_step *step = &mill_schedule.pending[mill_schedule.current];
    step->kind = (uint8_t)kind;
    step->flags = mill_schedule.threads[mill_schedule.current].yielded ? MILL_STEP_YIELDS : 0;
    step->size = (uint32_t)size;
    step->object = (uintptr_t)address;
    step->second = 0;
    step->pc = pc;
    mill_schedule_go_on();
    mill_check_step(step);
}

#endif
