/* Contexts: how one thread of a hunted program is left, and another entered. Two engines:
 *
 * - fibers: all on one kernel thread. A switch exchanges the registers that a call preserves, the stack, and
 * the base of the thread-local storage. That storage is real: each context but the first borrows it, with a
 *   stack, from a thread that the C library made and that sleeps for ever. (x86-64)
 * - threads: each context is a kernel thread, and all but one sleep. Slower by two system calls a switch.
 *
 * Context 0 is the thread that opens the engine, where it stands. None allocates memory by malloc.
 */
#ifndef MILL_HUNT_RUNTIME_CONTEXT_H
#define MILL_HUNT_RUNTIME_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mill_context_engine {
    const char *name;
    bool once; /* a process can run one schedule with it: contexts that have ended keep what they are made of
                */

    /* Why it does not work here, or NULL. */
    const char *(*missing)(void);

    /* Makes contexts 0 … count-1 ready to be started; those that there are stay. 0, or a negative errno.
     * Contexts survive a fork, in which the other kernel threads do not. */
    int (*prepare)(unsigned count);

    /* The next switch to the context calls entry(), which does not return. Whatever ran in it before is gone.
     */
    int (*start)(unsigned context, void (*entry)(void));

    /* Leaves the running context and goes on in another, until somebody switches back. */
    void (*change)(unsigned from, unsigned to);

    /* What pthread_self() returns in the context. */
    unsigned long (*handle)(unsigned context);

    /* Memory of the context's beside what it uses first of its stack, or NULL; MILL_CONTEXT_SPARE bytes,
     * aligned for anything: a page that is touched anyway. What was in it does not last beyond the context.
     */
    void *(*spare)(unsigned context);

    /* Where its stack ends below, to tell an overflow; 0 for one that is not ours. */
    uintptr_t (*stack_floor)(unsigned context);
};

extern const struct mill_context_engine mill_context_fibers;
extern const struct mill_context_engine mill_context_threads;

#define MILL_CONTEXT_SPARE ((size_t)5 << 10)

/* Below the floor; touched when a stack is full. */
#define MILL_CONTEXT_GUARD ((size_t)64 << 10)

#endif
