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

/* A stack of the job's failure as it was seen when its step was watched, if it was; else itself. The answer
 * is valid until the next call. */
const struct mill_failure_stack *mill_hunt_seen(const struct mill_job *job,
                                                const struct mill_failure_stack *stack);

/* Before trace[at] of the drive's job, which another thread took: could the one that ran have gone on? */
bool mill_hunt_is_preemption(const struct mill_drive *drive, uint32_t at);

/* Has the failure places whose whole stacks another run can tell? Then asks for them. */
bool mill_hunt_watch(struct mill_drive *drive, const struct mill_failure *failure);

#endif
