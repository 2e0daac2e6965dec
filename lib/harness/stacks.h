/* The stacks of every thread of another process, for the report on one that hangs (elfutils' libdwfl).
 *
 * The process is stopped while it is looked at. Needs the right to trace it, which a parent has over its
 * child unless the system forbids tracing altogether; then the text says so.
 */
#ifndef MILL_HARNESS_STACKS_H
#define MILL_HARNESS_STACKS_H

#include <sys/types.h>

/* "thread 4711 (name)\n  #0 function file:line\n …" for each thread, as a string that the caller frees; never
 * NULL unless memory ran out. */
char *mill_stacks_of(pid_t process);

#endif
