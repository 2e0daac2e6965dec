#include "compare_stored.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare_plan.h"
#include "harness/compare_document.h"
#include "harness/result.h"

enum {
    cells_most = 10000, /* each is looked for among the others */
};

struct stored {
    json_t *base, *head; /* head is base, for strategies */
    struct mill_pairing *pairings;
    size_t count;
    json_t *not_measured, *differences, *notes;
    const char *reference; /* of strategies: the first one's */
};

static const json_t *cells_of(const json_t *result)
{
    return json_object_get(result, "cells");
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool same(const json_t *a, const json_t *b, const char *name)
{
    return json_equal(json_object_get(a, name), json_object_get(b, name));
}

static bool same_group(const json_t *a, const json_t *b)
{
    return same(a, b, "scenario") && same(a, b, "threads") && same(a, b, "parameters");
}

static void leave_out(struct stored *stored, const json_t *cell, const char *reason)
{
    json_array_append_new(
        stored->not_measured,
        mill_compare_left_out(text_of(cell, "scenario"), text_of(cell, "strategy"),
                              (unsigned)json_integer_value(json_object_get(cell, "threads")), reason));
}

static const char *why_left_out(const json_t *cell)
{
    const char *unsupported = json_string_value(json_object_get(cell, "unsupported"));
    return unsupported                                      ? unsupported
           : json_is_true(json_object_get(cell, "control")) ? "a control: a mistake kept on purpose"
                                                            : NULL;
}

static void add(struct stored *stored, size_t base, size_t head, const char *why_not)
{
    stored->pairings[stored->count++] = (struct mill_pairing){
        .base = base, .head = head, .kind = why_not ? MILL_ROW_SHOWN : MILL_ROW_GATES, .why_not = why_not};
}

/* ---- two results ---- */

/* Where it makes no sense to compare. */
static int check_alike(const struct stored *stored, const struct mill_run_request *run,
                       struct mill_error *error)
{
    static const struct {
        const char *part, *member, *what;
    } alike[] = {
        {"build", "flavour", "builds of unlike flavours (a sanitizer's times say nothing)"},
        {"settings", "rate", "an open loop, or one of another rate"},
        {"settings", "latency_every", "latencies of which other operations were timed"},
        {"settings", "pin", "threads that were pinned in another way"},
    };
    for (size_t i = 0; i < sizeof alike / sizeof alike[0]; i++) {
        if (!same(json_object_get(stored->base, alike[i].part), json_object_get(stored->head, alike[i].part),
                  alike[i].member)) {
            return mill_error_set(error, -EINVAL, "'%s' and '%s' cannot be compared: %s", run->scenarios[0],
                                  run->scenarios[1], alike[i].what);
        }
    }
    return 0;
}

/* On another machine nothing gates: which of build and machine made the difference, nobody can tell. */
static const char *why_not(const struct stored *stored, const json_t *cell)
{
    const json_t *one = json_object_get(stored->base, "machine"),
                 *other = json_object_get(stored->head, "machine");
    if (!same(one, other, "processor") || !same(one, other, "processors")) {
        return "measured on another machine";
    }
    return json_is_true(json_object_get(cell, "oversubscribed")) ? "more threads than processors" : NULL;
}

/* The head's cell of the same case, not yet taken; count when there is none. */
static size_t find_partner(const struct stored *stored, const json_t *cell)
{
    size_t index;
    json_t *other;
    json_array_foreach(cells_of(stored->head), index, other)
    {
        if (same_group(cell, other) && same(cell, other, "strategy")) {
            break;
        }
    }
    return index;
}

static void pair_results(struct stored *stored)
{
    size_t index;
    json_t *cell;
    bool *taken = calloc(json_array_size(cells_of(stored->head)) + 1, sizeof *taken);
    json_array_foreach(cells_of(stored->base), index, cell)
    {
        const char *left_out = why_left_out(cell);
        size_t partner = find_partner(stored, cell);
        bool found = partner < json_array_size(cells_of(stored->head));
        if (left_out || !found) {
            leave_out(stored, cell, left_out ? left_out : "only base has it, with these parameters");
        } else {
            add(stored, index, partner, why_not(stored, cell));
        }
        if (found && taken) {
            taken[partner] = true;
        }
    }
    json_array_foreach(cells_of(stored->head), index, cell)
    {
        if (taken && !taken[index]) {
            leave_out(stored, cell, "only head has it, with these parameters");
        }
    }
    free(taken);
}

/* ---- strategies of one ---- */

/* The first cell of the group of `cell` that is named so, or that can be compared with; count for none. */
static size_t find_reference(const struct stored *stored, const json_t *cell, const char *against)
{
    size_t index;
    json_t *other;
    json_array_foreach(cells_of(stored->base), index, other)
    {
        if (same_group(cell, other) && !why_left_out(other) &&
            (!against || strcmp(text_of(other, "strategy"), against) == 0)) {
            break;
        }
    }
    return index;
}

static void pair_strategies(struct stored *stored, const char *against)
{
    size_t index;
    json_t *cell;
    json_array_foreach(cells_of(stored->base), index, cell)
    {
        size_t reference = find_reference(stored, cell, against);
        const json_t *base = json_array_get(cells_of(stored->base), reference);
        const char *left_out = why_left_out(cell);
        if (left_out || !base) {
            leave_out(stored, cell, left_out ? left_out : "there is nothing to compare it with");
        } else if (reference != index) {
            bool shapes = !same(base, cell, "shape");
            stored->reference = stored->reference ? stored->reference : text_of(base, "strategy");
            add(stored, reference, index, shapes ? "of another shape" : why_not(stored, cell));
        }
    }
    json_array_append_new(
        stored->notes, json_string("no A/A: a stored run has no second set of the base strategy's samples"));
}

/* ---- the whole ---- */

static int load(struct stored *stored, const struct mill_compare_request *request, struct mill_error *error)
{
    const struct mill_run_request *run = &request->run;
    int status = mill_result_load(run->scenarios[0], &stored->base, error);
    if (status == 0 && request->form == MILL_COMPARE_RESULTS) {
        status = mill_result_load(run->scenarios[1], &stored->head, error);
        status = status < 0 ? status : check_alike(stored, run, error);
    } else if (status == 0) {
        stored->head = json_incref(stored->base);
    }
    size_t most = json_array_size(cells_of(stored->base));
    if (status == 0 && (most > cells_most || json_array_size(cells_of(stored->head)) > cells_most)) {
        return mill_error_set(error, -EINVAL, "'%s' has more cells than the %d that can be compared",
                              run->scenarios[most > cells_most ? 0 : 1], cells_most);
    }
    if (status == 0) {
        stored->pairings = calloc(most + 1, sizeof *stored->pairings);
        stored->not_measured = json_array();
        stored->notes = json_array();
        stored->differences = mill_compare_differences(stored->base, stored->head);
        status = stored->pairings
                     ? 0
                     : mill_error_set(error, -ENOMEM, "no memory for a comparison of %zu cells", most);
    }
    return status;
}

static void unload(struct stored *stored)
{
    json_decref(stored->base);
    json_decref(stored->head);
    json_decref(stored->not_measured);
    json_decref(stored->differences);
    json_decref(stored->notes);
    free(stored->pairings);
}

static json_t *document_of(const struct stored *stored, const struct mill_compare_request *request,
                           const char *command, const struct mill_compare_input *input,
                           const struct mill_comparison *comparison)
{
    const struct mill_run_request *run = &request->run;
    bool two = request->form == MILL_COMPARE_RESULTS;
    const struct mill_compare_facts facts = {
        .command = command,
        .form = two ? "results" : "strategies",
        .base = {.label = two ? run->scenarios[0] : stored->reference,
                 .path = run->scenarios[0],
                 .build = json_object_get(stored->base, "build")},
        .head = {.label = two ? run->scenarios[1] : "the other strategies",
                 .path = run->scenarios[two ? 1 : 0],
                 .build = json_object_get(stored->head, "build")},
        .differences = stored->differences,
        .notes = stored->notes,
        .not_measured = stored->not_measured,
        .input = input,
        .comparison = comparison,
    };
    return mill_compare_document(&facts);
}

int mill_compare_stored(const struct mill_compare_request *request, const char *command, json_t **document,
                        struct mill_error *error)
{
    struct stored stored = {0};
    struct mill_comparison comparison;
    int status = load(&stored, request, error);
    if (status < 0) {
        unload(&stored);
        return status;
    }
    if (request->form == MILL_COMPARE_RESULTS) {
        pair_results(&stored);
    } else {
        pair_strategies(&stored, request->against);
    }
    struct mill_compare_input input = {
        .base = stored.base,
        .head = stored.head,
        .paired = request->form != MILL_COMPARE_RESULTS,
        .pairings = stored.pairings,
        .count = stored.count,
        .margin = request->margin,
    };
    memcpy(input.metrics, request->metrics, sizeof input.metrics);
    status = stored.count > 0
                 ? mill_compare(&comparison, &input, error)
                 : mill_error_set(error, -EINVAL, "there is nothing in '%s' that can be compared%s%s",
                                  request->run.scenarios[0], request->against ? " with " : "",
                                  request->against ? request->against : "");
    if (status == 0) {
        mill_comparison_settle(&comparison);
        *document = document_of(&stored, request, command, &input, &comparison);
        status = *document ? 0 : mill_error_set(error, -ENOMEM, "no memory for the document");
        mill_comparison_destroy(&comparison);
    }
    unload(&stored);
    return status;
}
