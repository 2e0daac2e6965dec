#include "measure/change_points.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "measure/paired.h"

/* ---- the cost of a segment that grows ---- */

/* A place where the last segment may begin, and the values from there on, sorted. */
struct candidate {
    size_t begin;
    size_t count;
    double *sorted;
    double cost;    /* sum of absolute deviations from the median */
    size_t expires; /* it is no best beginning any more from this length of the series on; 0: not known to
                       expire */
};

/* Where `value` belongs in the sorted values. */
static size_t place_of(const double *sorted, size_t count, double value)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (sorted[middle] < value) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return low;
}

/* A value adds its distance from the medians that are there: between the two middle ones any is a median. */
static void grow(struct candidate *candidate, double value)
{
    size_t n = candidate->count;
    if (n > 0) {
        double lower = candidate->sorted[(n - 1) / 2], upper = candidate->sorted[n / 2];
        candidate->cost += value < lower ? lower - value : value > upper ? value - upper : 0;
    }
    size_t place = place_of(candidate->sorted, n, value);
    memmove(candidate->sorted + place + 1, candidate->sorted + place,
            (n - place) * sizeof *candidate->sorted);
    candidate->sorted[place] = value;
    candidate->count++;
}

/* ---- the search ---- */

struct search {
    const double *values;
    size_t count;
    const struct mill_change_settings *settings;
    struct candidate *candidates;
    size_t candidate_count;
    double *best;      /* of the first t values: their cost, with a penalty for each segment but the first */
    size_t *last_from; /* where the last segment of that begins */
};

static int add_candidate(struct search *search, size_t begin)
{
    double *sorted = malloc((search->count - begin) * sizeof *sorted);
    if (!sorted) {
        return -ENOMEM;
    }
    search->candidates[search->candidate_count++] = (struct candidate){.begin = begin, .sorted = sorted};
    return 0;
}

/* What the first `length` values cost when the last segment begins at the candidate, without the penalty for
 * it. */
static double cost_from(const struct search *search, const struct candidate *candidate)
{
    return search->best[candidate->begin] + candidate->cost / search->settings->scale;
}

/* The best over all candidates that leave the last segment long enough. */
static void choose(struct search *search, size_t length)
{
    search->best[length] = INFINITY;
    for (size_t i = 0; i < search->candidate_count; i++) {
        const struct candidate *candidate = &search->candidates[i];
        double cost = cost_from(search, candidate) + search->settings->penalty;
        if (candidate->count >= search->settings->shortest && cost < search->best[length]) {
            search->best[length] = cost;
            search->last_from[length] = candidate->begin;
        }
    }
}

/* PELT's pruning. To begin at `length` instead costs no more than the candidate does, however the series goes
 * on, since cutting a segment never raises its cost. But a segment that begins there is allowed only once it
 * is long enough: until then the candidate stays. */
static void prune(struct search *search, size_t length)
{
    size_t kept = 0;
    for (size_t i = 0; i < search->candidate_count; i++) {
        struct candidate *candidate = &search->candidates[i];
        if (candidate->expires == 0 && cost_from(search, candidate) > search->best[length]) {
            candidate->expires = length + search->settings->shortest;
        }
        if (candidate->expires > 0 && candidate->expires <= length + 1) {
            free(candidate->sorted);
        } else {
            search->candidates[kept++] = *candidate;
        }
    }
    search->candidate_count = kept;
}

static int run(struct search *search)
{
    size_t shortest = search->settings->shortest;
    search->best[0] = -search->settings->penalty; /* the first segment is not a change */
    for (size_t length = 1; length <= search->count; length++) {
        size_t begin = length - 1; /* of what is before, as many values have to be a segment */
        if (begin == 0 || begin >= shortest) {
            int status = add_candidate(search, begin);
            if (status < 0) {
                return status;
            }
        }
        for (size_t i = 0; i < search->candidate_count; i++) {
            grow(&search->candidates[i], search->values[length - 1]);
        }
        if (length >= shortest) {
            choose(search, length);
            prune(search, length);
        }
    }
    return 0;
}

static int trace(const struct search *search, size_t **points, size_t *point_count)
{
    size_t count = 0;
    for (size_t at = search->count; at > 0; at = search->last_from[at]) {
        count += search->last_from[at] > 0;
    }
    if (count == 0) {
        return 0;
    }
    *points = malloc(count * sizeof **points);
    if (!*points) {
        return -ENOMEM;
    }
    *point_count = count;
    for (size_t at = search->last_from[search->count]; at > 0; at = search->last_from[at]) {
        (*points)[--count] = at;
    }
    return 0;
}

int mill_change_points(const double *values, size_t count, const struct mill_change_settings *settings,
                       size_t **points, size_t *point_count)
{
    *points = NULL;
    *point_count = 0;
    bool sane = settings->scale > 0 && isfinite(settings->scale) && settings->penalty >= 0 &&
                isfinite(settings->penalty) && settings->shortest >= 1;
    for (size_t i = 0; i < count; i++) {
        sane = sane && isfinite(values[i] / settings->scale) && fabs(values[i]) < 1e300;
    }
    if (!sane || count > MILL_CHANGE_VALUES_MAX) {
        return sane ? -E2BIG : -EINVAL;
    }
    if (count / 2 < settings->shortest) { /* there is no room for two segments */
        return 0;
    }
    struct search search = {
        .values = values,
        .count = count,
        .settings = settings,
        .candidates = calloc(count + 1, sizeof *search.candidates),
        .best = calloc(count + 1, sizeof *search.best),
        .last_from = calloc(count + 1, sizeof *search.last_from),
    };
    int status = search.candidates && search.best && search.last_from ? run(&search) : -ENOMEM;
    status = status < 0 ? status : trace(&search, points, point_count);
    for (size_t i = 0; i < search.candidate_count; i++) {
        free(search.candidates[i].sorted);
    }
    free(search.candidates);
    free(search.best);
    free(search.last_from);
    return status;
}

/* ---- settings ---- */

double mill_change_noise(const double *values, size_t count)
{
    /* The median of |N(0, 2 s^2)| is 0.6745 * sqrt(2) s. */
    static const double median_of_steps = 0.95387;
    if (count < 2) {
        return 0;
    }
    double *steps = malloc((count - 1) * sizeof *steps);
    if (!steps) {
        return NAN;
    }
    for (size_t i = 1; i < count; i++) {
        steps[i - 1] = fabs(values[i] - values[i - 1]);
    }
    double noise = mill_median(steps, count - 1) / median_of_steps;
    free(steps);
    return noise;
}

/* Simulated, 1000 series each of 6 to 300 values, normal, Laplace and normal with one value in twenty ten
 * times as wild: with a base of 3 up to 3.5% of those without a change were told to have one, with 4 up
 * to 1.9%, with 5 up to 1.2%. A last level of five values 3 (4, 5) times the noise away was found, within one
 * value of where it began, in 73% (95%, 99%) with 4. */
static const double penalty_base = 4;

struct mill_change_settings mill_change_defaults(size_t count, double noise, double least)
{
    return (struct mill_change_settings){
        .scale = noise > least ? noise : least,
        .penalty = penalty_base + log((double)(count > 1 ? count : 1)),
        .shortest = 3,
    };
}
