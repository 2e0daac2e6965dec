/* One schedule in two builds of a program: do they take the same steps? */
#ifndef MILL_BENCH_HUNT_COMPARE_H
#define MILL_BENCH_HUNT_COMPARE_H

#include <stdio.h>

#include "hunt/drive.h"

/* Both have run, keeping their steps. Prints how many of them are the same, or the first that is not; true:
 * none that both took differs. Steps are told apart by thread, kind, size and line of source. */
bool mill_hunt_compare(FILE *out, const struct mill_drive *one, const char *one_program,
                       const struct mill_drive *other, const char *other_program);

#endif
