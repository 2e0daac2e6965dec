/* Threads as they are known over all schedules: by their creator, and how many that had created before. Their
 * numbers in one schedule differ from those in the next, where two threads create others. One kernel thread
 * at a time.
 */
#ifndef MILL_HUNT_BIRTHS_H
#define MILL_HUNT_BIRTHS_H

#include <stdint.h>

#include "hunt/step.h"

#define MILL_BIRTH_FIRST   0u         /* the first thread */
#define MILL_BIRTH_UNKNOWN UINT32_MAX /* there is no room for it, or for one that it comes from */

/* All zeros at first. */
struct mill_births {
    unsigned count;
    struct mill_birth {
        uint64_t name;   /* made of creator and order; 0: the slot is free */
        uint32_t number; /* from 1 */
    } slot[2 * MILL_HUNT_THREADS];
};

/* The number, below MILL_HUNT_THREADS, of the thread that `creator` (such a number too) has created after
 * `before` others: always the same. MILL_BIRTH_UNKNOWN: more have been met than there is room for. */
uint32_t mill_births_number(struct mill_births *births, uint32_t creator, uint32_t before);

#endif
