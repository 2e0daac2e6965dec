/* The report of a run, as text for a terminal, a log or a file.
 *
 *     struct mill_text out = {0};
 *     const struct mill_report_options options = {.colour = mill_colour_wanted(stdout), .width = 140};
 *     int status = mill_run_report(&out, result, &summary, &options);
 *     …
 *     mill_text_free(&out);
 *
 * Where it was measured; then for each scenario a table for each number of threads and mode, fastest first,
 * with one sentence on who leads (a winner only where the interval supports it), the controls, and the cells
 * that have no numbers with the reason; ours beside the peers of the same algorithm; the findings with their
 * evidence; a footer that says how far all of this can be trusted, and what the words mean.
 */
#ifndef MILL_REPORT_RUN_REPORT_H
#define MILL_REPORT_RUN_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "core/text.h"
#include "harness/summary.h"

struct mill_report_options {
    bool colour;    /* escape sequences, only then */
    unsigned width; /* columns; 0: no limit. What does not fit loses whole columns, and says which */
    bool verbose;   /* intervals as bounds instead of ±%; flags of the build; why samples were rejected */
};

/* Appends the report of `result` (as mill_result_load gives it) and the summary made of it. 0 or -ENOMEM. */
int mill_run_report(struct mill_text *out, const json_t *result, const struct mill_summary *summary,
                    const struct mill_report_options *options);

#endif
