/* The stacks of every thread of another process, for the report on one that hangs (elfutils' libdwfl).
 *
 * The process is stopped while it is looked at. Needs the right to trace it, which a parent has over its
 * child unless the system forbids tracing altogether; then the text says so.
 */
#ifndef MILL_HARNESS_STACKS_H
#define MILL_HARNESS_STACKS_H

#include <stdbool.h>
#include <sys/types.h>

/* Of a crowd, whose stacks are much alike, so many are enough; each takes a tenth of a second. */
#define MILL_STACKS_MAX 32

/* "thread 4711 (name)\n  #0 function file:line\n …" for each of the first MILL_STACKS_MAX threads, and how
 * many are left out, as a string that the caller frees; never NULL unless memory ran out. `interrupted`,
 * where not NULL, is asked before each: when it says true the rest is left out. */
char *mill_stacks_of(pid_t process, bool (*interrupted)(void *context), void *context);

#endif
