/* A run that was recorded: what its calls were told, judged by the scenario's model.
 *
 *     one.history = …                                          before setup
 *     … the run, its threads joined, verify …
 *     struct mill_model copy;
 *     const struct mill_model *model = mill_case_model(&one, &copy);
 *     … teardown: a subject's own threads may record until then …
 *     struct mill_recorded recorded;
 *     int status = mill_recorded_judge(model, one.history, NULL, &recorded, &error);
 *     if (status == 0 && recorded.verdict == MILL_NOT_LINEARIZABLE)
 *         fputs(recorded.timeline.text, stderr);
 *     mill_recorded_free(&recorded);
 *
 * One thread; nobody records meanwhile.
 */
#ifndef MILL_HARNESS_RECORDED_H
#define MILL_HARNESS_RECORDED_H

#include <stdbool.h>

#include "core/error.h"
#include "core/text.h"
#include "harness/scenario.h"
#include "measure/linearizability.h"

struct mill_recorded {
    bool checked; /* the case has a model, and was recorded */
    enum mill_history_verdict verdict;
    size_t calls;    /* that were looked at */
    size_t pending;  /* of them */
    uint64_t missed; /* that found no room: what came behind the first of them was not looked at */
    uint64_t configurations;
    char sentence[256];        /* of a history that is not linearizable */
    struct mill_text timeline; /* and why it is not, in lines, of which the sentence is the first; owned.
                                  Empty where there was no memory to find out */
};

/* `limits` may be NULL (linearizability.h). 0, whatever the verdict, also without a model or a history; what
 * mill_linearizability_check says of calls that are no history; -ENOMEM. In either case mill_recorded_free is
 * due. */
int mill_recorded_judge(const struct mill_model *model, const struct mill_history *history,
                        const struct mill_linearizability_limits *limits, struct mill_recorded *recorded,
                        struct mill_error *error);

void mill_recorded_free(struct mill_recorded *recorded);

#endif
