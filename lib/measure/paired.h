/* Comparing two strategies or two builds measured side by side, round by round.
 *
 * On a shared machine the speed drifts; what the two sides of one round saw, they saw together. So the
 * comparison is over the per-round log ratios: their median, and an exact interval for it from the sign test
 * (order statistics of the ratios; no assumption on their distribution but independence of rounds).
 *
 *     struct mill_paired result;
 *     mill_paired_compare(a, b, rounds, 0.95, &result);
 *     if (result.low > 1.0) … a is faster than b …
 *
 * Swapping a and b turns the ratio and the interval into their reciprocals (to rounding). Pure functions; any
 * thread.
 */
#ifndef MILL_MEASURE_PAIRED_H
#define MILL_MEASURE_PAIRED_H

#include <stdbool.h>
#include <stddef.h>

struct mill_paired {
    size_t rounds;
    double ratio; /* median of a[i] / b[i]; between two middle ones their geometric mean */
    double low,
        high; /* the interval; 0 and infinity while `rounds` is too small for the confidence asked for */
    double
        confidence; /* what the interval really covers: at least what was asked for; 1 where it is infinite */
    bool decided;   /* the interval does not contain 1 */
};

/* Compares a[i] with b[i]; both are positive. `confidence` within (0, 1). 0, -EINVAL for a value that is not
 * positive and finite or a confidence out of range, -ERANGE for a ratio that no normal double holds, -ENOMEM.
 * rounds == 0 gives ratio NaN and an infinite interval. */
int mill_paired_compare(const double *a, const double *b, size_t rounds, double confidence,
                        struct mill_paired *result);

/* The median of values[0..count) and the sign-test interval for it, in the same way but for any sign: the
 * ratio field is the median (between two middle ones their arithmetic mean), an infinite interval begins at
 * -infinity, and `decided` is always false. 0, -EINVAL for a value that is not finite or a confidence out of
 * range, -ENOMEM. */
int mill_median_interval(const double *values, size_t count, double confidence, struct mill_paired *result);

/* The median; NaN for none or when one of them is NaN. Does not change the values; -ENOMEM is NaN too. */
double mill_median(const double *values, size_t count);

/* The same, and the values are in ascending order afterwards: it needs no memory. */
double mill_median_in_place(double *values, size_t count);

#endif
