#include "compare_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "harness/child.h"
#include "harness/compare_run.h"

json_t *mill_compare_left_out(const char *scenario, const char *strategy, unsigned threads,
                              const char *reason)
{
    return json_pack("{s:s, s:s, s:i, s:s}", "scenario", scenario, "strategy", strategy, "threads",
                     (int)threads, "reason", reason);
}

static void leave_out(struct mill_compare_sides *sides, const struct mill_cell *cell, const char *reason)
{
    json_array_append_new(
        sides->not_measured,
        mill_compare_left_out(cell->scenario->name, cell->strategy->name, cell->threads, reason));
}

const char *mill_compare_why_not(const struct mill_cell *base, const struct mill_cell *head)
{
    char one[MILL_SHAPE_MAX], other[MILL_SHAPE_MAX];
    const char *a = mill_family_shape(base->scenario->family, base->strategy, one);
    const char *b = mill_family_shape(head->scenario->family, head->strategy, other);
    if (base->oversubscribed) {
        return "more threads than processors";
    }
    return a && b && strcmp(a, b) != 0 ? "of another shape" : NULL;
}

static int open_sides(struct mill_compare_sides *sides)
{
    *sides = (struct mill_compare_sides){.not_measured = json_array()};
    return sides->not_measured ? 0 : -ENOMEM;
}

void mill_compare_sides_destroy(struct mill_compare_sides *sides)
{
    mill_plan_destroy(&sides->plan);
    free(sides->pairings);
    json_decref(sides->not_measured);
    *sides = (struct mill_compare_sides){0};
}

static int add_cell(struct mill_compare_sides *sides, const struct mill_cell *cell,
                    const struct mill_launch *launch, bool beside_previous)
{
    struct mill_cell copy = *cell;
    copy.launch = launch;
    copy.beside_previous = beside_previous;
    return mill_plan_append(&sides->plan, &copy);
}

/* The last cell of the plan as head of cell `base`. */
static int add_pairing(struct mill_compare_sides *sides, size_t base, enum mill_row_kind kind,
                       const char *why_not)
{
    struct mill_pairing *grown = realloc(sides->pairings, (sides->count + 1) * sizeof *grown);
    if (!grown) {
        return -ENOMEM;
    }
    sides->pairings = grown;
    sides->pairings[sides->count++] =
        (struct mill_pairing){.base = base, .head = sides->plan.count - 1, .kind = kind, .why_not = why_not};
    return 0;
}

/* Is there an A/A pair of this scenario and number of threads? */
static bool has_aa(const struct mill_compare_sides *sides, const struct mill_cell *cell)
{
    for (size_t i = 0; i < sides->count; i++) {
        const struct mill_cell *other = &sides->plan.cells[sides->pairings[i].base];
        if (sides->pairings[i].kind == MILL_ROW_AA && other->scenario == cell->scenario &&
            other->threads == cell->threads) {
            return true;
        }
    }
    return false;
}

/* Base once more, behind its block. */
static int add_aa(struct mill_compare_sides *sides, const struct mill_cell *cell,
                  const struct mill_launch *launch, size_t base)
{
    if (cell->oversubscribed || has_aa(sides, cell)) {
        return 0;
    }
    int status = add_cell(sides, cell, launch, true);
    return status < 0 ? status : add_pairing(sides, base, MILL_ROW_AA, NULL);
}

/* ---- two builds ---- */

/* One brief sample: does this build know the case? An answer that it does not is exit code 3 (child.h);
 * anything else that goes wrong is for the measurement to show. */
static int try_cell(const struct mill_launch *launch, const struct mill_cell *cell, const char *side,
                    char *reason, size_t size, struct mill_error *error)
{
    const struct mill_child_options options = {
        .launch = launch, .grace_ns = 10 * MILL_NS_PER_S, .interrupted = mill_interrupted};
    struct mill_sample_spec spec = {
        .scenario = cell->scenario,
        .strategy = cell->strategy,
        .threads = cell->threads,
        .every = 1,
        .pin = MILL_PIN_NONE,
        .window_ns = MILL_NS_PER_MS,
        .slice_ns = MILL_NS_PER_MS,
    };
    json_t *sample;
    memcpy(spec.values, cell->values, sizeof spec.values);
    int status = mill_child_run(&options, &spec, &sample, error);
    if (status < 0) {
        return status;
    }
    const char *why = json_string_value(json_object_get(sample, "reason"));
    const char *said = json_string_value(json_object_get(sample, "stderr"));
    reason[0] = '\0';
    if (why && strcmp(why, "the child ended with exit code 3") == 0) {
        snprintf(reason, size, "%s does not know it: %.*s", side, (int)strcspn(said ? said : why, "\n"),
                 said ? said : why);
    }
    json_decref(sample);
    return 0;
}

static int add_builds(struct mill_compare_sides *sides, const struct mill_cell *base,
                      const struct mill_cell *head, const struct mill_launch *launch_base,
                      const struct mill_launch *launch_head)
{
    size_t first = sides->plan.count;
    const char *why_not = mill_compare_why_not(base, head);
    int status = add_cell(sides, base, launch_base, false);
    status = status < 0 ? status : add_cell(sides, head, launch_head, true);
    status =
        status < 0 ? status : add_pairing(sides, first, why_not ? MILL_ROW_SHOWN : MILL_ROW_GATES, why_not);
    return status < 0 ? status : add_aa(sides, base, launch_base, first);
}

/* Why the cell is not measured at all, or NULL. */
static const char *why_left_out(const struct mill_cell *cell)
{
    return cell->unsupported                                          ? cell->unsupported
           : mill_scenario_is_control(cell->scenario, cell->strategy) ? "a control: a mistake kept on purpose"
                                                                      : NULL;
}

int mill_compare_plan_builds(struct mill_compare_sides *sides, const struct mill_plan *base,
                             const struct mill_plan *head, const struct mill_launch *launch_base,
                             const struct mill_launch *launch_head, struct mill_error *error)
{
    int status = open_sides(sides);
    for (size_t i = 0; status == 0 && i < base->count; i++) {
        const struct mill_cell *cell = &base->cells[i];
        char reason[512] = "";
        const char *left_out = why_left_out(cell);
        if (!left_out) {
            status = try_cell(launch_base, cell, "base", reason, sizeof reason, error);
            if (status == 0 && !reason[0]) {
                status = try_cell(launch_head, &head->cells[i], "head", reason, sizeof reason, error);
            }
            left_out = reason[0] ? reason : NULL;
        }
        if (status < 0) {
            break;
        }
        if (left_out) {
            leave_out(sides, cell, left_out);
        } else {
            status = add_builds(sides, cell, &head->cells[i], launch_base, launch_head);
        }
    }
    if (status == -ENOMEM) {
        mill_error_set(error, status, "no memory for a comparison of %zu cells", base->count);
    }
    if (status < 0) {
        mill_compare_sides_destroy(sides);
    }
    return status;
}

/* ---- strategies ---- */

static bool same_group(const struct mill_cell *a, const struct mill_cell *b)
{
    return a->scenario == b->scenario && a->threads == b->threads &&
           memcmp(a->values, b->values, sizeof a->values) == 0;
}

/* The cell of the group of cells[first] that the others are compared with; count when there is none. */
static size_t find_reference(const struct mill_plan *plan, size_t first, const char *against)
{
    for (size_t i = first; i < plan->count; i++) {
        const struct mill_cell *cell = &plan->cells[i];
        if (same_group(cell, &plan->cells[first]) && !why_left_out(cell) &&
            (!against || strcmp(cell->strategy->name, against) == 0)) {
            return i;
        }
    }
    return plan->count;
}

static bool begins_group(const struct mill_plan *plan, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (same_group(&plan->cells[i], &plan->cells[at])) {
            return false;
        }
    }
    return true;
}

/* Does the group of the reference have a cell to be compared with it? */
static bool has_other(const struct mill_plan *plan, size_t reference)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct mill_cell *cell = &plan->cells[i];
        if (i != reference && same_group(cell, &plan->cells[reference]) && !why_left_out(cell)) {
            return true;
        }
    }
    return false;
}

/* The group of cells[first], as one block. */
static int add_group(struct mill_compare_sides *sides, const struct mill_plan *plan, size_t first,
                     const char *against)
{
    size_t reference = find_reference(plan, first, against);
    size_t begin = sides->plan.count;
    if (reference < plan->count && !has_other(plan, reference)) {
        reference = plan->count;
    }
    int status = reference < plan->count ? add_cell(sides, &plan->cells[reference], NULL, false) : 0;
    for (size_t i = first; status == 0 && i < plan->count; i++) {
        const struct mill_cell *cell = &plan->cells[i];
        const char *left_out = why_left_out(cell);
        if (i == reference || !same_group(cell, &plan->cells[first])) {
            continue;
        }
        if (left_out || reference == plan->count) {
            leave_out(sides, cell, left_out ? left_out : "there is nothing to compare it with");
            continue;
        }
        const char *why_not = mill_compare_why_not(&plan->cells[reference], cell);
        status = add_cell(sides, cell, NULL, true);
        status = status < 0 ? status
                            : add_pairing(sides, begin, why_not ? MILL_ROW_SHOWN : MILL_ROW_GATES, why_not);
    }
    return status == 0 && reference < plan->count ? add_aa(sides, &plan->cells[reference], NULL, begin)
                                                  : status;
}

static bool is_named(const struct mill_plan *plan, const char *strategy)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->cells[i].strategy->name, strategy) == 0) {
            return true;
        }
    }
    return false;
}

int mill_compare_plan_strategies(struct mill_compare_sides *sides, const struct mill_plan *plan,
                                 const char *against, struct mill_error *error)
{
    if (against && !is_named(plan, against)) {
        return mill_error_set(error, -EINVAL,
                              "--against '%s': it is none of the strategies that are measured", against);
    }
    int status = open_sides(sides);
    for (size_t i = 0; status == 0 && i < plan->count; i++) {
        if (begins_group(plan, i)) {
            status = add_group(sides, plan, i, against);
        }
    }
    if (status < 0) {
        mill_compare_sides_destroy(sides);
        return mill_error_set(error, status, "no memory for a comparison of %zu cells", plan->count);
    }
    return 0;
}
