/* What was wrong in a schedule, as it leaves the process: plain data in memory that outlives it. Addresses
 * are the program's; whoever prints them looks them up in its debugging information.
 */
#ifndef MILL_HUNT_FAILURE_H
#define MILL_HUNT_FAILURE_H

#include <stddef.h>
#include <stdint.h>

enum mill_failure_kind {
    MILL_FAILURE_NONE,
    MILL_FAILURE_CHECK,       /* the scenario's own check */
    MILL_FAILURE_ASSERTION,   /* assert, abort, an exception that nobody catches */
    MILL_FAILURE_CRASH,       /* a signal */
    MILL_FAILURE_EXIT,        /* another exit code than expected */
    MILL_FAILURE_DEADLOCK,    /* threads wait for each other */
    MILL_FAILURE_LOST_WAKEUP, /* a thread waits for a word that nobody is left to give */
    MILL_FAILURE_LIVELOCK,    /* steps without end, and none of them changes anything */
    MILL_FAILURE_RACE,
    MILL_FAILURE_LOCK_ORDER, /* two locks, taken in both orders: no deadlock yet */
    MILL_FAILURE_USE_AFTER_FREE,
    MILL_FAILURE_DOUBLE_FREE,
    MILL_FAILURE_BAD_FREE,
    MILL_FAILURE_OUT_OF_BOUNDS, /* of a chunk of the heap */
    MILL_FAILURE_LEAK,
    MILL_FAILURE_HISTORY,     /* not linearizable */
    MILL_FAILURE_PROGRESS,    /* others wait for a thread that is suspended, against what is claimed */
    MILL_FAILURE_MISUSE,      /* a call that the standard forbids: unlock by a stranger, destroy while held */
    MILL_FAILURE_STACK,       /* a thread's stack is full */
    MILL_FAILURE_HUNG,        /* no point for seconds: it computes, or waits in a call that is not ours */
    MILL_FAILURE_UNSUPPORTED, /* a call that cannot be controlled */
    MILL_FAILURE_SANITIZER,   /* what a sanitizer reports and no other kind is */
    MILL_FAILURE_KINDS,
};

#define MILL_FAILURE_FRAMES 24
#define MILL_FAILURE_STACKS 16
#define MILL_FAILURE_TEXT   400

/* A thread, or a place of one. */
struct mill_failure_stack {
    uint32_t thread;
    uint32_t step;   /* the number of its step in the schedule; UINT32_MAX: none in particular */
    char label[120]; /* what it does there: "waits for mutex 0x… that thread 1 holds" */
    uint32_t frames;
    uintptr_t pcs[MILL_FAILURE_FRAMES]; /* innermost first */
};

struct mill_failure {
    uint32_t kind; /* of enum mill_failure_kind */
    uint32_t stacks;
    uint64_t object;                 /* what it is about: an address, a signal, an exit code */
    char message[MILL_FAILURE_TEXT]; /* one sentence, without names of source files */
    struct mill_failure_stack stack[MILL_FAILURE_STACKS];
};

/* "deadlock", "data race", …: constant. */
const char *mill_failure_name(enum mill_failure_kind kind);

/* Appends a stack; beyond the last there is room for, nothing. Returns it, or NULL. */
struct mill_failure_stack *mill_failure_add(struct mill_failure *failure, unsigned thread, uint32_t step,
                                            const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
