#include "measure/paired.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The values in ascending order, to be freed; NULL when memory is out. */
static double *sorted_copy(const double *values, size_t count)
{
    double *copy = malloc((count > 0 ? count : 1) * sizeof *copy);
    if (copy && count > 0) {
        memcpy(copy, values, count * sizeof *copy);
        qsort(copy, count, sizeof *copy, by_value);
    }
    return copy;
}

/* Halving each first: the sum of two large values would overflow. */
static double arithmetic_middle(double a, double b)
{
    return a / 2 + b / 2;
}

static double geometric_middle(double a, double b)
{
    return sqrt(a) * sqrt(b);
}

static double middle_of(const double *sorted, size_t count, double (*between)(double, double))
{
    if (count == 0) {
        return NAN;
    }
    double lower = sorted[(count - 1) / 2];
    double upper = sorted[count / 2];
    return lower == upper ? lower : between(lower, upper);
}

/* How many order statistics the interval leaves out at each end, and what it then covers.
 *
 * With n independent values, the median lies below the k-th smallest with probability P(B < k), B being
 * binomial of n and 1/2; the same at the other end. So the interval from the k-th smallest to the k-th
 * largest covers 1 - 2 P(B <= k-1), and k is the largest for which that is at least `confidence`; 0 when
 * there is none.
 *
 * The sum of binomial coefficients is exact while they fit a double's 53 bits; beyond that, sum and
 * coefficient are kept in range by a common power of two. */
static size_t interval_rank(size_t count, double confidence, double *covers)
{
    double coefficient = 1; /* count over k */
    double sum = 1;         /* of the coefficients up to k */
    long scale = 0;         /* both are to be multiplied by 2^scale */
    size_t rank = 0;
    *covers = 1;
    for (size_t k = 0; 2 * k + 1 < count; k++) {
        double covered = 1 - scalbln(sum, scale + 1 - (long)count);
        if (covered < confidence) {
            break;
        }
        rank = k + 1;
        *covers = covered;
        coefficient = coefficient * (double)(count - k) / (double)(k + 1);
        sum += coefficient;
        if (sum > 0x1p500) {
            coefficient *= 0x1p-500;
            sum *= 0x1p-500;
            scale += 500;
        }
    }
    return rank;
}

static bool confidence_valid(double confidence)
{
    return confidence > 0 && confidence < 1;
}

static void summarise(const double *sorted, size_t count, double confidence,
                      double (*between)(double, double), double lowest, struct mill_paired *result)
{
    double covers;
    size_t rank = interval_rank(count, confidence, &covers);
    *result = (struct mill_paired){
        .rounds = count,
        .ratio = middle_of(sorted, count, between),
        .low = rank > 0 ? sorted[rank - 1] : lowest,
        .high = rank > 0 ? sorted[count - rank] : INFINITY,
        .confidence = covers,
    };
}

/* The ratios themselves are sorted instead of their logarithms: the order is the same, and the ends of the
 * interval are then ratios that were seen, without the rounding of a logarithm and back. */
int mill_paired_compare(const double *a, const double *b, size_t rounds, double confidence,
                        struct mill_paired *result)
{
    if (!confidence_valid(confidence)) {
        return -EINVAL;
    }
    double *ratios = malloc((rounds > 0 ? rounds : 1) * sizeof *ratios);
    if (!ratios) {
        return -ENOMEM;
    }
    int status = 0;
    for (size_t i = 0; i < rounds; i++) {
        if (!(a[i] > 0 && isfinite(a[i]) && b[i] > 0 && isfinite(b[i]))) {
            status = -EINVAL;
            goto out;
        }
        ratios[i] = a[i] / b[i];
        if (!isnormal(ratios[i])) {
            status = -ERANGE;
            goto out;
        }
    }
    qsort(ratios, rounds, sizeof *ratios, by_value);
    summarise(ratios, rounds, confidence, geometric_middle, 0, result);
    result->decided = result->low > 1 || result->high < 1;
out:
    free(ratios);
    return status;
}

int mill_median_interval(const double *values, size_t count, double confidence, struct mill_paired *result)
{
    if (!confidence_valid(confidence)) {
        return -EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return -EINVAL;
        }
    }
    double *sorted = sorted_copy(values, count);
    if (!sorted) {
        return -ENOMEM;
    }
    summarise(sorted, count, confidence, arithmetic_middle, -INFINITY, result);
    free(sorted);
    return 0;
}

double mill_median_in_place(double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i])) {
            return NAN; /* it has no place in an order */
        }
    }
    if (count > 0) {
        qsort(values, count, sizeof *values, by_value);
    }
    return middle_of(values, count, arithmetic_middle);
}

double mill_median(const double *values, size_t count)
{
    double *sorted = sorted_copy(values, count);
    double median = sorted ? mill_median_in_place(sorted, count) : NAN;
    free(sorted);
    return median;
}
