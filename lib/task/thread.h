/* A named thread that can be joined with a timeout: what worker, collector, manager, actor and pool stand on.
 *
 *     struct mill_thread *thread;
 *     int status = mill_thread_start(&thread, "collector", body, argument);
 *     …
 *     status = mill_thread_join(&thread, 2 * MILL_NS_PER_S);
 *     if (status == -ETIMEDOUT)
 *         complain();                                  it still runs, and can be joined again
 *
 * A successful join frees the thread and sets the joiner's pointer to NULL; it is joined by one thread.
 * Everything the body wrote is seen after the join.
 */
#ifndef MILL_TASK_THREAD_H
#define MILL_TASK_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#define MILL_THREAD_NAME_MAX 15 /* characters: what the kernel keeps */

struct mill_thread;

/* Is it a name that a thread can have: not NULL, not empty, not too long? */
bool mill_thread_name_fits(const char *name);

/* Starts a thread that runs body(argument) and ends. The kernel shows it as `name`. 0; -EINVAL (no body, a
 * name that is NULL, empty or longer than MILL_THREAD_NAME_MAX); -ENOMEM; -EAGAIN (no more threads). */
int mill_thread_start(struct mill_thread **thread, const char *name, void (*body)(void *argument),
                      void *argument);

/* Waits until the body has returned (core/timeout.h). 0: it has, the thread is gone, and *thread is NULL;
 * -ETIMEDOUT; -EDEADLK when a thread joins itself; -EINVAL (a negative timeout, NULL, a thread that was
 * joined before). */
int mill_thread_join(struct mill_thread **thread, int64_t timeout_ns);

/* True once the body has returned. */
bool mill_thread_ended(const struct mill_thread *thread);

/* Is the caller this thread? */
bool mill_thread_is_self(const struct mill_thread *thread);

/* Processor time that the thread has used so far, in nanoseconds; 0 or a negative errno. While it runs, or
 * once its body has returned. */
int mill_thread_cpu_ns(struct mill_thread *thread, uint64_t *cpu_ns);

#endif
