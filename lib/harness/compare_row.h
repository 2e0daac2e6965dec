/* One row of a comparison: its pairs, what they are worth, and what bounds them. Private to the comparison.
 *
 * Pure functions of a row that one thread has.
 */
#ifndef MILL_HARNESS_COMPARE_ROW_H
#define MILL_HARNESS_COMPARE_ROW_H

#include "harness/compare_series.h"

/* The rounds in which both sides have a value, in one mode, or in any but the same (-1). Both series are in
 * the order of their rounds; row->pairs has room for the shorter one. */
void mill_row_pair_up(struct mill_compare_row *row, const struct mill_compare_points *base,
                      const struct mill_compare_points *head, int mode);

/* Both series side by side in the order they came, which means nothing; room for both. */
void mill_row_heap_up(struct mill_compare_row *row, const struct mill_compare_points *base,
                      const struct mill_compare_points *head, unsigned mode);

/* What does not depend on the other rows: medians, margin and p. The margin of a latency is no finer than the
 * clock, which reads in steps of `step_ns`. 0, -EINVAL, -ERANGE, -ENOMEM. */
int mill_row_weigh(struct mill_compare_row *row, bool paired, double step_ns);

/* What depends on how many rows are corrected over: the interval, what is detectable, how many rounds it
 * takes. As mill_row_weigh. */
int mill_row_bound(struct mill_compare_row *row, bool paired, size_t rows);

/* The smallest p that it can have. */
double mill_row_least(const struct mill_compare_row *row, bool paired);

#endif
