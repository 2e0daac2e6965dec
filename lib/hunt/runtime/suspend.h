/* Progress guarantees: one thread is suspended for good at one of its points, as if its processor were taken
 * away, and the others have to end their operations without it. A strategy that claims lock-freedom can; one
 * that holds a lock there cannot.
 *
 * The target says where operations begin and end: points between the two count, from 0 in each thread, and
 * schedule after schedule suspends another thread at another point, until each was there and it begins anew.
 * The first MILL_SUSPEND_LEARNING schedules suspend nobody: how many points there are is learnt from them.
 *
 *     mill_operations_begin();
 *     … operations …
 *     mill_operations_end();
 *
 * Wait-freedom says more: operations end within so many steps of their own, whatever the others do. With
 * MILL_JOB_WAIT_FREE every second schedule holds one thread back instead, so that others' operations come
 * between any two of its steps, and counts its own: many times as many as it ever took before are too many.
 * A thread that has waited meanwhile, for an item or its turn, is not judged.
 *
 * Nothing is torn down where a thread stands in the middle of it, so such a schedule ends its process:
 * mill_suspend_leave, by the thread that sees that all others have ended.
 */
#ifndef MILL_HUNT_RUNTIME_SUSPEND_H
#define MILL_HUNT_RUNTIME_SUSPEND_H

#include <stdbool.h>
#include <stdint.h>

#include "hunt/job.h"

#define MILL_SUSPEND_NOBODY 0u /* thread 0 is never suspended */

/* The job is about progress: of schedules in which threads are suspended, or to learn of their points. */
bool mill_suspend_wanted(void);

/* The running thread's operations begin, or have ended. */
void mill_operations_begin(void);
void mill_operations_end(void);

/* The thread that is suspended, or MILL_SUSPEND_NOBODY. */
unsigned mill_suspended(void);

/* The thread that is held back, or MILL_SUSPEND_NOBODY: the others go on until it has ended its operations.
 */
unsigned mill_held_back(void);

/* The schedule has ended well, and so has its process. */
_Noreturn void mill_suspend_leave(void);

/* ---- for the scheduler ---- */

/* A schedule begins: which thread will be suspended in it, and where. */
void mill_suspend_begin(uint64_t number);

/* The running thread stands at a point; asked while mill_schedule.suspends. */
void mill_suspend_point(void);

/* Nobody can go on: who is held back may, if somebody is. */
bool mill_suspend_release(void);

/* How many steps had sufficed before, of a bound on steps. */
uint32_t mill_suspend_usual(uint32_t bound);

#endif
