/* Two threads store to one variable each and load the other's: may both be told that the other has not stored
 * yet? A store that waits in a buffer while the load behind it goes ahead does that, on every machine of
 * today. What rests on its absence: Dekker's and Peterson's locks, hazard pointers, sleeping on a flag.
 */
#include "scenarios/list.h"
#include "scenarios/litmus_rig.h"

static mill_litmus_seen play(const struct mill_litmus_ops *ops, struct mill_litmus_cell *cell, unsigned party)
{
    return (mill_litmus_seen)(party == 0 ? ops->store_then_load(&cell->x, &cell->y)
                                         : ops->store_then_load(&cell->y, &cell->x));
}

static unsigned classify(const mill_litmus_seen *seen)
{
    return seen[0] ? (seen[1] ? 0 : 1) : seen[1] ? 2 : 3;
}

#define STRONG                                                                  \
    {"1, 1", MILL_OUTCOME_ACCEPTABLE, "both stores came before both loads"},    \
        {"1, 0", MILL_OUTCOME_ACCEPTABLE, "the second thread was there first"}, \
    {                                                                           \
        "0, 1", MILL_OUTCOME_ACCEPTABLE, "the first thread was there first"     \
    }

static const struct mill_litmus_shape shape = {
    .parties = 2,
    .weak = MILL_LITMUS_STORE_BUFFERING,
    .play = play,
    .classify = classify,
    .count = 4,
    .allowed = {STRONG,
                {"0, 0", MILL_OUTCOME_INTERESTING,
                 "each load went ahead of the store before it, which waited in a buffer: allowed"}},
    .forbidden = {STRONG,
                  {"0, 0", MILL_OUTCOME_FORBIDDEN,
                   "in one order of all accesses the last store comes before one of the loads"}},
};

MILL_LITMUS_SCENARIO(store_buffering, "store-buffering",
                     "litmus test: two threads store, then look for each other; may both see nothing?", shape,
                     2);
