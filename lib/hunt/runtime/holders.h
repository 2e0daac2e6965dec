/* Who holds what a blocked thread waits for, for reports of deadlocks. */
#ifndef MILL_HUNT_RUNTIME_HOLDERS_H
#define MILL_HUNT_RUNTIME_HOLDERS_H

#include <stddef.h>

#include "hunt/step.h"

/* The thread without which the step cannot go on: of a lock, who holds it (of a read-write lock that several
 * read, the one of the smallest number); of a join, whom it waits for; of a once, who runs the initialiser.
 * -1: none in particular, as of a condition, a barrier, a semaphore. The step is pending in a thread that is
 * blocked by an interposed call. */
int mill_holder(const struct mill_step *pending);

/* "mutex 0x7f…, which thread 1 holds", "barrier 0x7f…, at which 2 of 3 are": as snprintf does. */
int mill_holder_text(const struct mill_step *pending, char *buffer, size_t size);

#endif
