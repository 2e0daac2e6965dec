/* Measuring what is to be compared: all sides in the same rounds, then the flagged rows once more.
 *
 * A plan of such a kind has, for each cell that is asked for, a block: the base, the head or heads, and where
 * A/A is looked at, the base again. The pairings say which cell is which.
 *
 *     struct mill_compare_measured measured;
 *     int status = mill_compare_run(&order, &observer, &measured, &error);
 *     … mill_compare_document, of &measured.input, &measured.comparison …
 *     mill_compare_measured_destroy(&measured);
 *
 * One thread at a time; blocks while it measures.
 */
#ifndef MILL_HARNESS_COMPARE_RUN_H
#define MILL_HARNESS_COMPARE_RUN_H

#include "harness/compare.h"
#include "harness/run.h"

struct mill_compare_order {
    struct mill_plan *plan; /* cells of rows that were not flagged are unsupported in it for the second time,
                               and as they were afterwards */
    const struct mill_pairing *pairings;
    size_t count;
    const struct mill_run_settings *settings;
    bool metrics[MILL_METRIC_COUNT];
    double margin;
    const char *command;
    const json_t *machine, *build; /* of the documents; not taken over */
    bool once;                     /* flagged rows are not measured again */
};

struct mill_compare_measured {
    json_t *result; /* of the first measurement */
    json_t *again;  /* of the second; NULL: none was needed */
    uint64_t again_seed;
    struct mill_compare_input input;
    struct mill_comparison comparison; /* settled */
};

/* A budget in the settings is that of each of both measurements. Which metrics are timed decides which kinds
 * of samples are taken. Interrupted: 0, and the documents say so; an interrupted second measurement confirms
 * nothing. A negative errno when the engine failed, or as mill_compare; there is nothing to be destroyed
 * then. */
int mill_compare_run(const struct mill_compare_order *order, const struct mill_run_observer *observer,
                     struct mill_compare_measured *measured, struct mill_error *error);
void mill_compare_measured_destroy(struct mill_compare_measured *measured);

/* Adds cell `cell` at the end of the plan. 0 or -ENOMEM. */
int mill_plan_append(struct mill_plan *plan, const struct mill_cell *cell);

#endif
