#include "measure/change.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/paired.h"

const char *mill_change_name(enum mill_change change)
{
    static const char *const names[] = {
        [MILL_CHANGE_INCONCLUSIVE] = "inconclusive",
        [MILL_CHANGE_EQUIVALENT] = "equivalent",
        [MILL_CHANGE_IMPROVED] = "improved",
        [MILL_CHANGE_REGRESSED] = "regressed",
    };
    return names[change];
}

/* ---- chances ---- */

static double log_factorial(size_t n)
{
    int sign;
    return lgamma_r((double)n + 1, &sign);
}

/* P(B == k), with 0 < chance < 1. */
static double binomial_term(size_t n, double chance, size_t k)
{
    return exp(log_factorial(n) - log_factorial(k) - log_factorial(n - k) + (double)k * log(chance) +
               (double)(n - k) * log1p(-chance));
}

/* The terms fall from the mode on: the sum goes away from it, on the side that is shorter, and the other side
 * is what is left of 1. */
double mill_binomial_tail(size_t n, double chance, size_t k)
{
    if (k == 0) {
        return 1;
    }
    if (k > n || chance <= 0) {
        return 0;
    }
    if (chance >= 1) {
        return 1;
    }
    const double odds = chance / (1 - chance);
    double sum = 0;
    if ((double)k > (double)n * chance) {
        double term = binomial_term(n, chance, k);
        for (size_t i = k; i <= n && term > sum * 1e-18; i++) {
            sum += term;
            term *= odds * (double)(n - i) / (double)(i + 1);
        }
        return fmin(sum, 1);
    }
    double term = binomial_term(n, chance, k - 1);
    for (size_t i = k - 1; term > sum * 1e-18; i--) {
        sum += term;
        term = i > 0 ? term / odds * (double)i / (double)(n - i + 1) : 0;
    }
    return fmax(1 - sum, 0);
}

int mill_costs(const double *base, const double *head, size_t pairs, bool higher_is_better, double *costs)
{
    for (size_t i = 0; i < pairs; i++) {
        if (!(base[i] > 0 && isfinite(base[i]) && head[i] > 0 && isfinite(head[i]))) {
            return -EINVAL;
        }
        costs[i] = higher_is_better ? base[i] / head[i] : head[i] / base[i];
        if (!isnormal(costs[i])) {
            return -ERANGE;
        }
    }
    return 0;
}

int mill_chances_of(const double *costs, size_t pairs, double margin, struct mill_chances *chances)
{
    if (!(margin > 0 && isfinite(margin))) {
        return -EINVAL;
    }
    const double high = 1 + margin;
    const double low = 1 / high;
    size_t above_high = 0, below_high = 0, above_low = 0, below_low = 0;
    for (size_t i = 0; i < pairs; i++) {
        above_high += costs[i] > high;
        below_high += costs[i] < high;
        above_low += costs[i] > low;
        below_low += costs[i] < low;
    }
    *chances = (struct mill_chances){
        .regressed = mill_binomial_tail(pairs, 0.5, above_high),
        .improved = mill_binomial_tail(pairs, 0.5, below_low),
        .equivalent =
            fmax(mill_binomial_tail(pairs, 0.5, below_high), mill_binomial_tail(pairs, 0.5, above_low)),
    };
    return 0;
}

/* ---- a table ---- */

static size_t mark_able(const double *least, size_t count, double limit, bool *able)
{
    size_t those = 0;
    for (size_t i = 0; i < count; i++) {
        able[i] = least[i] <= limit;
        those += able[i];
    }
    return those;
}

/* The more rows there are to correct over, the fewer can be decided: the smallest number that is enough for
 * those that can is found by halving. */
size_t mill_testable(const double *least, size_t count, double alpha, bool *able)
{
    size_t low = 1, high = count > 0 ? count : 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (mark_able(least, count, alpha / (double)middle, able) <= middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return mark_able(least, count, alpha / (double)high, able);
}

struct ranked {
    double p;
    size_t place;
};

static int by_p(const void *left, const void *right)
{
    double a = ((const struct ranked *)left)->p;
    double b = ((const struct ranked *)right)->p;
    return (a > b) - (a < b);
}

int mill_holm(const double *p, size_t count, double *adjusted)
{
    struct ranked *ranked = calloc(count + 1, sizeof *ranked);
    if (!ranked) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        ranked[i] = (struct ranked){p[i], i};
    }
    qsort(ranked, count, sizeof *ranked, by_p);
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        most = fmax(most, fmin(1, ranked[i].p * (double)(count - i)));
        adjusted[ranked[i].place] = most;
    }
    free(ranked);
    return 0;
}

enum mill_change mill_change_of(const struct mill_chances *adjusted, double alpha)
{
    bool regressed = adjusted->regressed <= alpha;
    bool improved = adjusted->improved <= alpha;
    bool equivalent = adjusted->equivalent <= alpha;
    if (regressed + improved + equivalent != 1) {
        return MILL_CHANGE_INCONCLUSIVE;
    }
    return regressed ? MILL_CHANGE_REGRESSED : improved ? MILL_CHANGE_IMPROVED : MILL_CHANGE_EQUIVALENT;
}

size_t mill_pairs_to_decide(size_t rows, double alpha)
{
    size_t pairs = 1;
    while (ldexp(1, -(int)pairs) > alpha / (double)(rows > 0 ? rows : 1)) {
        pairs++;
    }
    return pairs;
}

/* ---- what it would take ---- */

/* The least k with P(B >= k) <= level for B of n and 1/2; n + 1 where there is none. */
static size_t critical_count(size_t n, double level)
{
    size_t low = n / 2, high = n + 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (mill_binomial_tail(n, 0.5, middle) <= level) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return high;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* When the costs are multiplied by f, those above 1 + m are those above (1 + m) / f. The chance that one is
 * must be `share`; so (1 + m) / f is the order statistic above which that share of them lies. */
double mill_detectable(const double *costs, size_t pairs, double margin, double level, double power)
{
    size_t critical = critical_count(pairs, level);
    if (critical > pairs) {
        return INFINITY;
    }
    double *sorted = malloc(pairs * sizeof *sorted);
    if (!sorted) {
        return NAN;
    }
    memcpy(sorted, costs, pairs * sizeof *sorted);
    qsort(sorted, pairs, sizeof *sorted, by_value);
    double median = mill_median(sorted, pairs);
    double detectable = INFINITY;
    for (size_t above = critical; above <= pairs; above++) {
        /* Half a pair of doubt: that all of n were above does not mean that all ever are. */
        double share = ((double)above - 0.5) / (double)pairs;
        if (mill_binomial_tail(pairs, share, critical) >= power) {
            detectable = (1 + margin) * median / sorted[pairs - above];
            break;
        }
    }
    free(sorted);
    return detectable;
}

/* Which side the costs are on of one bound: the chance that one is there, with half a pair of doubt. */
static double share_of(size_t count, size_t pairs)
{
    return ((double)count + 0.5) / ((double)pairs + 1);
}

static bool decides(size_t n, double share, double level, double power)
{
    size_t critical = critical_count(n, level);
    return critical <= n && mill_binomial_tail(n, share, critical) >= power;
}

size_t mill_pairs_needed(const double *costs, size_t pairs, double margin, double level, double power,
                         size_t most)
{
    const double high = 1 + margin;
    const double low = 1 / high;
    size_t above_high = 0, below_high = 0, above_low = 0, below_low = 0;
    for (size_t i = 0; i < pairs; i++) {
        above_high += costs[i] > high;
        below_high += costs[i] < high;
        above_low += costs[i] > low;
        below_low += costs[i] < low;
    }
    double regressed = share_of(above_high, pairs);
    double improved = share_of(below_low, pairs);
    double within = share_of(below_high < above_low ? below_high : above_low, pairs);
    double share = fmax(fmax(regressed, improved), within);
    if (share == within) {
        power = (1 + power) / 2; /* both bounds must be cleared */
    }
    if (pairs == 0 || !decides(most, share, level, power)) {
        return 0;
    }
    size_t few = 1, many = most;
    while (few < many) {
        size_t middle = few + (many - few) / 2;
        if (decides(middle, share, level, power)) {
            many = middle;
        } else {
            few = middle + 1;
        }
    }
    return many;
}
