/* The deterministic side of a comparison: the instructions of an operation, one thread alone, as Valgrind's
 * callgrind counts them. They repeat to the count where time does not.
 *
 * Each build makes a number of operations and twice as many, in processes of their own; the difference is
 * free of set-up and of the loop's beginning and end. The longer one is made twice: what does not repeat (an
 * operation that waits for time to pass) is shown and does not gate.
 */
#ifndef MILL_BENCH_COMPARE_INSTRUCTIONS_H
#define MILL_BENCH_COMPARE_INSTRUCTIONS_H

#include "compare_plan.h"
#include "compare_sides.h"

/* 0, or -ENOENT with a message that says what is missing. */
int mill_compare_instructions_find(struct mill_error *error);

/* Adds a row to `comparison` for each scenario and strategy of the plans (cells of one thread; cells[i] of
 * both are the same but for their parameters), and what could not be counted to not_measured. `cells` is the
 * array of the plan's cells as a result document has it, and must outlive the comparison. 0 or a negative
 * errno; -EINTR. Blocks for some seconds a cell. */
int mill_compare_instructions(struct mill_comparison *comparison, const struct mill_compare_builds *builds,
                              const struct mill_plan *base, const struct mill_plan *head, const json_t *cells,
                              double margin, json_t *not_measured, struct mill_error *error);

#endif
