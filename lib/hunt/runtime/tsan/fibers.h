/* The threads of a schedule as ThreadSanitizer knows them: a fiber each. */
#ifndef MILL_HUNT_RUNTIME_TSAN_FIBERS_H
#define MILL_HUNT_RUNTIME_TSAN_FIBERS_H

#include "hunt/runtime/context.h"

/* The engine, with the sanitizer told of each switch, by which nothing is ordered. */
const struct mill_context_engine *mill_tsan_dress(const struct mill_context_engine *engine);

/* Calls on behalf of a thread that does not run. */
void mill_tsan_as(unsigned thread, void (*call)(void *object), void *object);

/* A schedule begins: the running thread is thread 0. */
void mill_tsan_fibers_begin(void);

/* How many threads there have been in this process. */
unsigned mill_tsan_fibers_count(void);

#endif
