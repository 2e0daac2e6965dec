/* Two threads store to one variable each, two others load both, in opposite orders: may one see the first
 * store before the second, and the other the second before the first? (Independent reads of independent
 * writes.) Release and acquire allow it; where every store reaches all processors at once it does not happen.
 */
#include "scenarios/list.h"
#include "scenarios/litmus_rig.h"

enum { WRITES_X, WRITES_Y, READS_X_FIRST, READS_Y_FIRST };

static mill_litmus_seen play(const struct mill_litmus_ops *ops, struct mill_litmus_cell *cell, unsigned party)
{
    int seen[2] = {0, 0};
    switch (party) {
    case WRITES_X:
        ops->store(&cell->x);
        break;
    case WRITES_Y:
        ops->store(&cell->y);
        break;
    case READS_X_FIRST:
        ops->load_both(&cell->x, &cell->y, seen);
        break;
    case READS_Y_FIRST:
    default:
        ops->load_both(&cell->y, &cell->x, seen);
        break;
    }
    return (mill_litmus_seen)(seen[0] | seen[1] << 1);
}

/* The first of a reader's loads saw a store, the other none. */
static bool saw_only_the_first(mill_litmus_seen seen)
{
    return seen == 1;
}

static unsigned classify(const mill_litmus_seen *seen)
{
    bool x_first = saw_only_the_first(seen[READS_X_FIRST]), y_first = saw_only_the_first(seen[READS_Y_FIRST]);
    return x_first && y_first ? 2 : x_first || y_first ? 1 : 0;
}

#define STRONG                                                                                              \
    {"no order seen", MILL_OUTCOME_ACCEPTABLE, "neither reader can tell which store came first"},           \
    {                                                                                                       \
        "one order seen", MILL_OUTCOME_ACCEPTABLE, "one reader can tell, and the other does not contradict" \
    }

static const struct mill_litmus_shape shape = {
    .parties = 4,
    .weak = MILL_LITMUS_INDEPENDENT_READS,
    .play = play,
    .classify = classify,
    .count = 3,
    .allowed = {STRONG,
                {"both orders seen", MILL_OUTCOME_INTERESTING,
                 "a store reached one reader sooner than the other: allowed"}},
    .forbidden = {STRONG,
                  {"both orders seen", MILL_OUTCOME_FORBIDDEN,
                   "there is one order of all accesses, and the readers disagree on it"}},
};

MILL_LITMUS_SCENARIO(independent_reads, "independent-reads",
                     "litmus test: two stores, two readers; may they disagree on which came first?", shape,
                     4);
