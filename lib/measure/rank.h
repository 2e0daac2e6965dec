/* The same question where nothing was paired: two series measured one after the other.
 *
 * Mann and Whitney's test, against the margins of change.h: of all pairs of one value of each side, U counts
 * those whose cost is beyond the bound; under the null hypothesis U has an exact, known distribution, by
 * which p is P(U >= seen). A pair on the bound speaks for neither side. The interval is that of Hodges and
 * Lehmann: the order statistics of all those ratios, at ranks from the same distribution.
 *
 * It is weaker than pairs in what it assumes: that the samples of both sides are independent draws, which the
 * drift of a machine between the two runs breaks, and that the two distributions differ by a factor and not
 * in shape. On shared machines such a comparison of identical programs is often called different; whoever
 * shows it says so.
 *
 * Exact up to sixty values a side; beyond, the normal approximation with its correction for continuity. Pure
 * functions; any thread.
 */
#ifndef MILL_MEASURE_RANK_H
#define MILL_MEASURE_RANK_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/change.h"
#include "measure/paired.h"

/* P(U >= u) of m and n values a side when both are drawn alike. NaN when memory ran out. */
double mill_rank_tail(size_t m, size_t n, double u);

/* The smallest p that so many values can have: 1 over (m + n choose m). */
double mill_rank_least(size_t m, size_t n);

/* Of values that are positive and finite. 0, -EINVAL, -ERANGE for a ratio that no normal double holds,
 * -ENOMEM. */
int mill_rank_chances(const double *base, size_t bases, const double *head, size_t heads,
                      bool higher_is_better, double margin, struct mill_chances *chances);

/* head over base: the median of all their ratios, and its interval; `rounds` is the smaller side's count. 0,
 * -EINVAL also for a confidence out of (0, 1), -ERANGE, -ENOMEM. */
int mill_rank_compare(const double *base, size_t bases, const double *head, size_t heads, double confidence,
                      struct mill_paired *result);

#endif
