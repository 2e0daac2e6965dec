/* Did it change? The verdict on one row of a comparison, and on a whole table of them.
 *
 * What is compared is a cost: head over base of a metric that is better when low, base over head of one that
 * is better when high. A change counts beyond a margin m (0.1: a tenth). A round gives one pair, a pair one
 * cost; the costs of the rounds are independent, and nothing else is assumed of them.
 *
 * With q the median cost, three statements can be proven, each against its own null hypothesis by a sign
 * test:
 *
 *     regressed    q > 1 + m                  null: q <= 1 + m
 *     improved     q < 1 / (1 + m)            null: q >= 1 / (1 + m)
 *     equivalent   1 / (1 + m) < q < 1 + m    null: q is at or beyond either bound
 *
 * Under the first null a cost is above 1 + m with a chance of at most 1/2, whatever its distribution; so when
 * k of n are, p = P(B >= k) for B binomial of n and 1/2. The second is its mirror. The third asks both: p is
 * the larger of the two one-sided ones (two one-sided tests; an intersection-union test needs no correction).
 * A cost that is on a bound speaks for neither side. What none of them proves is inconclusive: that is not
 * "no change".
 *
 * Over a table of rows, Holm's correction of the p-values of each statement holds the chance of one wrong
 * "regressed" anywhere at `alpha` at most, the same for "improved" and for "equivalent", whatever depends on
 * whatever. Rows of which n is too small to reach any verdict (the smallest p that n pairs can have is 2^-n)
 * do not count among those corrected over: which they are depends on n alone, not on what was measured
 * (Tarone 1990). A flagged row that is measured a second time, independently, is called wrongly with alpha
 * squared.
 *
 * Identical sides have costs that are as often above 1 as below; with a margin, far fewer than half are
 * beyond it unless the noise dwarfs it. So `alpha` is the limit for the worst machine, not what is to be
 * expected.
 *
 * Pure functions; any thread.
 */
#ifndef MILL_MEASURE_CHANGE_H
#define MILL_MEASURE_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

enum mill_change {
    MILL_CHANGE_INCONCLUSIVE,
    MILL_CHANGE_EQUIVALENT,
    MILL_CHANGE_IMPROVED,
    MILL_CHANGE_REGRESSED,
};

/* "inconclusive", "equivalent", "improved", "regressed" */
const char *mill_change_name(enum mill_change change);

/* p-values of the three statements. */
struct mill_chances {
    double regressed, improved, equivalent;
};

/* P(B >= k), B binomial of n and `chance`, which is within [0, 1]. Relative error below 1e-9 for n up to a
 * million. */
double mill_binomial_tail(size_t n, double chance, size_t k);

/* costs[i] = head[i] / base[i] or its reciprocal. 0; -EINVAL for a value that is not positive and finite;
 * -ERANGE for a ratio that no normal double holds. */
int mill_costs(const double *base, const double *head, size_t pairs, bool higher_is_better, double *costs);

/* -EINVAL for a margin that is not positive and finite. No pairs prove nothing: all three are 1. */
int mill_chances_of(const double *costs, size_t pairs, double margin, struct mill_chances *chances);

/* Which rows of a table are corrected over, least[i] being the smallest p that row i can have: with k the
 * smallest number such that at most k rows have least[i] <= alpha / k, able[i] says whether row i is one of
 * these (Tarone). Returns how many they are; the others cannot be decided. */
size_t mill_testable(const double *least, size_t count, double alpha, bool *able);

/* Holm's adjusted p-values (1979) into `adjusted`, which may be `p`; a row is rejected at alpha when its own
 * is at most alpha. -ENOMEM. */
int mill_holm(const double *p, size_t count, double *adjusted);

/* Which statement is proven, of adjusted p-values. At most one of the first two and "equivalent" can be true;
 * that noise proves two of them is possible for an alpha above 1/4 alone, and then is inconclusive. */
enum mill_change mill_change_of(const struct mill_chances *adjusted, double alpha);

/* The fewest pairs of which a row can be decided in a table corrected over `rows` rows: 2^-n <= alpha / rows.
 */
size_t mill_pairs_to_decide(size_t rows, double alpha);

/* The smallest cost that `pairs` pairs as noisy as these would call regressed at `level` (alpha over the
 * rows) with a chance of `power`: the costs, moved so that their median is that cost. INFINITY where no cost
 * would. NaN when memory ran out. */
double mill_detectable(const double *costs, size_t pairs, double margin, double level, double power);

/* How many pairs would come to a verdict at `level` with a chance of `power`, should they go on as these did:
 * about the fewest. 0 where not even `most` would, which is so when the median is next to a bound. */
size_t mill_pairs_needed(const double *costs, size_t pairs, double margin, double level, double power,
                         size_t most);

#endif
