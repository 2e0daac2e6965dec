/* What is to be said against an access: memory that was freed, that is nobody's, or a race. */
#ifndef MILL_HUNT_RUNTIME_CHECK_H
#define MILL_HUNT_RUNTIME_CHECK_H

#include "hunt/failure.h"
#include "hunt/race.h"
#include "hunt/step.h"

/* Races are looked for. */
extern bool mill_hunt_races;

/* Of the running thread, in the step that it takes. Returns if all is well; else the schedule has failed. */
void mill_check_access(const struct mill_access *access);

/* The same: the step itself is the access. */
void mill_check_step(const struct mill_step *step);

/* As if the memory of a chunk were written: it goes. */
void mill_check_free(const struct mill_access *access, size_t size);

/* Adds a place to a failure: of the step at hand with its whole stack, of an earlier one as far as it is
 * known before the schedule is run again. */
void mill_check_place(struct mill_failure *failure, unsigned thread, uint32_t when, const void *pc,
                      const char *what);

#endif
