/* The live display of a run: report/progress, owned by an event loop of its own (task/loop), so that it also
 * moves while a sample takes its time.
 *
 *     struct mill_live *live;
 *     int status = mill_live_open(&live, stderr, budget_ns);
 *     struct mill_run_observer observer = {.event = mill_live_show, .context = live};
 *     mill_live_close(live);
 *
 * The run's thread opens, shows and closes; all that is drawn is drawn on the loop's thread.
 */
#ifndef MILL_BENCH_LIVE_H
#define MILL_BENCH_LIVE_H

#include <stdint.h>
#include <stdio.h>

#include "harness/run.h"

struct mill_live;

/* `stream` outlives it. `budget_ns`: see mill_progress_budget. 0 or a negative errno. */
int mill_live_open(struct mill_live **live, FILE *stream, uint64_t budget_ns);

/* Shows what is going on; has been drawn when it returns. For the `event` of a run's observer, whose context
 * is the display. */
void mill_live_show(void *context, const struct mill_run_event *event);

/* Clears the line and frees it. NULL is fine. */
void mill_live_close(struct mill_live *live);

#endif
