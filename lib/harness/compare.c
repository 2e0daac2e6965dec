#include "harness/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/compare_row.h"

/* ---- the rows ---- */

static const json_t *cell_of(const json_t *result, size_t cell)
{
    return json_array_get(json_object_get(result, "cells"), cell);
}

/* The steps of the clock, where the document tells, and no finer than the nanoseconds that are kept. */
static double step_of(const json_t *result)
{
    return fmax(1, mill_sample_number(json_object_get(result, "machine"), "clock_step_ns"));
}

/* One series each, of base and head. */
struct gathered {
    struct mill_compare_points base, head;
};

static int gather(struct gathered *both, const struct mill_index *bases, const struct mill_index *heads,
                  const struct mill_pairing *pairing, enum mill_metric metric, struct mill_error *error)
{
    both->head.points = NULL;
    int status = mill_compare_collect(&both->base, bases, pairing->base, metric, error);
    if (status == 0) {
        status = mill_compare_collect(&both->head, heads, pairing->head, metric, error);
    }
    return status;
}

static void scatter(struct gathered *both)
{
    free(both->base.points);
    free(both->head.points);
}

static int add_row(struct mill_comparison *comparison, const struct mill_compare_input *input, size_t pairing,
                   enum mill_metric metric, const struct gathered *both, unsigned mode)
{
    struct mill_compare_row *row = &comparison->rows[comparison->count];
    *row = (struct mill_compare_row){
        .base_cell = cell_of(input->base, input->pairings[pairing].base),
        .head_cell = cell_of(input->head, input->pairings[pairing].head),
        .pairing = pairing,
        .kind = input->pairings[pairing].kind,
        .why_not = input->pairings[pairing].why_not,
        .metric = metric,
        .mode = mill_compare_modes[mode],
        .margin = input->margin,
        .base = NAN,
        .head = NAN,
    };
    row->pairs = calloc(both->base.count + both->head.count + 1, sizeof *row->pairs);
    if (!row->pairs) {
        return -ENOMEM;
    }
    if (input->paired) {
        mill_row_pair_up(row, &both->base, &both->head, (int)mode);
    } else {
        mill_row_heap_up(row, &both->base, &both->head, mode);
    }
    comparison->count++;
    return mill_row_weigh(row, input->paired, fmax(step_of(input->base), step_of(input->head)));
}

/* A row for each mode; which of them stay is decided once all are known. */
static int add_rows(struct mill_comparison *comparison, const struct mill_compare_input *input,
                    const struct mill_index *bases, const struct mill_index *heads, size_t pairing,
                    enum mill_metric metric, struct mill_error *error)
{
    struct gathered both;
    size_t first = comparison->count, paired = 0;
    int status = gather(&both, bases, heads, &input->pairings[pairing], metric, error);
    for (unsigned mode = 0; status == 0 && mode < MILL_COMPARE_MODES; mode++) {
        status = add_row(comparison, input, pairing, metric, &both, mode);
    }
    for (size_t i = first; i < comparison->count; i++) {
        paired += comparison->rows[i].n;
    }
    for (size_t i = first; i < comparison->count; i++) {
        comparison->rows[i].unpaired =
            comparison->rounds_done > paired ? comparison->rounds_done - paired : 0;
    }
    scatter(&both);
    return status;
}

static bool same_cell(const struct mill_compare_row *a, const struct mill_compare_row *b)
{
    return a->pairing == b->pairing && a->metric == b->metric;
}

/* The rows of one cell and metric, one a mode, are next to each other: those of row i are among these. */
static size_t first_beside(size_t i)
{
    return i >= MILL_COMPARE_MODES ? i - MILL_COMPARE_MODES + 1 : 0;
}

static size_t end_beside(const struct mill_comparison *comparison, size_t i)
{
    return i + MILL_COMPARE_MODES < comparison->count ? i + MILL_COMPARE_MODES : comparison->count;
}

/* Of the rows of one cell and metric that cannot be decided, none stays beside one that can, and else the one
 * with the most pairs. */
static bool is_superfluous(const struct mill_comparison *comparison, const bool *able, size_t i)
{
    const struct mill_compare_row *rows = comparison->rows;
    for (size_t j = first_beside(i); !able[i] && j < end_beside(comparison, i); j++) {
        if (j != i && same_cell(&rows[i], &rows[j]) &&
            (able[j] || rows[j].n > rows[i].n || (rows[j].n == rows[i].n && j < i))) {
            return true;
        }
    }
    return false;
}

static bool drop_superfluous(struct mill_comparison *comparison, bool *able)
{
    bool *drop = calloc(comparison->count + 1, sizeof *drop);
    size_t kept = 0;
    if (!drop) {
        return false;
    }
    for (size_t i = 0; i < comparison->count; i++) {
        drop[i] = is_superfluous(comparison, able, i);
    }
    for (size_t i = 0; i < comparison->count; i++) {
        if (drop[i]) {
            free(comparison->rows[i].pairs);
            continue;
        }
        able[kept] = able[i];
        comparison->rows[kept] = comparison->rows[i];
        if (comparison->rows[kept].pair_count == 0) {
            comparison->rows[kept].mode = "any";
        }
        kept++;
    }
    comparison->count = kept;
    free(drop);
    return true;
}

/* ---- the table ---- */

/* Which rows can be decided, kind by kind, into able[]. */
static int find_able(struct mill_comparison *comparison, bool *able)
{
    double *least = calloc(comparison->count + 1, sizeof *least);
    bool *these = calloc(comparison->count + 1, sizeof *these);
    int status = least && these ? 0 : -ENOMEM;
    for (int kind = 0; status == 0 && kind < MILL_ROW_KINDS; kind++) {
        size_t count = 0;
        for (size_t i = 0; i < comparison->count; i++) {
            if ((int)comparison->rows[i].kind == kind) {
                least[count++] = mill_row_least(&comparison->rows[i], comparison->paired);
            }
        }
        comparison->corrected[kind] = mill_testable(least, count, MILL_COMPARE_ALPHA, these);
        count = 0;
        for (size_t i = 0; i < comparison->count; i++) {
            if ((int)comparison->rows[i].kind == kind) {
                able[i] = these[count++];
            }
        }
    }
    free(least);
    free(these);
    return status;
}

/* Holm's correction of one statement over the rows of a kind that can be decided. */
static int correct(struct mill_comparison *comparison, const bool *able, int kind, size_t offset)
{
    double *p = calloc(comparison->count + 1, sizeof *p);
    size_t count = 0;
    if (!p) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < comparison->count; i++) {
        if (able[i] && (int)comparison->rows[i].kind == kind) {
            p[count++] = *(double *)(void *)((char *)&comparison->rows[i].p + offset);
        }
    }
    int status = mill_holm(p, count, p);
    count = 0;
    for (size_t i = 0; status == 0 && i < comparison->count; i++) {
        if ((int)comparison->rows[i].kind == kind) {
            *(double *)(void *)((char *)&comparison->rows[i].adjusted + offset) = able[i] ? p[count++] : 1;
        }
    }
    free(p);
    return status;
}

/* A/A: the two sides are the same program, and the gate must not say otherwise; nor may they differ at all,
 * be it less than the margin, by more than chance explains. */
static bool is_off(const struct mill_compare_row *row, size_t rows)
{
    size_t more = 0, less = 0;
    for (size_t i = 0; i < row->pair_count; i++) {
        more += row->pairs[i].head > row->pairs[i].base;
        less += row->pairs[i].head < row->pairs[i].base;
    }
    size_t most = more > less ? more : less;
    double chance = 2 * mill_binomial_tail(more + less, 0.5, most) * (double)(rows > 0 ? rows : 1);
    return row->measured == MILL_CHANGE_REGRESSED || row->measured == MILL_CHANGE_IMPROVED ||
           chance < MILL_COMPARE_ALIKE;
}

/* Does every other row, of another mode, say the same, and had none too little to say? */
static bool holds_everywhere(const struct mill_comparison *comparison, const struct mill_compare_row *row)
{
    size_t paired = 0;
    bool alike = true;
    size_t at = (size_t)(row - comparison->rows);
    for (size_t i = first_beside(at); i < end_beside(comparison, at); i++) {
        const struct mill_compare_row *other = &comparison->rows[i];
        if (same_cell(row, other)) {
            paired += other->n;
            alike = alike && other->measured == row->measured;
        }
    }
    return alike && (!comparison->paired || paired + row->unpaired >= comparison->rounds_done);
}

static int judge_table(struct mill_comparison *comparison)
{
    static const size_t statements[] = {
        offsetof(struct mill_chances, regressed),
        offsetof(struct mill_chances, improved),
        offsetof(struct mill_chances, equivalent),
    };
    bool *able = calloc(comparison->count + 1, sizeof *able);
    int status = able ? find_able(comparison, able) : -ENOMEM;
    if (status == 0 && !drop_superfluous(comparison, able)) {
        status = -ENOMEM;
    }
    for (int kind = 0; kind < MILL_ROW_KINDS; kind++) {
        for (size_t s = 0; status == 0 && s < sizeof statements / sizeof statements[0]; s++) {
            status = correct(comparison, able, kind, statements[s]);
        }
    }
    size_t gating = 0;
    for (size_t i = 0; status == 0 && i < comparison->count; i++) {
        struct mill_compare_row *row = &comparison->rows[i];
        size_t rows = comparison->corrected[row->kind];
        row->measured = row->verdict = mill_change_of(&row->adjusted, MILL_COMPARE_ALPHA);
        status = mill_row_bound(row, comparison->paired, rows);
        gating += row->kind == MILL_ROW_GATES;
        if (row->kind == MILL_ROW_AA && is_off(row, rows)) {
            row->off = true;
            comparison->trusted = false;
        }
        if (row->measured != MILL_CHANGE_INCONCLUSIVE) {
            row->rounds_needed = 0;
        }
    }
    for (size_t i = 0; status == 0 && i < comparison->count; i++) {
        comparison->rows[i].everywhere = holds_everywhere(comparison, &comparison->rows[i]);
    }
    comparison->pairs_to_decide = mill_pairs_to_decide(gating, MILL_COMPARE_ALPHA);
    free(able);
    return status;
}

static int explain(int status, struct mill_error *error)
{
    if (status == -ENOMEM) {
        return mill_error_set(error, status, "no memory for the comparison");
    }
    if (status == -EINVAL || status == -ERANGE) {
        return mill_error_set(error, status, "the samples hold numbers that cannot be compared");
    }
    return status;
}

/* The accepted samples of both documents, by cell. */
static int open_indices(struct mill_index *bases, struct mill_index *heads,
                        const struct mill_compare_input *input)
{
    *bases = *heads = (struct mill_index){0};
    int status =
        mill_index_create(bases, input->base, json_array_size(json_object_get(input->base, "cells")));
    return status < 0 ? status
                      : mill_index_create(heads, input->head,
                                          json_array_size(json_object_get(input->head, "cells")));
}

static unsigned rounds_done(const json_t *result)
{
    return (unsigned)json_integer_value(json_object_get(json_object_get(result, "settings"), "rounds_done"));
}

int mill_compare(struct mill_comparison *comparison, const struct mill_compare_input *input,
                 struct mill_error *error)
{
    struct mill_index bases, heads;
    *comparison = (struct mill_comparison){.margin = input->margin,
                                           .paired = input->paired,
                                           .trusted = true,
                                           .rounds_done = rounds_done(input->head)};
    size_t most = input->count * MILL_METRIC_COUNT * MILL_COMPARE_MODES;
    comparison->rows = calloc(most + 1, sizeof *comparison->rows);
    int status = open_indices(&bases, &heads, input);
    status = comparison->rows ? status : -ENOMEM;
    for (size_t i = 0; i < input->count; i++) {
        json_int_t threads =
            json_integer_value(json_object_get(cell_of(input->base, input->pairings[i].base), "threads"));
        for (int metric = 0; status == 0 && metric < MILL_METRIC_INSTRUCTIONS; metric++) {
            bool alone = metric == MILL_METRIC_FAIRNESS && threads == 1;
            if (input->metrics[metric] && !alone) {
                status = add_rows(comparison, input, &bases, &heads, i, (enum mill_metric)metric, error);
            }
        }
    }
    if (status == 0) {
        status = judge_table(comparison);
    }
    mill_index_destroy(&bases);
    mill_index_destroy(&heads);
    if (status < 0) {
        mill_comparison_destroy(comparison);
    }
    return explain(status, error);
}

void mill_comparison_destroy(struct mill_comparison *comparison)
{
    for (size_t i = 0; comparison->rows && i < comparison->count; i++) {
        free(comparison->rows[i].pairs);
    }
    free(comparison->rows);
    *comparison = (struct mill_comparison){0};
}

/* ---- the second time ---- */

static bool is_flagged(const struct mill_comparison *comparison, const struct mill_compare_row *row)
{
    return comparison->trusted && row->kind == MILL_ROW_GATES && row->metric != MILL_METRIC_INSTRUCTIONS &&
           row->measured == MILL_CHANGE_REGRESSED;
}

size_t mill_comparison_flagged(const struct mill_comparison *comparison)
{
    size_t flagged = 0;
    for (size_t i = 0; i < comparison->count; i++) {
        flagged += is_flagged(comparison, &comparison->rows[i]);
    }
    return flagged;
}

/* The pairs of the row's own mode, when they are enough to decide `flagged` rows; else those of all modes:
 * when the row is not regressed in any of them, no pair is beyond the margin more often than not, so that the
 * test holds for the mixture too. */
static int weigh_again(struct mill_compare_row *row, const struct gathered *both, size_t flagged,
                       const struct mill_compare_input *input)
{
    struct mill_compare_row again = *row;
    again.pairs = calloc(both->base.count + both->head.count + 1, sizeof *again.pairs);
    if (!again.pairs) {
        return -ENOMEM;
    }
    int own = 0;
    while (strcmp(mill_compare_modes[own], row->mode) != 0) {
        own++;
    }
    mill_row_pair_up(&again, &both->base, &both->head, own);
    if (again.n < mill_pairs_to_decide(flagged, MILL_COMPARE_ALPHA)) {
        again.mode = "any";
        mill_row_pair_up(&again, &both->base, &both->head, -1);
    }
    int status = mill_row_weigh(&again, input->paired, step_of(input->base));
    if (status == 0) {
        status = mill_row_bound(&again, input->paired, flagged);
    }
    row->again = (struct mill_compare_again){
        .done = true, .mode = again.mode, .n = again.n, .ratio = again.ratio, .p = again.p.regressed};
    free(again.pairs);
    return status;
}

static int settle_again(struct mill_comparison *comparison, size_t flagged)
{
    double *p = calloc(flagged + 1, sizeof *p);
    size_t count = 0;
    if (!p) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < comparison->count; i++) {
        if (is_flagged(comparison, &comparison->rows[i])) {
            p[count++] = comparison->rows[i].again.p;
        }
    }
    int status = mill_holm(p, count, p);
    count = 0;
    for (size_t i = 0; status == 0 && i < comparison->count; i++) {
        struct mill_compare_row *row = &comparison->rows[i];
        if (is_flagged(comparison, row)) {
            row->again.p = p[count++];
            row->again.confirmed = row->again.p <= MILL_COMPARE_ALPHA;
        }
    }
    free(p);
    return status;
}

int mill_compare_confirm(struct mill_comparison *comparison, const struct mill_compare_input *again,
                         struct mill_error *error)
{
    struct mill_index bases, heads;
    size_t flagged = mill_comparison_flagged(comparison);
    int status = open_indices(&bases, &heads, again);
    for (size_t i = 0; status == 0 && i < comparison->count; i++) {
        struct mill_compare_row *row = &comparison->rows[i];
        struct gathered both;
        if (!is_flagged(comparison, row)) {
            continue;
        }
        status = gather(&both, &bases, &heads, &again->pairings[row->pairing], row->metric, error);
        if (status == 0) {
            status = weigh_again(row, &both, flagged, again);
        }
        scatter(&both);
    }
    if (status == 0) {
        status = settle_again(comparison, flagged);
    }
    mill_index_destroy(&bases);
    mill_index_destroy(&heads);
    return explain(status, error);
}

/* ---- the end ---- */

void mill_comparison_settle(struct mill_comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++) {
        struct mill_compare_row *row = &comparison->rows[i];
        bool open = is_flagged(comparison, row) && !row->again.confirmed &&
                    (row->again.done || comparison->must_confirm);
        row->verdict = open ? MILL_CHANGE_INCONCLUSIVE : row->measured;
    }
}

bool mill_comparison_row_trusted(const struct mill_comparison *comparison, const struct mill_compare_row *row)
{
    return comparison->trusted || row->metric == MILL_METRIC_INSTRUCTIONS;
}

void mill_comparison_tally(const struct mill_comparison *comparison, size_t counts[4])
{
    memset(counts, 0, 4 * sizeof counts[0]);
    for (size_t i = 0; i < comparison->count; i++) {
        const struct mill_compare_row *row = &comparison->rows[i];
        counts[row->verdict] += row->kind == MILL_ROW_GATES && mill_comparison_row_trusted(comparison, row);
    }
}
