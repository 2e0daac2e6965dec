/* A result on standard output, and its latencies as a log: what `run` and `report` share.
 */
#ifndef MILL_BENCH_VIEW_H
#define MILL_BENCH_VIEW_H

#include <jansson.h>
#include <stdbool.h>

#include "core/text.h"
#include "harness/summary.h"

/* Prints the report, with colours and fitted to the width on a terminal. 0 or a negative errno. */
int mill_view_print(const json_t *result, const struct mill_summary *summary, bool verbose);

/* Appends an HdrHistogram log with one interval for each row that has latencies, tagged
 * scenario/strategy/threads/mode. 0 or -ENOMEM. */
int mill_view_histogram_log(struct mill_text *log, const struct mill_summary *summary, uint64_t started_ms);

#endif
