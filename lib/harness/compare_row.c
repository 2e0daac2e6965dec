#include "harness/compare_row.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "measure/rank.h"

enum {
    rounds_most = 100000, /* as `--rounds` takes */
};

/* The clock reads in steps, and a latency is whole nanoseconds: two values a step apart may be the same. One
 * and a half keeps rounding out of it. */
static const double clock_steps = 1.5;

/* ---- pairs ---- */

static bool is_latency(enum mill_metric metric)
{
    return metric == MILL_METRIC_P50 || metric == MILL_METRIC_P99;
}

void mill_row_pair_up(struct mill_compare_row *row, const struct mill_compare_points *base,
                      const struct mill_compare_points *head, int mode)
{
    row->pair_count = 0;
    for (size_t i = 0, j = 0; i < base->count && j < head->count;) {
        const struct mill_compare_point *one = &base->points[i], *other = &head->points[j];
        if (one->round == other->round) {
            if (one->mode == other->mode && (mode < 0 || one->mode == (unsigned)mode)) {
                row->pairs[row->pair_count++] =
                    (struct mill_compare_pair){one->round, one->value, other->value};
            }
            i++;
            j++;
        } else if (one->round < other->round) {
            i++;
        } else {
            j++;
        }
    }
    row->n = row->pair_count;
}

void mill_row_heap_up(struct mill_compare_row *row, const struct mill_compare_points *base,
                      const struct mill_compare_points *head, unsigned mode)
{
    size_t bases = 0, heads = 0;
    for (size_t i = 0; i < base->count + head->count; i++) {
        row->pairs[i] = (struct mill_compare_pair){(json_int_t)i, NAN, NAN};
    }
    for (size_t i = 0; i < base->count; i++) {
        if (base->points[i].mode == mode) {
            row->pairs[bases++].base = base->points[i].value;
        }
    }
    for (size_t i = 0; i < head->count; i++) {
        if (head->points[i].mode == mode) {
            row->pairs[heads++].head = head->points[i].value;
        }
    }
    row->n = bases < heads ? bases : heads;
    row->pair_count = bases > heads ? bases : heads;
}

/* The values of one side, those that are there, into `values`; returns how many. */
static size_t side_of(const struct mill_compare_row *row, bool head, double *values)
{
    size_t count = 0;
    for (size_t i = 0; i < row->pair_count; i++) {
        double value = head ? row->pairs[i].head : row->pairs[i].base;
        if (!isnan(value)) {
            values[count++] = value;
        }
    }
    return count;
}

/* ---- one row ---- */

/* Two sides of values, taken out of a row. */
struct sides {
    double *base, *head, *costs;
    size_t bases, heads;
};

static int take_sides(struct sides *sides, const struct mill_compare_row *row)
{
    sides->base = calloc(3 * row->pair_count + 1, sizeof *sides->base);
    if (!sides->base) {
        return -ENOMEM;
    }
    sides->head = sides->base + row->pair_count;
    sides->costs = sides->head + row->pair_count;
    sides->bases = side_of(row, false, sides->base);
    sides->heads = side_of(row, true, sides->head);
    return 0;
}

int mill_row_weigh(struct mill_compare_row *row, bool paired, double step_ns)
{
    struct sides sides;
    bool higher = mill_metric_higher_is_better(row->metric);
    int status = take_sides(&sides, row);
    if (status < 0) {
        return status;
    }
    row->base = mill_median(sides.base, sides.bases);
    row->head = mill_median(sides.head, sides.heads);
    if (is_latency(row->metric) && row->base > 0) {
        row->margin = fmax(row->margin, clock_steps * step_ns / row->base);
    }
    if (paired) {
        status = mill_costs(sides.base, sides.head, row->n, higher, sides.costs);
        if (status == 0) {
            status = mill_chances_of(sides.costs, row->n, row->margin, &row->p);
        }
    } else {
        status =
            mill_rank_chances(sides.base, sides.bases, sides.head, sides.heads, higher, row->margin, &row->p);
    }
    free(sides.base);
    return status;
}

int mill_row_bound(struct mill_compare_row *row, bool paired, size_t rows)
{
    struct sides sides;
    double level = MILL_COMPARE_ALPHA / (double)(rows > 0 ? rows : 1);
    int status = take_sides(&sides, row);
    if (status < 0) {
        return status;
    }
    if (paired) {
        status = mill_paired_compare(sides.head, sides.base, row->n, 1 - 2 * level, &row->ratio);
        if (status == 0) {
            status = mill_costs(sides.base, sides.head, row->n, mill_metric_higher_is_better(row->metric),
                                sides.costs);
        }
    } else {
        status =
            mill_rank_compare(sides.base, sides.bases, sides.head, sides.heads, 1 - 2 * level, &row->ratio);
    }
    row->detectable = NAN;
    if (status == 0 && paired && row->n > 0) {
        size_t needed =
            mill_pairs_needed(sides.costs, row->n, row->margin, level, MILL_COMPARE_POWER, rounds_most);
        double lost = (double)(row->n + row->unpaired) / (double)row->n;
        row->detectable = mill_detectable(sides.costs, row->n, row->margin, level, MILL_COMPARE_POWER);
        row->rounds_needed = (size_t)ceil((double)needed * lost);
    }
    free(sides.base);
    return status;
}

double mill_row_least(const struct mill_compare_row *row, bool paired)
{
    if (paired) {
        return ldexp(1, -(int)(row->n < 1000 ? row->n : 1000));
    }
    size_t bases = 0, heads = 0;
    for (size_t i = 0; i < row->pair_count; i++) {
        bases += isnan(row->pairs[i].base) ? 0 : 1;
        heads += isnan(row->pairs[i].head) ? 0 : 1;
    }
    return mill_rank_least(bases, heads);
}

int mill_comparison_add_counts(struct mill_comparison *comparison, const struct mill_pairing *pairing,
                               const json_t *base_cell, const json_t *head_cell, double base, double head,
                               double margin)
{
    struct mill_compare_row *grown =
        realloc(comparison->rows, (comparison->count + 1) * sizeof *comparison->rows);
    if (!grown) {
        return -ENOMEM;
    }
    comparison->rows = grown;
    enum mill_change change = head > base * (1 + margin)   ? MILL_CHANGE_REGRESSED
                              : base > head * (1 + margin) ? MILL_CHANGE_IMPROVED
                                                           : MILL_CHANGE_EQUIVALENT;
    comparison->rows[comparison->count++] = (struct mill_compare_row){
        .base_cell = base_cell,
        .head_cell = head_cell,
        .kind = pairing->kind,
        .why_not = pairing->why_not,
        .metric = MILL_METRIC_INSTRUCTIONS,
        .mode = "any",
        .everywhere = true,
        .n = 1,
        .base = base,
        .head = head,
        .ratio =
            {.rounds = 1, .ratio = head / base, .low = head / base, .high = head / base, .confidence = 1},
        .margin = margin,
        .p = {NAN, NAN, NAN},
        .adjusted = {NAN, NAN, NAN},
        .measured = change,
        .verdict = change,
        .detectable = 1 + margin,
    };
    return 0;
}
