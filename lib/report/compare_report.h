/* The report of a comparison, as text for a terminal, a log or a file: what was compared with what, and what
 * differs besides; a row for each cell, metric and mode; A/A; findings; what was not measured. The last line
 * counts the verdicts:
 *
 *     1 regressed, 0 improved, 6 equivalent, 1 inconclusive, 0 untrusted
 */
#ifndef MILL_REPORT_COMPARE_REPORT_H
#define MILL_REPORT_COMPARE_REPORT_H

#include <jansson.h>

#include "core/text.h"
#include "report/run_report.h"

/* Appends the report of `document` (compare-1, as mill_compare_document makes it). 0 or -ENOMEM. */
int mill_compare_report(struct mill_text *out, const json_t *document,
                        const struct mill_report_options *options);

#endif
