/* A program that nobody hunts is its sanitizer's alone: calls go to the sanitizer's functions of their names,
 * and not past them to the C library.
 */
#include <stdlib.h>

#include "hunt/job.h"
#include "hunt/runtime/real.h"

/* As the sanitizer calls those that it has. */
#define X(name) extern __typeof__(name) __interceptor_##name __attribute__((weak));
MILL_REAL_FUNCTIONS(X)
#undef X

/* Before the program's own constructors. */
__attribute__((constructor(101))) static void go_beside(void)
{
    mill_real();
    if (getenv(MILL_JOB_ENVIRONMENT)) {
        return;
    }
#define X(name)                                           \
    if (__interceptor_##name) {                           \
        mill_real_functions.name = &__interceptor_##name; \
    }
    MILL_REAL_FUNCTIONS(X)
#undef X
}
