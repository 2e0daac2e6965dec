#include "hunt/failure.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[MILL_FAILURE_KINDS] = {
    [MILL_FAILURE_NONE] = "nothing",
    [MILL_FAILURE_CHECK] = "failed check",
    [MILL_FAILURE_ASSERTION] = "failed assertion",
    [MILL_FAILURE_CRASH] = "crash",
    [MILL_FAILURE_EXIT] = "wrong exit code",
    [MILL_FAILURE_DEADLOCK] = "deadlock",
    [MILL_FAILURE_LOST_WAKEUP] = "lost wake-up",
    [MILL_FAILURE_LIVELOCK] = "live-lock",
    [MILL_FAILURE_RACE] = "data race",
    [MILL_FAILURE_LOCK_ORDER] = "lock order",
    [MILL_FAILURE_USE_AFTER_FREE] = "use after free",
    [MILL_FAILURE_DOUBLE_FREE] = "double free",
    [MILL_FAILURE_BAD_FREE] = "bad free",
    [MILL_FAILURE_OUT_OF_BOUNDS] = "out of bounds",
    [MILL_FAILURE_LEAK] = "leak",
    [MILL_FAILURE_HISTORY] = "not linearizable",
    [MILL_FAILURE_PROGRESS] = "no progress",
    [MILL_FAILURE_MISUSE] = "misuse",
    [MILL_FAILURE_STACK] = "stack overflow",
    [MILL_FAILURE_HUNG] = "hung",
    [MILL_FAILURE_UNSUPPORTED] = "unsupported",
    [MILL_FAILURE_SANITIZER] = "sanitizer",
};

const char *mill_failure_name(enum mill_failure_kind kind)
{
    return (unsigned)kind < MILL_FAILURE_KINDS ? names[kind] : "unknown";
}

struct mill_failure_stack *mill_failure_add(struct mill_failure *failure, unsigned thread, uint32_t step,
                                            const char *format, ...)
{
    if (failure->stacks >= MILL_FAILURE_STACKS) {
        return NULL;
    }
    struct mill_failure_stack *stack = &failure->stack[failure->stacks++];
    *stack = (struct mill_failure_stack){.thread = thread, .step = step};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(stack->label, sizeof stack->label, format, arguments);
    va_end(arguments);
    return stack;
}
