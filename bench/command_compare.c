/* threadmill compare: two builds, the strategies of one run, or two stored results → measured together →
 * verdicts, as a table and a document. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "commands.h"
#include "compare_instructions.h"
#include "compare_plan.h"
#include "compare_print.h"
#include "compare_request.h"
#include "compare_sides.h"
#include "compare_stored.h"
#include "harness/compare_document.h"
#include "harness/compare_run.h"
#include "harness/machine.h"
#include "harness/result.h"
#include "live.h"
#include "scenarios/list.h"

/* All that one comparison needs. */
struct comparison {
    struct mill_compare_request request;
    struct mill_cpus *cpus;
    struct mill_plan base_plan, head_plan;
    struct mill_compare_builds builds;
    struct mill_compare_sides sides;
    struct mill_text command;
    json_t *machine, *build, *notes, *differences;
};

static int fail(int status, const struct mill_error *error)
{
    if (status == -EINTR && mill_interrupted(NULL)) {
        return MILL_EXIT_INTERRUPTED;
    }
    return mill_complain(status == -EINVAL ? MILL_EXIT_USAGE : MILL_EXIT_MACHINE, "%s", error->message);
}

/* ---- what is measured ---- */

static int make_plan(const struct comparison *all, struct mill_plan *plan, bool head, const char *threads,
                     struct mill_error *error)
{
    const struct mill_compare_request *request = &all->request;
    const struct mill_run_request *run = &request->run;
    const struct mill_request asked = {
        .scenarios = run->scenarios,
        .scenario_count = run->scenario_count,
        .strategies = run->strategies,
        .without_foreign = true,
        .threads = threads,
        .settings = (const char *const *)(head ? request->head_settings : run->settings),
        .setting_count = head ? request->head_setting_count : run->setting_count,
    };
    return mill_plan_make(plan, &asked, &mill_scenarios, mill_cpus_count(all->cpus), error);
}

static int plan_builds(struct comparison *all, struct mill_error *error)
{
    int status = make_plan(all, &all->base_plan, false, all->request.run.threads, error);
    status = status < 0 ? status : make_plan(all, &all->head_plan, true, all->request.run.threads, error);
    if (status == 0 && all->request.metrics[MILL_METRIC_INSTRUCTIONS]) {
        status = mill_compare_instructions_find(error);
    }
    status = status < 0 ? status : mill_compare_builds_find(&all->builds, &all->request, error);
    status = status < 0 ? status
                        : mill_compare_plan_builds(&all->sides, &all->base_plan, &all->head_plan,
                                                   &all->builds.base.launch, &all->builds.head.launch, error);
    if (status == 0 && !json_equal(all->builds.base.says, all->builds.head.says)) {
        json_array_append_new(all->differences,
                              mill_compare_difference("build", json_string_value(all->builds.base.says),
                                                      json_string_value(all->builds.head.says)));
    }
    for (size_t i = 0; status == 0 && i < all->request.head_set; i++) {
        json_array_append_new(all->differences,
                              mill_compare_difference("parameters", NULL, all->request.head_settings[i]));
    }
    return status;
}

static int plan_all(struct comparison *all, struct mill_error *error)
{
    if (all->request.form == MILL_COMPARE_BUILDS) {
        return plan_builds(all, error);
    }
    int status = make_plan(all, &all->base_plan, false, all->request.run.threads, error);
    return status < 0
               ? status
               : mill_compare_plan_strategies(&all->sides, &all->base_plan, all->request.against, error);
}

/* Nothing to measure: wrong use, with every reason. */
static int refuse(const struct comparison *all)
{
    size_t index;
    json_t *cell;
    mill_complain(MILL_EXIT_USAGE, "nothing can be compared of what was asked for:");
    json_array_foreach(all->sides.not_measured, index, cell)
    {
        fprintf(stderr, "  %s with %s, %" JSON_INTEGER_FORMAT " threads: %s\n",
                json_string_value(json_object_get(cell, "scenario")),
                json_string_value(json_object_get(cell, "strategy")),
                json_integer_value(json_object_get(cell, "threads")),
                json_string_value(json_object_get(cell, "reason")));
    }
    return MILL_EXIT_USAGE;
}

/* How many rows would gate, and whether so many rounds can decide them. */
static void warn_of_few_rounds(struct comparison *all)
{
    size_t rows = 0;
    for (size_t i = 0; i < all->sides.count; i++) {
        const struct mill_pairing *pairing = &all->sides.pairings[i];
        for (int metric = 0; metric < MILL_METRIC_INSTRUCTIONS; metric++) {
            bool alone = metric == MILL_METRIC_FAIRNESS && all->sides.plan.cells[pairing->base].threads == 1;
            rows += pairing->kind == MILL_ROW_GATES && all->request.metrics[metric] && !alone;
        }
    }
    size_t needed = mill_pairs_to_decide(rows, MILL_COMPARE_ALPHA);
    if (all->request.run.run.rounds < needed) {
        char note[256];
        snprintf(
            note, sizeof note,
            "%u rounds can decide nothing: a table of %zu rows needs %zu, and more where they differ; give "
            "--rounds, or compare fewer",
            all->request.run.run.rounds, rows, needed);
        json_array_append_new(all->notes, json_string(note));
        mill_complain(MILL_EXIT_EXPECTED, "%s", note);
    }
}

/* ---- measuring ---- */

static json_t *document_of(const struct comparison *all, const struct mill_compare_measured *measured)
{
    bool builds = all->request.form == MILL_COMPARE_BUILDS;
    const struct mill_cell *reference =
        &all->sides.plan.cells[all->sides.count > 0 ? all->sides.pairings[0].base : 0];
    const struct mill_compare_facts facts = {
        .command = all->command.text,
        .form = builds ? "builds" : "strategies",
        .seed = all->request.run.run.seed,
        .seeded = true,
        .base = builds ? mill_compare_build_side(&all->builds.base)
                       : (struct mill_compare_side){.label = reference->strategy->name, .build = all->build},
        .head = builds ? mill_compare_build_side(&all->builds.head)
                       : (struct mill_compare_side){.label = "the other strategies", .build = all->build},
        .differences = all->differences,
        .notes = all->notes,
        .not_measured = all->sides.not_measured,
        .input = &measured->input,
        .comparison = &measured->comparison,
        .confirmation = measured->again,
        .confirmation_seed = measured->again_seed,
    };
    return mill_compare_document(&facts);
}

/* The plans of one thread alone, counted; their cells are written into a document that `kept` holds. */
static int count_instructions(struct comparison *all, struct mill_comparison *comparison, json_t **kept,
                              struct mill_error *error)
{
    struct mill_plan base = {0}, head = {0};
    *kept = NULL;
    int status = make_plan(all, &base, false, "1", error);
    status = status < 0 ? status : make_plan(all, &head, true, "1", error);
    if (status == 0) {
        *kept = mill_result_create(&base, all->command.text, 0, json_object(), json_object(), json_object());
        status = *kept ? mill_compare_instructions(
                             comparison, &all->builds, &base, &head, json_object_get(*kept, "cells"),
                             all->request.instruction_margin, all->sides.not_measured, error)
                       : mill_error_set(error, -ENOMEM, "no memory to count instructions");
    }
    mill_plan_destroy(&base);
    mill_plan_destroy(&head);
    return status;
}

static int measure(struct comparison *all, json_t **document, struct mill_error *error)
{
    const struct mill_run_request *run = &all->request.run;
    struct mill_live *live = NULL;
    struct mill_compare_measured measured;
    if (!run->quiet && mill_live_open(&live, stderr, run->run.budget_ns) < 0) {
        return mill_error_set(error, -ENOMEM, "no memory for the display");
    }
    const struct mill_run_observer observer = {
        .event = live ? mill_live_show : NULL, .interrupted = mill_interrupted, .context = live};
    struct mill_compare_order order = {
        .plan = &all->sides.plan,
        .pairings = all->sides.pairings,
        .count = all->sides.count,
        .settings = &run->run,
        .margin = all->request.margin,
        .command = all->command.text,
        .machine = all->machine,
        .build = all->build,
    };
    memcpy(order.metrics, all->request.metrics, sizeof order.metrics);
    if (!run->quiet) {
        fprintf(stderr, "threadmill: seed %" PRIu64 "\n", run->run.seed);
    }
    int status = mill_compare_run(&order, &observer, &measured, error);
    mill_live_close(live);
    if (status < 0) {
        return status;
    }
    json_t *counted = NULL;
    if (all->request.metrics[MILL_METRIC_INSTRUCTIONS] && !mill_interrupted(NULL)) {
        status = count_instructions(all, &measured.comparison, &counted, error);
        mill_comparison_settle(&measured.comparison);
    }
    *document = status < 0 ? NULL : document_of(all, &measured);
    mill_compare_measured_destroy(&measured);
    json_decref(counted);
    if (status < 0) {
        return status;
    }
    return *document ? 0 : mill_error_set(error, -ENOMEM, "no memory for the document");
}

static int compare_measured(struct comparison *all)
{
    struct mill_error error = {""};
    struct mill_clock clock;
    json_t *document = NULL;
    int status = mill_cpus_open(&all->cpus, &error);
    if (status < 0) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    status = plan_all(all, &error);
    if (status < 0) {
        return fail(status, &error);
    }
    if (all->sides.count == 0) {
        return refuse(all);
    }
    warn_of_few_rounds(all);
    mill_clock_open(&clock);
    all->machine = mill_machine_describe(all->cpus, &clock);
    all->build = mill_build_describe();
    struct mill_replacement file;
    status = mill_compare_open_output(&file, &all->request.run, &error);
    status = status < 0 ? status : measure(all, &document, &error);
    int code = status < 0 ? fail(status, &error) : mill_compare_show(document, &all->request.run, &file);
    mill_replacement_close(&file);
    json_decref(document);
    return code;
}

static int compare_stored(struct comparison *all)
{
    struct mill_error error = {""};
    struct mill_replacement file;
    json_t *document = NULL;
    int status = mill_compare_open_output(&file, &all->request.run, &error);
    status = status < 0 ? status : mill_compare_stored(&all->request, all->command.text, &document, &error);
    int code = status < 0 ? fail(status, &error) : mill_compare_show(document, &all->request.run, &file);
    mill_replacement_close(&file);
    json_decref(document);
    return code;
}

static int run(int argc, char **argv)
{
    struct comparison all = {.notes = json_array(), .differences = json_array()};
    struct mill_error error;
    int code;
    mill_command_quote(&all.command, argc, argv);
    int status = mill_compare_request_parse(&all.request, argc, argv, &error);
    if (status != 0 || all.command.failed) {
        code = status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    } else {
        bool stored = all.request.form == MILL_COMPARE_RESULTS || all.request.form == MILL_COMPARE_STORED_RUN;
        mill_interrupt_catch();
        code = stored ? compare_stored(&all) : compare_measured(&all);
    }
    mill_compare_sides_destroy(&all.sides);
    mill_compare_builds_release(&all.builds);
    mill_plan_destroy(&all.base_plan);
    mill_plan_destroy(&all.head_plan);
    mill_cpus_close(all.cpus);
    json_decref(all.machine);
    json_decref(all.build);
    json_decref(all.notes);
    json_decref(all.differences);
    mill_text_free(&all.command);
    mill_compare_request_free(&all.request);
    return code;
}

const struct mill_command mill_command_compare = {
    "compare", "compares builds, strategies or results, with a verdict", run};
