#include "hunt/runtime/crash.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hunt/runtime/real.h"
#include "hunt/runtime/scheduler_inside.h"

/* The handlers run on a stack of their own: the thread's may be what is full. */
static char stack[64 << 10];

static bool is_overflow(uintptr_t address)
{
    for (unsigned thread = 0; thread < mill_thread_count(); thread++) {
        uintptr_t floor = mill_thread_floor(thread);
        if (floor != 0 && address < floor && floor - address <= MILL_CONTEXT_GUARD) {
            return true;
        }
    }
    return false;
}

static void crashed(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (!mill_hunt_on) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    const void *address = number == SIGABRT || number == MILL_CRASH_TELL ? NULL : info->si_addr;
    if (number == MILL_CRASH_TELL) {
        mill_fail_here(MILL_FAILURE_HUNG, NULL,
                       "no step for a while: a thread computes, or waits in a call that is not controlled");
    }
    if (number == SIGSEGV && is_overflow((uintptr_t)address)) {
        mill_fail_here(MILL_FAILURE_STACK, address, "thread %u: its stack is full", mill_self());
    }
    mill_fail_here(number == SIGABRT ? MILL_FAILURE_ASSERTION : MILL_FAILURE_CRASH, address,
                   "thread %u: %s at address %p", mill_self(), strsignal(number), address);
}

void mill_crash_watch(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, MILL_CRASH_TELL};
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&own, NULL);
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction action = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
        mill_real()->sigaction(signals[i], &action, NULL);
    }
}
