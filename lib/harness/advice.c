#include "harness/advice.h"

#include <math.h>
#include <string.h>

static const struct mill_summary_cell *cell_of(const struct mill_summary *summary,
                                               const struct mill_summary_row *row)
{
    return &summary->cells[row->cell];
}

static bool can_be_taken(const struct mill_summary *summary, const struct mill_summary_row *row)
{
    const struct mill_summary_cell *cell = cell_of(summary, row);
    return cell->verdict == MILL_VERDICT_PASS && cell->checked && !cell->control && row->samples > 0 &&
           isfinite(row->rate.ratio) && row->rate.ratio > 0;
}

/* What a row is ranked by: more is better, NaN is out. */
typedef double rank(const struct mill_summary_row *row);

static double rate_of(const struct mill_summary_row *row)
{
    return row->rate.ratio;
}

static double tail_of(const struct mill_summary_row *row)
{
    return row->latency && row->latency->count > 0 ? -(double)mill_histogram_percentile(row->latency, 99)
                                                   : NAN;
}

static double cpu_of(const struct mill_summary_row *row)
{
    return row->per_cpu_second;
}

static double fairness_of(const struct mill_summary_row *row)
{
    return row->jain_slice;
}

/* The best of a mode below `limit`, or NULL; among equals the first. */
static const struct mill_summary_row *best_below(const struct mill_summary *summary, const char *mode,
                                                 rank *value, const struct mill_summary_row *limit)
{
    const struct mill_summary_row *best = NULL;
    for (size_t i = 0; i < summary->row_count; i++) {
        const struct mill_summary_row *row = &summary->rows[i];
        if (strcmp(row->mode, mode) != 0 || !can_be_taken(summary, row) || !isfinite(value(row))) {
            continue;
        }
        bool below = !limit || value(row) < value(limit) ||
                     (row > limit && !(value(row) > value(limit))); /* equals in the order of the rows */
        if (below && (!best || value(row) > value(best))) {
            best = row;
        }
    }
    return best;
}

static bool has_mode(const struct mill_advice *advice, size_t count, const char *mode)
{
    return mill_advice_for(advice, count, mode) != NULL;
}

static size_t samples_in(const struct mill_summary *summary, const char *mode)
{
    size_t samples = 0;
    for (size_t i = 0; i < summary->row_count; i++) {
        samples += strcmp(summary->rows[i].mode, mode) == 0 ? summary->rows[i].samples : 0;
    }
    return samples;
}

/* It might have been taken, had any sample of it counted. */
static bool is_untold(const struct mill_summary_cell *cell)
{
    return (cell->verdict == MILL_VERDICT_UNTRUSTED || cell->verdict == MILL_VERDICT_NOT_RUN) &&
           cell->checked && !cell->control;
}

/* Is there another cell that might have been taken in the mode of the best? */
static bool has_untold(const struct mill_summary *summary, const struct mill_summary_row *best)
{
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct mill_summary_cell *cell = &summary->cells[i];
        bool elsewhere = cell->verdict == MILL_VERDICT_PASS && cell->checked && !cell->control;
        if (i != best->cell && (elsewhere || is_untold(cell))) {
            return true;
        }
    }
    return false;
}

static void find_lead(struct mill_advice *one, const struct mill_summary *summary)
{
    for (size_t i = 0; i < summary->leader_count; i++) {
        const struct mill_summary_pair *pair = &summary->leaders[i];
        if (pair->cell == one->best->cell && strcmp(pair->mode, one->mode) == 0) {
            one->lead = pair->ratio;
        }
    }
}

static void advise(struct mill_advice *one, const struct mill_summary *summary, const char *mode)
{
    *one = (struct mill_advice){
        .mode = mode,
        .best = best_below(summary, mode, rate_of, NULL),
        .by_tail = best_below(summary, mode, tail_of, NULL),
        .by_cpu = best_below(summary, mode, cpu_of, NULL),
        .by_fairness = best_below(summary, mode, fairness_of, NULL),
    };
    if (one->best) {
        one->next = best_below(summary, mode, rate_of, one->best);
        one->untold = !one->next && has_untold(summary, one->best);
        find_lead(one, summary);
    }
}

size_t mill_advice_make(struct mill_advice advice[MILL_ADVICE_MODES], const struct mill_summary *summary)
{
    size_t count = 0;
    for (size_t i = 0; i < summary->row_count && count < MILL_ADVICE_MODES; i++) {
        const char *mode = summary->rows[i].mode;
        if (!has_mode(advice, count, mode)) {
            advise(&advice[count], summary, mode);
            count += advice[count].best != NULL;
        }
    }
    for (size_t i = 1; i < count; i++) { /* at most three: by insertion */
        for (size_t j = i;
             j > 0 && samples_in(summary, advice[j].mode) > samples_in(summary, advice[j - 1].mode); j--) {
            struct mill_advice swapped = advice[j];
            advice[j] = advice[j - 1];
            advice[j - 1] = swapped;
        }
    }
    return count;
}

bool mill_advice_is_clear(const struct mill_advice *one)
{
    return one->next ? one->lead.rounds > 0 && one->lead.low > 1 : !one->untold;
}

const struct mill_advice *mill_advice_for(const struct mill_advice *advice, size_t count, const char *mode)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(advice[i].mode, mode) == 0) {
            return &advice[i];
        }
    }
    return NULL;
}

/* Is the name among those that are there? */
static bool is_listed(const struct mill_text *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names->text; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

static void add_name(struct mill_text *names, const char *name)
{
    if (!is_listed(names, name)) {
        mill_text_add(names, "%s%s", names->length > 0 ? "," : "", name);
    }
}

void mill_advice_shortlist(struct mill_text *names, const struct mill_summary *summary, size_t most)
{
    struct mill_advice advice[MILL_ADVICE_MODES];
    size_t modes = mill_advice_make(advice, summary);
    for (size_t i = 0; i < modes; i++) {
        const struct mill_summary_row *row = advice[i].best;
        for (size_t place = 0; place < most && row; place++) {
            add_name(names, cell_of(summary, row)->strategy);
            row = best_below(summary, advice[i].mode, rate_of, row);
        }
    }
    for (size_t i = 0; i < summary->cell_count; i++) {
        if (is_untold(&summary->cells[i])) {
            add_name(names, summary->cells[i].strategy);
        }
    }
}
