/* Small dense numbers for the threads of this process: where a structure keeps something for each thread that
 * uses it, the number is the place in its array.
 *
 *     int index = mill_thread_index();
 *     if (index >= 0 && index < PLACES)
 *         places[index].count++;
 *
 * A thread has the same number from its first call until it ends; then the number goes to the next thread
 * that asks, the smallest first. No two living threads share one, and what its last owner wrote is seen by
 * the next. The first call of a thread is lock-free, all others are one load.
 */
#ifndef MILL_CORE_THREAD_INDEX_H
#define MILL_CORE_THREAD_INDEX_H

#include "core/c11.h"

#define MILL_THREAD_INDEX_MAX 32768 /* numbers there are: what a Linux kernel gives to all its processes */

/* Of the calling thread, plus one; 0: none yet. Only thread_index.c writes it. */
extern _Thread_local int mill_thread_index_next;

/* The slow part of mill_thread_index. */
int mill_thread_index_assign(void);

/* The caller's number, or -EAGAIN (all are given, or the process has no thread-specific key left) or -ENOMEM.
 */
static inline int mill_thread_index(void)
{
    int next = mill_thread_index_next;
    return next > 0 ? next - 1 : mill_thread_index_assign();
}

/* One more than the greatest number ever given. A thread that has a number and then, behind a fence of
 * core/fence.h, looks at something, is within the limit that the other side of that fence sees. */
unsigned mill_thread_index_limit(void);

/* The limit becomes one more than the greatest number that a living thread has: what follows takes the same
 * steps as in a new process. For one that plays many runs, between two of them: while no other thread asks
 * for a number, and nothing keeps anything by them. */
void mill_thread_index_begin_anew(void);

#endif
