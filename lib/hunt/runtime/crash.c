#include "hunt/runtime/crash.h"

#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "hunt/runtime/check.h"
#include "hunt/runtime/endless.h"
#include "hunt/runtime/real.h"
#include "hunt/runtime/schedule.h"

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

/* ---- no step any more ---- */

/* The program's text, as the linker names it. */
extern char __executable_start;
extern char etext;

/* Where the signal came; NULL: not known, or it came to another kernel thread than the one that runs. */
static const char *place_of(const void *context)
{
    const ucontext_t *registers = context;
    if (mill_real()->pthread_self() != (pthread_t)mill_thread_handle(mill_self())) {
        return NULL;
    }
#if defined(__x86_64__)
    return (const char *)registers->uc_mcontext.gregs[REG_RIP]; /* NOLINT(performance-no-int-to-ptr) */
#elif defined(__aarch64__)
    return (const char *)registers->uc_mcontext.pc; /* NOLINT(performance-no-int-to-ptr) */
#else
    (void)registers;
    return NULL;
#endif
}

/* With the place where it goes round, and the step before it: of a variable that is read once, that read. */
static _Noreturn void tell_round(const char *place, const char *what)
{
    struct mill_failure failure = {.kind = MILL_FAILURE_HUNG};
    const struct mill_step *last = &mill_schedule.pending[mill_self()];
    char label[80];
    snprintf(failure.message, sizeof failure.message, "thread %u %s", mill_self(), what);
    /* Places of calls end where the call does; this is the place itself. */
    mill_check_place(&failure, mill_self(), mill_step_number(), place + 1, "goes round, and takes no step");
    if (mill_thread_count() > 1) {
        snprintf(label, sizeof label, "has taken its last step before: %s", mill_step_name(last->kind));
        mill_check_place(&failure, mill_self(), mill_step_number(), last->pc, label);
    }
    mill_fail(&failure);
}

/* In the C library: the call, if it has a name. */
static _Noreturn void tell_call(const char *place)
{
    Dl_info about;
    ElfW(Sym) *symbol = NULL;
    bool named = dladdr1(place, &about, (void **)&symbol, RTLD_DL_SYMENT) != 0 && about.dli_sname && symbol &&
                 (uintptr_t)place - (uintptr_t)about.dli_saddr < symbol->st_size;
    mill_fail_here(
        MILL_FAILURE_HUNG, NULL,
        "no step for a while: thread %u is in %s%s, which is not controlled: it computes there, or "
        "waits for what no other thread can do meanwhile",
        mill_self(), named ? about.dli_sname : "a library", named ? "()" : "");
}

/* Returns where a signal that asks only for endless loops has found none. */
static void tell_hung(const siginfo_t *info, const void *context)
{
    bool asks = info->si_code == SI_QUEUE && info->si_value.sival_int == MILL_CRASH_IF_ENDLESS;
    const char *place = place_of(context);
    bool in_program = place >= &__executable_start && place < &etext;
    if (place && mill_is_endless(place)) {
        tell_round(place,
                   mill_thread_count() > 1
                       ? "goes round in a loop without an end, in which it looks at nothing. What it waits "
                         "for it has looked at once, before: so a compiler may do with a variable that is "
                         "neither atomic nor under a lock"
                       : "goes round in a loop without an end, in which it looks at nothing");
    }
    if (asks) {
        return;
    }
    if (in_program) {
        tell_round(place,
                   "takes no step for a while: it computes, or goes round in a loop that looks at nothing "
                   "which others change. A compiler may look once, before the loop, at a variable that "
                   "is neither atomic nor under a lock");
    }
    if (place) {
        tell_call(place);
    }
    mill_fail_here(MILL_FAILURE_HUNG, NULL,
                   "no step for a while: a thread computes, or waits in a call that is not controlled");
}

/* ---- crashes ---- */

static void crashed(int number, siginfo_t *info, void *context)
{
    if (!mill_hunt_on) {
        if (number == MILL_CRASH_TELL && info->si_code == SI_QUEUE) {
            return; /* at the end of the process, which may take its time */
        }
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    if (number == MILL_CRASH_TELL) {
        tell_hung(info, context);
        return;
    }
    const void *address = number == SIGABRT ? NULL : info->si_addr;
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
        if (signals[i] == MILL_CRASH_TELL) {
            action.sa_flags |= SA_RESTART; /* it may only ask: a call goes on as if it had not */
        }
        mill_real()->sigaction(signals[i], &action, NULL);
    }
}
