/* Two threads load the other's variable and then store to their own: may both see what the other stores only
 * afterwards? C11 allows it of relaxed accesses, and machines of the ARM kind may do it; x86 never does.
 */
#include "scenarios/list.h"
#include "scenarios/litmus_rig.h"

static mill_litmus_seen play(const struct mill_litmus_ops *ops, struct mill_litmus_cell *cell, unsigned party)
{
    return (mill_litmus_seen)(party == 0 ? ops->load_then_store(&cell->y, &cell->x)
                                         : ops->load_then_store(&cell->x, &cell->y));
}

static unsigned classify(const mill_litmus_seen *seen)
{
    return seen[0] ? (seen[1] ? 3 : 1) : seen[1] ? 2 : 0;
}

#define STRONG                                                                            \
    {"0, 0", MILL_OUTCOME_ACCEPTABLE, "both loads came before both stores"},              \
        {"1, 0", MILL_OUTCOME_ACCEPTABLE, "the second thread was done before the first"}, \
    {                                                                                     \
        "0, 1", MILL_OUTCOME_ACCEPTABLE, "the first thread was done before the second"    \
    }

static const struct mill_litmus_shape shape = {
    .parties = 2,
    .weak = MILL_LITMUS_LOAD_BUFFERING,
    .play = play,
    .classify = classify,
    .count = 4,
    .allowed = {STRONG,
                {"1, 1", MILL_OUTCOME_INTERESTING, "each store went ahead of the load before it: allowed"}},
    .forbidden = {STRONG,
                  {"1, 1", MILL_OUTCOME_FORBIDDEN,
                   "each load saw a store that was released behind the other one: a circle"}},
};

MILL_LITMUS_SCENARIO(load_buffering, "load-buffering",
                     "litmus test: look for each other, then store; may both see what comes later?", shape,
                     2);
