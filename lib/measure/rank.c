#include "measure/rank.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum {
    exact_most = 60, /* values a side: the distribution is then worked out in milliseconds */
};

/* The chances of U = 0 … m n, into a new array: the largest of all values belongs to either side, and if to
 * the first, exceeds all n of the other:
 *
 *     P(u; m, n) = m / (m + n) P(u - n; m - 1, n) + n / (m + n) P(u; m, n - 1)
 */
static double *distribution(size_t m, size_t n)
{
    size_t span = m * n + 1;
    double *rows = calloc(2 * (n + 1) * span, sizeof *rows); /* of m - 1, and of m */
    double *result = calloc(span, sizeof *result);
    if (rows && result) {
        double *before = rows, *now = rows + (n + 1) * span;
        for (size_t j = 0; j <= n; j++) {
            before[j * span] = 1; /* no value on the first side: U is 0 */
        }
        for (size_t i = 1; i <= m; i++) {
            for (size_t j = 0; j <= n; j++) {
                double first = (double)i / (double)(i + j);
                for (size_t u = 0; u < span; u++) {
                    double with = u >= j ? before[j * span + u - j] : 0;
                    double without = j > 0 ? now[(j - 1) * span + u] : 0;
                    now[j * span + u] = first * with + (1 - first) * without;
                }
            }
            double *swap = before;
            before = now;
            now = swap;
        }
        for (size_t u = 0; u < span; u++) {
            result[u] = before[n * span + u];
        }
    } else {
        free(result);
        result = NULL;
    }
    free(rows);
    return result;
}

static double normal_tail(size_t m, size_t n, double u)
{
    double pairs = (double)m * (double)n;
    double deviation = sqrt(pairs * (double)(m + n + 1) / 12);
    return 0.5 * erfc((u - 0.5 - pairs / 2) / deviation / sqrt(2));
}

/* P(U >= u) for whole u: of the distribution, or approximately where there is none. */
struct tails {
    size_t m, n;
    double *exact; /* P(U >= u), u = 0 … m n; NULL: approximate */
};

static int open_tails(struct tails *tails, size_t m, size_t n)
{
    *tails = (struct tails){.m = m, .n = n};
    if (m > exact_most || n > exact_most) {
        return 0;
    }
    tails->exact = distribution(m, n);
    if (!tails->exact) {
        return -ENOMEM;
    }
    for (size_t u = m * n; u > 0; u--) {
        tails->exact[u - 1] += tails->exact[u];
    }
    return 0;
}

static double tail(const struct tails *tails, size_t u)
{
    if (u == 0 || tails->m == 0 || tails->n == 0) {
        return 1;
    }
    if (u > tails->m * tails->n) {
        return 0;
    }
    return fmin(1, tails->exact ? tails->exact[u] : normal_tail(tails->m, tails->n, (double)u));
}

double mill_rank_tail(size_t m, size_t n, double u)
{
    struct tails tails;
    if (u <= 0) {
        return 1;
    }
    if (open_tails(&tails, m, n) < 0) {
        return NAN;
    }
    double chance = u > (double)m * (double)n ? 0 : tail(&tails, (size_t)ceil(u));
    free(tails.exact);
    return chance;
}

double mill_rank_least(size_t m, size_t n)
{
    int sign;
    return exp(lgamma_r((double)m + 1, &sign) + lgamma_r((double)n + 1, &sign) -
               lgamma_r((double)(m + n) + 1, &sign));
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* All head / base, to be freed. */
static int all_ratios(const double *base, size_t bases, const double *head, size_t heads, double **ratios)
{
    *ratios = malloc((bases * heads + 1) * sizeof **ratios);
    if (!*ratios) {
        return -ENOMEM;
    }
    int status = 0;
    for (size_t i = 0; status == 0 && i < heads; i++) {
        for (size_t j = 0; status == 0 && j < bases; j++) {
            status = mill_costs(&base[j], &head[i], 1, false, &(*ratios)[i * bases + j]);
        }
    }
    if (status < 0) {
        free(*ratios);
        *ratios = NULL;
    }
    return status;
}

int mill_rank_chances(const double *base, size_t bases, const double *head, size_t heads,
                      bool higher_is_better, double margin, struct mill_chances *chances)
{
    double *ratios;
    struct tails tails;
    if (!(margin > 0 && isfinite(margin))) {
        return -EINVAL;
    }
    int status = higher_is_better ? all_ratios(head, heads, base, bases, &ratios)
                                  : all_ratios(base, bases, head, heads, &ratios);
    if (status < 0) {
        return status;
    }
    status = open_tails(&tails, bases, heads);
    if (status == 0) {
        const double high = 1 + margin, low = 1 / high;
        size_t above_high = 0, below_high = 0, above_low = 0, below_low = 0;
        for (size_t i = 0; i < bases * heads; i++) {
            above_high += ratios[i] > high;
            below_high += ratios[i] < high;
            above_low += ratios[i] > low;
            below_low += ratios[i] < low;
        }
        *chances = (struct mill_chances){
            .regressed = tail(&tails, above_high),
            .improved = tail(&tails, below_low),
            .equivalent = fmax(tail(&tails, below_high), tail(&tails, above_low)),
        };
        free(tails.exact);
    }
    free(ratios);
    return status;
}

int mill_rank_compare(const double *base, size_t bases, const double *head, size_t heads, double confidence,
                      struct mill_paired *result)
{
    double *ratios;
    struct tails tails;
    if (!(confidence > 0 && confidence < 1)) {
        return -EINVAL;
    }
    int status = all_ratios(base, bases, head, heads, &ratios);
    if (status < 0) {
        return status;
    }
    status = open_tails(&tails, bases, heads);
    if (status == 0) {
        size_t count = bases * heads;
        size_t left_out = 0; /* of the ratios, at each end: P(U >= count - k) is that of k or fewer */
        qsort(ratios, count, sizeof *ratios, by_value);
        while (2 * left_out + 1 < count && 2 * tail(&tails, count - left_out) <= 1 - confidence) {
            left_out++;
        }
        *result = (struct mill_paired){
            .rounds = bases < heads ? bases : heads,
            .ratio = count > 0 ? sqrt(ratios[(count - 1) / 2]) * sqrt(ratios[count / 2]) : NAN,
            .low = left_out > 0 ? ratios[left_out - 1] : 0,
            .high = left_out > 0 ? ratios[count - left_out] : INFINITY,
            .confidence = left_out > 0 ? 1 - 2 * tail(&tails, count - left_out + 1) : 1,
        };
        result->decided = result->low > 1 || result->high < 1;
        free(tails.exact);
    }
    free(ratios);
    return status;
}
