/* From what is to be compared to what is measured: for each cell a block of base, head and, once for each
 * scenario and number of threads, base again (A/A); and which of them are pairs.
 *
 *     struct mill_compare_sides sides;
 *     int status = mill_compare_plan_builds(&sides, &base, &head, &launch_base, &launch_head, &error);
 *     … sides.plan, sides.pairings …
 *     mill_compare_sides_destroy(&sides);
 */
#ifndef MILL_BENCH_COMPARE_PLAN_H
#define MILL_BENCH_COMPARE_PLAN_H

#include "harness/compare.h"
#include "harness/plan.h"

struct mill_compare_sides {
    struct mill_plan plan;
    struct mill_pairing *pairings;
    size_t count;
    json_t *not_measured; /* as compare-1 has it */
};

/* Cell i of `head` is that of `base` with head's parameters. Each is tried once on both sides: what a build
 * does not know is not measured. Controls and what is unsupported are not measured either. Blocks while it
 * tries. 0; -EINTR; any other negative errno when a program could not be started, or memory ran out. The
 * launches must outlive the sides. */
int mill_compare_plan_builds(struct mill_compare_sides *sides, const struct mill_plan *base,
                             const struct mill_plan *head, const struct mill_launch *launch_base,
                             const struct mill_launch *launch_head, struct mill_error *error);

/* Each strategy of the plan against the one named, or the first that can run. -EINVAL when `against` is none
 * of them, or there is nothing to compare it with. */
int mill_compare_plan_strategies(struct mill_compare_sides *sides, const struct mill_plan *plan,
                                 const char *against, struct mill_error *error);

void mill_compare_sides_destroy(struct mill_compare_sides *sides);

/* One entry of not_measured. */
json_t *mill_compare_left_out(const char *scenario, const char *strategy, unsigned threads,
                              const char *reason);

/* Why two cells of one family are shown and do not gate, or NULL. */
const char *mill_compare_why_not(const struct mill_cell *base, const struct mill_cell *head);

#endif
