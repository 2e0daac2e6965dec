/* What a run's samples told beside their numbers (harness/told.h): how many histories were judged and how,
 * and a table of outcomes for each cell that is a litmus test.
 */
#ifndef MILL_REPORT_TOLD_REPORT_H
#define MILL_REPORT_TOLD_REPORT_H

#include "core/text.h"
#include "harness/told.h"
#include "report/run_report.h"

/* Whose table it is, in words; then the table: nothing without outcomes. 0 or -ENOMEM. */
int mill_told_report_outcomes(struct mill_text *out, const char *whose, const struct mill_told *told,
                              const struct mill_report_options *options);

/* One line of all histories: nothing without any. */
void mill_told_report_histories(struct mill_text *out, const struct mill_told *told);

#endif
