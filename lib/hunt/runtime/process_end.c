/* Ends of the whole program, and calls that would make a second one. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "hunt/runtime/raw.h"
#include "hunt/runtime/real.h"
#include "hunt/runtime/scheduler_inside.h"

/* assert's. */
_Noreturn void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function)
{
    if (mill_hunt_on) {
        mill_stand_at(__builtin_return_address(0));
        mill_fail_here(MILL_FAILURE_ASSERTION, NULL, "%s: '%s' (%s:%u)", function ? function : "?", assertion,
                       file, line);
    }
    mill_real()->__assert_fail(assertion, file, line, function);
    __builtin_unreachable();
}

_Noreturn void abort(void)
{
    if (mill_hunt_on) {
        mill_stand_at(__builtin_return_address(0));
        mill_fail_here(MILL_FAILURE_ASSERTION, NULL, "thread %u called abort", mill_self());
    }
    mill_real()->abort();
    __builtin_unreachable();
}

/* What the program has registered for its end, destructors of its objects among it, is still part of the
 * schedule: it may wake threads, and wait for them. */
static int exit_code = -1; /* of exit, once it was called */

_Noreturn void exit(int code)
{
    exit_code = code & 0xff;
    mill_real()->exit(code);
    __builtin_unreachable();
}

/* The last of the program's destructors: the schedule is over, whatever other threads were about to do. What
 * would follow are the destructors of libraries, which are no part of it, and take a seventh of the time that
 * a short program's process does; they are left to the runs whose output is seen. */
__attribute__((destructor(101))) static void end_last(void)
{
    if (!mill_hunt_on) {
        return;
    }
    mill_scheduler_end();
    if (exit_code >= 0 && !mill_scheduler_shows_output()) {
        fflush(NULL); /* files that the program has written and not closed */
        mill_real()->_exit(exit_code);
    }
}

_Noreturn void _exit(int code)
{
    if (mill_hunt_on) {
        mill_scheduler_end();
    }
    mill_real()->_exit(code);
    __builtin_unreachable();
}

_Noreturn void _Exit(int code)
{
    _exit(code);
}

_Noreturn void quick_exit(int code)
{
    if (mill_hunt_on) {
        mill_scheduler_end();
    }
    mill_real()->quick_exit(code);
    __builtin_unreachable();
}

#define REFUSED(name)                              \
    mill_fail_here(MILL_FAILURE_UNSUPPORTED, NULL, \
                   "thread %u calls " name ": another process is beyond control", mill_self())

pid_t fork(void)
{
    if (mill_hunt_on) {
        mill_stand_at(__builtin_return_address(0));
        REFUSED("fork");
    }
    return mill_real()->fork();
}

pid_t vfork(void)
{
    if (mill_hunt_on) {
        mill_stand_at(__builtin_return_address(0));
        REFUSED("vfork");
    }
    return mill_real()->fork();
}

int system(const char *command)
{
    if (mill_hunt_on) {
        mill_stand_at(__builtin_return_address(0));
        REFUSED("system");
    }
    return mill_real()->system(command);
}
