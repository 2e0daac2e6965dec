/* The parts of a SARIF log; private to this folder. One thread.
 */
#ifndef MILL_REPORT_SARIF_H
#define MILL_REPORT_SARIF_H

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

/* Adds a result, and its rule when it is new. Returns it, to add to; NULL when memory ran out. */
json_t *mill_sarif_add(struct mill_sarif *sarif, const struct mill_sarif_finding *finding);

/* The location of a {"function", "file", "line"}, with a message or "". NULL when memory ran out. */
json_t *mill_sarif_location(const json_t *frame, const char *message);

/* Sets "locations", "stacks" and "relatedLocations". */
void mill_sarif_add_stacks(json_t *result, const json_t *stacks, const char *scenario);

void mill_sarif_of_result(struct mill_sarif *sarif, const struct mill_view_input *input);
void mill_sarif_of_stress(struct mill_sarif *sarif, const struct mill_view_input *input);
void mill_sarif_of_hunt(struct mill_sarif *sarif, const struct mill_view_input *input);

#endif
