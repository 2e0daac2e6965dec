/* From what was asked for to the cells that will be measured.
 *
 * A cell is one scenario × strategy × parameters × number of threads. A cell that cannot run stays in the
 * plan with the reason, so that it is shown, not skipped.
 *
 *     struct mill_plan plan;
 *     int status = mill_plan_make(&plan, &request, &scenarios, processors, &error);
 *     …
 *     mill_plan_destroy(&plan);
 */
#ifndef MILL_HARNESS_PLAN_H
#define MILL_HARNESS_PLAN_H

#include <stdbool.h>

#include "core/error.h"
#include "harness/launch.h"
#include "harness/parameter.h"
#include "harness/sample.h"
#include "harness/scenario.h"

/* What was asked for, as words. */
struct mill_request {
    const char *const *scenarios; /* names; none: every scenario */
    size_t scenario_count;
    const char *strategies; /* comma-separated names; "all" of each family; NULL: those that stand for it */
    bool without_foreign;   /* of all strategies, leave those of other libraries out (peers) */
    const char *threads;    /* comma-separated numbers; NULL: 1, 2, 4 … up to the processors */
    const char *const *settings; /* "name=value", each for every scenario of the request */
    size_t setting_count;
    enum mill_tool tool; /* under which it will run */
};

struct mill_cell {
    const struct mill_scenario *scenario;
    const struct mill_strategy *strategy;
    int64_t values[MILL_PARAMETERS_MAX];
    unsigned threads;
    bool oversubscribed;     /* more threads than processors */
    const char *unsupported; /* why it will not be run, or NULL; constant, or in `reason` of this very cell */
    char reason[96];
    bool must_show; /* a control that must be caught: its threads have processors enough to meet on */
    const struct mill_expectation *expectation; /* of a control; NULL: it shall pass */
    const struct mill_launch *launch;           /* how its children are started; NULL: as the run says */
    bool beside_previous; /* measured next to the cell before it in each round: what is compared with it */
};

struct mill_plan {
    struct mill_cell *cells;
    size_t count;
};

/* -EINVAL with a message that names the word and the nearest names: an unknown scenario, strategy or
 * parameter, a value out of bounds, a number of threads that is none, something named twice. A strategy must
 * exist in every scenario that was named; when none was named, it selects the scenarios that have it.
 * -ENOMEM. */
int mill_plan_make(struct mill_plan *plan, const struct mill_request *request,
                   const struct mill_scenario_list *list, size_t processors, struct mill_error *error);
void mill_plan_destroy(struct mill_plan *plan);

/* -EINVAL, with a message that says there is no scenario `word`, and which names are near. */
int mill_scenario_unknown(const struct mill_scenario_list *list, const char *word, struct mill_error *error);

#endif
