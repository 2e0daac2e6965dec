/* Why a history is not linearizable: the smallest part of it that still is not, and words for it.
 *
 *     struct mill_counterexample example;
 *     status = mill_counterexample_make(&model, calls.calls, calls.count, result.broken_key, NULL, &example,
 *                                       &error);
 *     status = mill_counterexample_print(&model, &example, write_to_file, stderr);
 *     mill_counterexample_free(&example);
 *
 * What is left away is left away soundly: if the smaller history is wrong, so is the whole.
 *
 *   - What happened after the first moment at which it was wrong. Calls that were under way are pending.
 *   - Where more than a dozen calls are left: a beginning after which nothing was under way, when all of its
 *     orders end in one state. The rest begins in that state.
 *   - Calls that changed nothing (reads, tries that failed).
 *   - Calls that belong together (the put and the get of one item, a lock's acquire and release), as the
 * model says (struct mill_leaving), unless a refusal that is still there may rest on them.
 *
 * Any thread may make and print one; the calls must not change meanwhile.
 */
#ifndef MILL_MEASURE_COUNTEREXAMPLE_H
#define MILL_MEASURE_COUNTEREXAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "measure/linearizability.h"

struct mill_counterexample {
    int64_t key;             /* the part that it is of, */
    size_t whole;            /* and how many calls that has */
    struct mill_call *calls; /* what is left of them, by invocation; owned */
    size_t count;
    bool begun;                   /* it begins in `from` and not as the model does; owned */
    struct mill_model_state from; /* where the calls left away at the beginning led to */
    bool smallest;                /* nothing more can be left away so; false: the limit was reached */
};

/* From the part `key` of a history; `limits` (NULL: the usual ones) is for the first search, and four times
 * as much for all that follow. 0; -ENOENT: that part is linearizable, or the search is undecided; else as
 * mill_linearizability_check. */
int mill_counterexample_make(const struct mill_model *model, const struct mill_call *calls, size_t count,
                             int64_t key, const struct mill_linearizability_limits *limits,
                             struct mill_counterexample *example, struct mill_error *error);

/* A zeroed one, too. */
void mill_counterexample_free(struct mill_counterexample *example);

/* Takes the next line, newline included and no NUL behind it: 0, or a negative errno that ends the printing.
 */
typedef int mill_line_writer(void *context, const char *line, size_t size);

/* Writes it in words, in UTF-8: a timeline with a column for each thread, the longest order that works, and
 * why it cannot go on. 0; what the writer said; -EINVAL (NULL); -ENOMEM; -E2BIG. */
int mill_counterexample_print(const struct mill_model *model, const struct mill_counterexample *example,
                              mill_line_writer *write, void *context);

#endif
