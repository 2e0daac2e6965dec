#include "hunt/runtime/context.h"

#include <errno.h>

#include "hunt/step.h"

#if defined(__x86_64__)

#include <asm/prctl.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

#include "hunt/runtime/context_lender.h"
#include "hunt/runtime/raw.h"

/* In AT_HWCAP2: the processor's instruction for the base of FS is allowed. */
#define HWCAP2_FSGSBASE 2

struct fiber {
    uintptr_t stack;  /* where it was left: on top, what `change` pushed */
    uintptr_t thread; /* the base of its thread-local storage */
    struct mill_lent lent;
};

static struct fiber fibers[MILL_HUNT_THREADS];
static unsigned prepared;
static bool instruction;

/* Leaves one stack for another. What a call preserves is on the stack that is left; the rest the compiler has
 * saved already, since this is a call. Nothing here touches thread-local storage. */
void mill_context_exchange(uintptr_t *from, uintptr_t to);
__asm__(".text\n\t"
        ".type mill_context_exchange, @function\n"
        "mill_context_exchange:\n\t"
        "pushq %rbp\n\t"
        "pushq %rbx\n\t"
        "pushq %r12\n\t"
        "pushq %r13\n\t"
        "pushq %r14\n\t"
        "pushq %r15\n\t"
        "movq %rsp, (%rdi)\n\t"
        "movq %rsi, %rsp\n\t"
        "popq %r15\n\t"
        "popq %r14\n\t"
        "popq %r13\n\t"
        "popq %r12\n\t"
        "popq %rbx\n\t"
        "popq %rbp\n\t"
        "retq\n\t"
        ".size mill_context_exchange, .-mill_context_exchange\n");

static const char *missing(void)
{
    return NULL;
}

static int prepare(unsigned count)
{
    if (prepared == 0) {
        instruction = getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE;
        fibers[0].thread = (uintptr_t)__builtin_thread_pointer();
        prepared = 1;
    }
    for (; prepared < count; prepared++) {
        struct fiber *fiber = &fibers[prepared];
        int status = mill_lend(&fiber->lent);
        if (status < 0) {
            return status;
        }
        fiber->thread = fiber->lent.thread;
    }
    return 0;
}

static int start(unsigned context, void (*entry)(void))
{
    int status = prepare(context + 1);
    if (status < 0) {
        return status;
    }
    struct fiber *fiber = &fibers[context];
    mill_lend_anew(fiber->thread);
    /* What `exchange` pops: six registers, then where it returns to; a function expects its stack to be off
     * by one return address from a multiple of 16. */
    uintptr_t *top = (uintptr_t *)(fiber->lent.top - 8);
    top[0] = 0; /* nobody called it */
    *--top = (uintptr_t)entry;
    for (int i = 0; i < 6; i++) {
        *--top = 0;
    }
    fiber->stack = (uintptr_t)top;
    return 0;
}

static void change(unsigned from, unsigned to)
{
    if (instruction) {
        __asm__ volatile("wrfsbase %0" : : "r"(fibers[to].thread) : "memory");
    } else {
        mill_raw_syscall(SYS_arch_prctl, ARCH_SET_FS, (long)fibers[to].thread, 0, 0, 0, 0);
    }
    mill_context_exchange(&fibers[from].stack, fibers[to].stack);
}

static unsigned long handle(unsigned context)
{
    return (unsigned long)fibers[context].thread;
}

static void *spare(unsigned context)
{
    return (void *)fibers[context].lent.top; /* NULL: the first one's is its own */
}

static uintptr_t stack_floor(unsigned context)
{
    return fibers[context].lent.floor;
}

#else

static const char *missing(void)
{
    return "this processor's contexts are not known";
}

static int prepare(unsigned count)
{
    (void)count;
    return -ENOSYS;
}

static int start(unsigned context, void (*entry)(void))
{
    (void)context;
    (void)entry;
    return -ENOSYS;
}

static void change(unsigned from, unsigned to)
{
    (void)from;
    (void)to;
}

static unsigned long handle(unsigned context)
{
    return context;
}

static void *spare(unsigned context)
{
    (void)context;
    return NULL;
}

static uintptr_t stack_floor(unsigned context)
{
    (void)context;
    return 0;
}

#endif

const struct mill_context_engine mill_context_fibers = {
    .name = "fibers",
    .missing = missing,
    .prepare = prepare,
    .start = start,
    .change = change,
    .handle = handle,
    .spare = spare,
    .stack_floor = stack_floor,
};
