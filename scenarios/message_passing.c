/* One thread stores data and then a flag, another loads the flag and then the data: may the flag be seen
 * before what it announces? What rests on its absence: every hand-over by a flag.
 */
#include "scenarios/list.h"
#include "scenarios/litmus_rig.h"

static mill_litmus_seen play(const struct mill_litmus_ops *ops, struct mill_litmus_cell *cell, unsigned party)
{
    int seen[2] = {0, 0};
    if (party == 0) {
        ops->store_both(&cell->x, &cell->y);
    } else {
        ops->load_both(&cell->y, &cell->x, seen);
    }
    return (mill_litmus_seen)(seen[0] | seen[1] << 1);
}

static unsigned classify(const mill_litmus_seen *seen)
{
    static const unsigned which[] = {0, 3, 1, 2}; /* by flag | data << 1 */
    return which[seen[1]];
}

#define STRONG                                                                     \
    {"flag 0, data 0", MILL_OUTCOME_ACCEPTABLE, "the reader came first"},          \
        {"flag 0, data 1", MILL_OUTCOME_ACCEPTABLE, "the writer came in between"}, \
    {                                                                              \
        "flag 1, data 1", MILL_OUTCOME_ACCEPTABLE, "the writer came first"         \
    }

static const struct mill_litmus_shape shape = {
    .parties = 2,
    .weak = MILL_LITMUS_MESSAGE_PASSING,
    .play = play,
    .classify = classify,
    .count = 4,
    .allowed = {STRONG,
                {"flag 1, data 0", MILL_OUTCOME_INTERESTING,
                 "the stores, or the loads, changed places: allowed; x86 does not, its compilers may"}},
    .forbidden = {STRONG,
                  {"flag 1, data 0", MILL_OUTCOME_FORBIDDEN,
                   "who sees the flag (acquire) sees what was stored before it (release)"}},
};

MILL_LITMUS_SCENARIO(message_passing, "message-passing",
                     "litmus test: data, then a flag; may the flag be seen and the data not?", shape, 2);
