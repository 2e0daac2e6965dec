/* From one stack to another: the few instructions under coroutine.c.
 *
 * On x86-64 and arm64 a switch saves what a function must preserve (System V ABI; AAPCS64) and nothing else:
 * no system call, which is what makes it cheap. Elsewhere it is ucontext (POSIX.1-2001), whose switch also
 * saves the signal mask.
 */
#ifndef MILL_TASK_STACK_SWITCH_H
#define MILL_TASK_STACK_SWITCH_H

#include <stddef.h>

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#endif

struct mill_stack_context {
#if defined(__x86_64__) || defined(__aarch64__)
    void *stack_pointer; /* below it, what was saved */
#else
    ucontext_t context;
#endif
};

/* Prepares `context` so that the first switch to it calls entry(), which never returns, on the stack of
 * `size` bytes that begins at `stack` (both multiples of 16). */
void mill_stack_prepare(struct mill_stack_context *context, void *stack, size_t size, void (*entry)(void));

/* Leaves off here, to be continued by a switch back to `from`, and goes on at `to`. */
void mill_stack_switch(struct mill_stack_context *from, struct mill_stack_context *to);

#endif
