/* The search for one order in which all calls of one part of a history could have taken effect (Wing and Gong
 * 1993, as improved by Lowe 2017). Private to the check and the counterexample.
 *
 * The events, calls and returns, are a doubly linked list in the order of time. Any call before the first
 * return may take effect next; it is lifted out of the list, with its return, and the search goes on from the
 * beginning. At a return whose call has not taken effect the last choice is undone. A configuration that was
 * met before (which calls have taken effect, and the state) is not entered again.
 *
 * What returns soonest is tried first: a call that was under way for long took effect late more often than
 * early. Two more things keep it short. A call that may be left out (struct mill_leaving) and leaves the
 * state as it is now is taken for good: in any order that works it can be moved to here. And in a queue,
 * items that were got one after the other must have been put in that order, so a put waits for those that it
 * must not overtake.
 */
#ifndef MILL_MEASURE_LINEARIZABILITY_SEARCH_H
#define MILL_MEASURE_LINEARIZABILITY_SEARCH_H

#include "measure/linearizability.h"

/* One point of one call. */
struct mill_search_step {
    uint32_t call;
    uint32_t point;
};

/* The longest order that works, when none works to the end. */
struct mill_dead_end {
    struct mill_search_step *order; /* owned */
    size_t count;
    struct mill_model_state state; /* after it; owned */
};

struct mill_search_request {
    const struct mill_model *model;
    const struct mill_model_state *from; /* the state at the beginning; NULL: the model's own */
    const struct mill_call *calls;       /* valid, and of one part */
    size_t count;
    const struct mill_linearizability_limits *limits;
    bool blind; /* without foresight: states then say nothing of the calls that led to them */
};

/* `configurations` is added to. `dead_end` may be NULL; it is filled when the verdict is
 * MILL_NOT_LINEARIZABLE, and else empty. 0, -E2BIG or -ENOMEM. */
int mill_linearizability_search(const struct mill_search_request *request, enum mill_history_verdict *verdict,
                                uint64_t *configurations, struct mill_dead_end *dead_end);

/* Of calls that have all returned: do all orders that work end in one and the same state? 1, and `end` is
 * that state (its words are the caller's to free); 0: there are several, or none, or a limit was reached;
 * -E2BIG or -ENOMEM. */
int mill_linearizability_end_state(const struct mill_search_request *request, struct mill_model_state *end,
                                   uint64_t *configurations);

/* A zeroed one too. */
void mill_dead_end_free(struct mill_dead_end *dead_end);

#endif
