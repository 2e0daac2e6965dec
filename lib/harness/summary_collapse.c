#include <math.h>
#include <string.h>

#include "harness/summary_compare.h"

/* Far beyond what fewer processors than threads explain: those would cost the factor by which they are too
 * few, and some switching. */
static const double share_left = 0.01;

bool mill_summary_same_task(const struct mill_summary_cell *a, const struct mill_summary_cell *b)
{
    return strcmp(a->scenario, b->scenario) == 0 && json_equal(a->parameters, b->parameters);
}

/* Could its rate be compared with what a cell that works reaches? */
static bool may_collapse(const struct mill_summary_cell *cell)
{
    bool right = cell->verdict == MILL_VERDICT_PASS;
    bool idle = cell->verdict == MILL_VERDICT_UNTRUSTED && cell->accepted > 0 && !cell->worked;
    return cell->oversubscribed && cell->checked && !cell->control && (right || idle);
}

static double rate_of(const struct mill_summary_row *row)
{
    return isfinite(row->rate.ratio) ? row->rate.ratio : 0;
}

/* The best rate that `cell` could have been expected to come near: its own strategy's with processors enough,
 * else its neighbours'. 0: nothing to compare with. */
static double reachable(const struct mill_summary *summary, const struct mill_summary_cell *cell)
{
    double own = 0, beside = 0;
    for (size_t i = 0; i < summary->row_count; i++) {
        const struct mill_summary_cell *other = &summary->cells[summary->rows[i].cell];
        if (!mill_summary_same_task(cell, other) || other->control || !other->checked) {
            continue;
        }
        if (strcmp(cell->strategy, other->strategy) == 0 && !other->oversubscribed) {
            own = fmax(own, rate_of(&summary->rows[i]));
        } else if (cell->threads == other->threads) {
            beside = fmax(beside, rate_of(&summary->rows[i]));
        }
    }
    return own > 0 ? own : beside;
}

static double reached(const struct mill_summary *summary, size_t cell)
{
    double best = 0;
    for (size_t i = 0; i < summary->row_count; i++) {
        best = summary->rows[i].cell == cell ? fmax(best, rate_of(&summary->rows[i])) : best;
    }
    return best;
}

void mill_summary_find_collapsed(struct mill_summary *summary)
{
    for (size_t i = 0; i < summary->cell_count; i++) {
        struct mill_summary_cell *cell = &summary->cells[i];
        if (may_collapse(cell) && reached(summary, i) < share_left * reachable(summary, cell)) {
            cell->verdict = MILL_VERDICT_COLLAPSED;
            cell->reason = "less than a hundredth of its speed is left where threads outnumber processors";
        }
    }
}
