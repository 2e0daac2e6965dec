/* A result on standard output, and its latencies as a log: what `run` and `report` share.
 */
#ifndef MILL_BENCH_VIEW_H
#define MILL_BENCH_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/text.h"
#include "harness/summary.h"
#include "report/views.h"

/* Prints the report, with colours and fitted to the width on a terminal. 0 or a negative errno. */
int mill_view_print(const json_t *result, const struct mill_summary *summary, bool verbose);

/* Appends the table of any document that has one: as `terminal` shows it, or plain and as wide as it likes
 * (NULL). 0, -ENOMEM, or -ENOTSUP with a message for a document that has none. */
int mill_view_table(struct mill_text *text, const struct mill_view_input *input, FILE *terminal, bool verbose,
                    struct mill_error *error);

/* Appends an HdrHistogram log with one interval for each row that has latencies, tagged
 * scenario/strategy/threads/mode. 0 or -ENOMEM. */
int mill_view_histogram_log(struct mill_text *log, const struct mill_summary *summary, uint64_t started_ms);

#endif
