/* The C library's own functions whose names the runtime takes. */
#ifndef MILL_HUNT_RUNTIME_REAL_H
#define MILL_HUNT_RUNTIME_REAL_H

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* assert.h declares it only where assertions are on. */
extern void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function)
    __attribute__((noreturn));

#define MILL_REAL_FUNCTIONS(X) \
    X(pthread_create)          \
    X(pthread_detach)          \
    X(__assert_fail)           \
    X(abort)                   \
    X(exit)                    \
    X(_exit)                   \
    X(quick_exit)              \
    X(fork)                    \
    X(system)

struct mill_real {
#define X(name) __typeof__(name) *name;
    MILL_REAL_FUNCTIONS(X)
#undef X
};

extern struct mill_real mill_real_functions;
void mill_real_open(void);

static inline const struct mill_real *mill_real(void)
{
    if (mill_real_functions.pthread_create == NULL) {
        mill_real_open();
    }
    return &mill_real_functions;
}

#endif
