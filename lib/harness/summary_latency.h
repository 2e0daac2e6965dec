/* The latencies of a row: the histograms of its samples, merged. Private to the summary.
 */
#ifndef MILL_HARNESS_SUMMARY_LATENCY_H
#define MILL_HARNESS_SUMMARY_LATENCY_H

#include "core/error.h"
#include "harness/sample_series.h"
#include "harness/summary.h"

/* Merges those of all samples that pass, the whole operation's and each span's. 0, -ENOMEM, or -EBADMSG when
 * one cannot be decoded; what was merged so far is then in the row. */
int mill_summary_merge_latencies(struct mill_summary_row *row, const struct mill_filter *filter,
                                 struct mill_error *error);

void mill_summary_forget_latencies(struct mill_summary_row *row);

#endif
