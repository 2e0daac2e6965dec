/* Who collapsed, who leads, and how ours stands beside its peers: the comparing part of a summary. Private to
 * it.
 */
#ifndef MILL_HARNESS_SUMMARY_COMPARE_H
#define MILL_HARNESS_SUMMARY_COMPARE_H

#include "harness/sample_series.h"
#include "harness/summary.h"

#define MILL_SUMMARY_CONFIDENCE 0.95

/* Gives cells whose threads outnumber the processors the verdict `collapsed` where they pass, or completed
 * nothing, and their median rate is less than a hundredth of what the same strategy did in the same scenario
 * with a processor for each thread; of the fastest beside it, where that was not measured
 * (summary_collapse.c).
 */
void mill_summary_find_collapsed(struct mill_summary *summary);

/* Do the cells differ in nothing but strategy and threads? */
bool mill_summary_same_task(const struct mill_summary_cell *a, const struct mill_summary_cell *b);

/* Fill summary->leaders (which has room for a pair a row) and summary->peers from its rows. 0 or a negative
 * errno of mill_paired_compare. */
int mill_summary_find_leaders(struct mill_summary *summary, const struct mill_index *index);
int mill_summary_find_peers(struct mill_summary *summary, const struct mill_index *index);

#endif
