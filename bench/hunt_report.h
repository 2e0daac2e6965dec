/* A failing schedule, in words: what was wrong and where, and the steps that led there, a column for each
 * thread. The same schedule is printed in the same words each time.
 */
#ifndef MILL_BENCH_HUNT_REPORT_H
#define MILL_BENCH_HUNT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "hunt/drive.h"

/* The answers of a schedule that mill_campaign_follow ran. `again` is another run of it in which the places
 * of the failure's steps were watched, or NULL; `verbose`: every step. */
void mill_hunt_report(FILE *out, const struct mill_drive *drive, const char *program, bool verbose);

/* Has the failure places whose whole stacks another run can tell? Then asks for them. */
bool mill_hunt_watch(struct mill_drive *drive, const struct mill_failure *failure);

#endif
