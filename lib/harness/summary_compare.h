/* Who leads, and how ours stands beside its peers: the comparing part of a summary. Private to it.
 */
#ifndef MILL_HARNESS_SUMMARY_COMPARE_H
#define MILL_HARNESS_SUMMARY_COMPARE_H

#include "harness/sample_series.h"
#include "harness/summary.h"

#define MILL_SUMMARY_CONFIDENCE 0.95

/* Fill summary->leaders (which has room for a pair a row) and summary->peers from its rows. 0 or a negative
 * errno of mill_paired_compare. */
int mill_summary_find_leaders(struct mill_summary *summary, const struct mill_index *index);
int mill_summary_find_peers(struct mill_summary *summary, const struct mill_index *index);

#endif
