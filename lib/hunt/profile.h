/* What an explorer learns of a program's threads in the first schedules: how many steps each takes, itself
 * and with all that it has begun. Threads are told apart by their path (the second that the first one began,
 * …), so that what is learnt of one holds in schedules that number them otherwise.
 *
 * Part of an explorer's state: zeroed at first, no pointers; one thread at a time.
 */
#ifndef MILL_HUNT_PROFILE_H
#define MILL_HUNT_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "hunt/step.h"

#define MILL_PROFILE_NOBODY UINT16_MAX

struct mill_profile {
    uint32_t schedules; /* learnt from */
    uint32_t known;     /* threads, by their path: slots */
    uint64_t lost;      /* threads that got no slot */
    bool learning;
    struct {
        uint64_t path;
        uint64_t steps; /* its own and those of its descendants, in all schedules learnt from */
        uint16_t parent;
    } slot[MILL_HUNT_THREADS];
    uint16_t table[2 * MILL_HUNT_THREADS]; /* slots by path, plus one; 0: empty */
    uint16_t slot_of[MILL_HUNT_THREADS];   /* by the number that the thread has in this schedule */
    uint16_t children[MILL_HUNT_THREADS];  /* that it has begun in this schedule */
};

/* A schedule begins, with thread 0. */
void mill_profile_begin(struct mill_profile *profile, bool learning);
void mill_profile_spawned(struct mill_profile *profile, unsigned parent, unsigned child);

/* Learns, if this schedule is learnt from. */
void mill_profile_executed(struct mill_profile *profile, unsigned thread);
void mill_profile_end(struct mill_profile *profile);

/* Steps that a thread and its descendants take in a schedule, times mill_profile_unit. */
uint64_t mill_profile_steps(const struct mill_profile *profile, unsigned thread);

/* What one step is worth in the sums of all schedules learnt from. */
static inline uint64_t mill_profile_unit(const struct mill_profile *profile)
{
    return profile->schedules > 0 ? profile->schedules : 1;
}

#endif
