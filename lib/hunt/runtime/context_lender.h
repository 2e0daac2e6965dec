/* Threads that lend what only the C library can make: a stack with thread-local storage on top. */
#ifndef MILL_HUNT_RUNTIME_CONTEXT_LENDER_H
#define MILL_HUNT_RUNTIME_CONTEXT_LENDER_H

#include <stdint.h>

struct mill_lent {
    uintptr_t floor; /* of the stack */
    uintptr_t top; /* free below it, and MILL_CONTEXT_SPARE bytes above; then come the lender's own frames */
    uintptr_t thread;     /* the base of its thread-local storage */
    unsigned long handle; /* its pthread_t */
};

/* Makes a thread that fills in `lent` and then sleeps for ever. 0 or a negative errno. */
int mill_lend(struct mill_lent *lent);

/* Gives the program's own thread-local variables, in the storage of `thread`, their first values again. */
void mill_lend_anew(uintptr_t thread);

#endif
