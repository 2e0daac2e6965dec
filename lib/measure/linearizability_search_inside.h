/* What a search works on: made and freed by linearizability_search_open.c, walked by
 * linearizability_search.c, and private to them.
 */
#ifndef MILL_MEASURE_LINEARIZABILITY_SEARCH_INSIDE_H
#define MILL_MEASURE_LINEARIZABILITY_SEARCH_INSIDE_H

#include "measure/configurations.h"
#include "measure/linearizability_search.h"

#define MILL_NO_NODE UINT32_MAX

enum { MILL_SEARCH_HEAD = 0, MILL_SEARCH_WORD_BITS = 64 };

/* An event: the call of a step, or the return of a call. */
struct mill_search_node {
    uint64_t stamp;
    uint32_t previous, next;
    uint32_t step;  /* MILL_NO_NODE: a return */
    uint32_t match; /* of a call's last step: its return; MILL_NO_NODE while it has none */
};

struct mill_search_choice {
    uint32_t node;
    bool sure; /* if there is an order, there is one with this now */
    const struct mill_configuration *before;
};

struct mill_search {
    const struct mill_model *model; /* these three of the request */
    const struct mill_call *calls;
    const struct mill_linearizability_limits *limits;
    size_t steps_count, node_count, word_count;
    struct mill_search_step *steps;   /* by the time of their calls, those of one call one behind the other */
    struct mill_foresight *foresight; /* of each call */
    bool *droppable;                  /* of each call: it may be left out, by itself (struct mill_leaving) */
    uint32_t
        *leaving; /* of a first-in-first-out model: steps by the latest moment at which what they bring */
    size_t leaving_count;               /* has left; those of which it is not known are not among them */
    size_t leaving_first;               /* all before have taken effect */
    uint32_t *place;                    /* where a step stands in that; MILL_NO_NODE */
    struct mill_search_node *nodes;     /* the first is the head */
    struct mill_search_choice *choices; /* made so far */
    size_t depth;
    size_t returns_left;
    struct mill_model_state state;
    uint64_t *bits; /* of the steps that have taken effect */
    size_t first;   /* words of ones before, */
    size_t end;     /* and zeros from here on */
    uint64_t bits_hash;
    struct mill_configurations met;
    const struct mill_configuration *now;
    struct mill_dead_end *dead_end;
};

/* Everything but its first configuration. 0, -E2BIG or -ENOMEM. To be closed in any case. */
int mill_search_open(struct mill_search *search, const struct mill_search_request *request);
void mill_search_close(struct mill_search *search);

#endif
