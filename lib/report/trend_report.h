/* Stored results over time, as text: for each machine a table with a line for each cell and mode, its values
 * as small bars, and below it each change of level with the commits that it lies between.
 */
#ifndef MILL_REPORT_TREND_REPORT_H
#define MILL_REPORT_TREND_REPORT_H

#include "core/text.h"
#include "harness/trend.h"
#include "report/run_report.h"

/* Appends the report of trends that were judged. 0 or -ENOMEM. One thread. */
int mill_trend_report(struct mill_text *out, const struct mill_trends *trends,
                      const struct mill_report_options *options);

/* Appends the values as bars, the least as the lowest and the greatest as the highest, with a '|' before each
 * new level; values that differ by less than a fiftieth are of one height. Of more than `most` the last are
 * shown, behind a "…". */
void mill_trend_bars(struct mill_text *out, const struct mill_trend_series *series, size_t most);

#endif
