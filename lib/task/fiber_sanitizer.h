/* Tells the sanitizers that control goes from one stack to another, which they cannot see for themselves.
 *
 *     mill_fiber_leave(&mine, &next, false);
 *     mill_stack_switch(…);
 *     mill_fiber_arrive(&mine, &next);                        here again, on the stack of `mine`
 *
 * In builds without a sanitizer all of it is nothing.
 */
#ifndef MILL_TASK_FIBER_SANITIZER_H
#define MILL_TASK_FIBER_SANITIZER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/sanitizer.h"

#if MILL_UNDER_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if MILL_UNDER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

/* Always inlined: ThreadSanitizer notes where functions begin and end, and one that begins in one flow and
 * ends in another would be missing from the notes of both. */
#define MILL_FIBER_INLINE static inline __attribute__((always_inline))

/* A flow of control, as the sanitizers know it. */
struct mill_fiber {
    void *fiber; /* ThreadSanitizer's */
    const void
        *stack; /* the lowest address, and the size; of a thread's own stack found out when it is left */
    size_t size;
    void *fake_stack; /* AddressSanitizer's */
};

MILL_FIBER_INLINE void mill_fiber_create(struct mill_fiber *fiber, const void *stack, size_t size)
{
    *fiber = (struct mill_fiber){.stack = stack, .size = size};
#if MILL_UNDER_TSAN
    fiber->fiber = __tsan_create_fiber(0);
#endif
}

MILL_FIBER_INLINE void mill_fiber_destroy(struct mill_fiber *fiber)
{
#if MILL_UNDER_TSAN
    __tsan_destroy_fiber(fiber->fiber);
#else
    (void)fiber;
#endif
}

/* The flow that runs now, of which nothing is known yet: a thread's own. */
MILL_FIBER_INLINE void mill_fiber_here(struct mill_fiber *fiber)
{
    *fiber = (struct mill_fiber){0};
#if MILL_UNDER_TSAN
    fiber->fiber = __tsan_get_current_fiber();
#endif
}

/* Just before a switch; `for_good`: `from` will not run again. */
MILL_FIBER_INLINE void mill_fiber_leave(struct mill_fiber *from, const struct mill_fiber *to, bool for_good)
{
    (void)from;
    (void)to;
    (void)for_good;
#if MILL_UNDER_ASAN
    __sanitizer_start_switch_fiber(for_good ? NULL : &from->fake_stack, to->stack, to->size);
#endif
#if MILL_UNDER_TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
}

/* Just after a switch, on the stack of `here`; `before` is the flow that came from, whose stack becomes
 * known. */
MILL_FIBER_INLINE void mill_fiber_arrive(struct mill_fiber *here, struct mill_fiber *before)
{
    (void)here;
    (void)before;
#if MILL_UNDER_ASAN
    __sanitizer_finish_switch_fiber(here->fake_stack, &before->stack, &before->size);
#endif
}

#endif
