/* The parts of a SARIF log; private to this folder. One thread. Memory that runs out for a part of a result
 * leaves no result, and no log.
 */
#ifndef MILL_REPORT_SARIF_H
#define MILL_REPORT_SARIF_H

#include "harness/json_parts.h"
#include "report/view_parts.h"

/* The run under construction. */
struct mill_sarif {
    json_t *rules, *results;
    size_t expected; /* findings that controls were to show, and did */
    bool failed;     /* out of memory: there is no log */
};

struct mill_sarif_finding {
    const char *by, *kind; /* the rule: who found it, and what it is */
    const char *message;   /* for people */
    const char *subject;   /* what tells it from others of its rule and stacks, the same in every run */
    const char *scenario;  /* where to look when there is no stack; "": nowhere */
    const json_t *stacks;  /* [{"what", "context", "frames": [{"function", "file", "line"}]}] or NULL */
};

/* A result, whose rule enters the list when it is new; the caller's. NULL when memory ran out. */
json_t *mill_sarif_result(struct mill_sarif *sarif, const struct mill_sarif_finding *finding);

/* The location of a {"function", "file", "line"}, with a message or "". NULL when memory ran out. */
json_t *mill_sarif_location(const json_t *frame, const char *message);

void mill_sarif_of_result(struct mill_sarif *sarif, const struct mill_view_input *input);
void mill_sarif_of_stress(struct mill_sarif *sarif, const struct mill_view_input *input);
void mill_sarif_of_hunt(struct mill_sarif *sarif, const struct mill_view_input *input);

#endif
