/* Stackful coroutines: several flows of control on one thread, each with a stack of its own, that give way
 * only where they say so (row 25 of the patterns; Conway 1963; de Moura and Ierusalimschy 2009).
 *
 *     static void count(struct mill_coroutine *self, void *argument)
 *     {
 *         for (int i = 0; i < 3; i++) {
 *             *(int *)argument = i;
 *             mill_coroutine_yield(self);
 *         }
 *     }
 *
 *     struct mill_coroutine *coroutine;
 *     int status = mill_coroutine_create(&coroutine, 0, count, &number);
 *     while (mill_coroutine_resume(coroutine) == 0)
 *         use(number);                                                  0, 1, 2
 *     mill_coroutine_destroy(coroutine);
 *
 * What runs between two yields is not interrupted by another coroutine of the thread: their shared state
 * needs no lock. A coroutine may resume others. It belongs to the thread that resumed it first: that one
 * alone resumes and destroys it, since compilers may keep the address of a thread's own variables across a
 * yield. A stack ends in a page that cannot be touched: running over it is a fault, not a corruption. The
 * sanitizers are told of every switch.
 */
#ifndef MILL_TASK_COROUTINE_H
#define MILL_TASK_COROUTINE_H

#include <stdbool.h>
#include <stddef.h>

#define MILL_COROUTINE_STACK     ((size_t)64 << 10) /* bytes, for a size of 0 */
#define MILL_COROUTINE_STACK_MIN ((size_t)16 << 10)
#define MILL_COROUTINE_STACK_MAX ((size_t)1 << 30)

struct mill_coroutine;

/* Makes one that has not begun. `stack_size` is rounded up to whole pages. 0; -EINVAL (NULL, a size that is
 * not 0 and not within the bounds above); -ENOMEM. */
int mill_coroutine_create(struct mill_coroutine **coroutine, size_t stack_size,
                          void (*body)(struct mill_coroutine *self, void *argument), void *argument);

/* Runs it until it yields (0) or its body returns (1). -ESRCH: its body has returned before; -EBUSY: it is
 * running, or waits for one that it resumed; -EPERM: another thread's; -EINVAL: NULL. */
int mill_coroutine_resume(struct mill_coroutine *coroutine);

/* Back to whoever resumed it. Called by the coroutine `self` alone. */
void mill_coroutine_yield(struct mill_coroutine *self);

/* True once its body has returned. */
bool mill_coroutine_ended(const struct mill_coroutine *coroutine);

/* Frees it with its stack, wherever it stands: what its body still held is not released. -EBUSY: it is
 * running, or waits for one that it resumed; else 0, also for NULL. */
int mill_coroutine_destroy(struct mill_coroutine *coroutine);

#endif
