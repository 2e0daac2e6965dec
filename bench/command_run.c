/* threadmill run: plan → rounds → samples → result, with progress, a table and a document. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command_line.h"
#include "commands.h"
#include "core/file.h"
#include "core/text.h"
#include "harness/machine.h"
#include "harness/result.h"
#include "harness/summary.h"
#include "live.h"
#include "run_device.h"
#include "run_request.h"
#include "scenarios/list.h"
#include "view.h"

/* Where the result and the log go, opened before anything is measured. */
struct outputs {
    struct mill_replacement result;
    struct mill_replacement log;
    char path[PATH_MAX];
};

/* A name that no other run has: the time, and the process, since two runs may begin within a second. */
static int name_result(struct outputs *outputs, struct mill_error *error)
{
    char stamp[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    int status = mill_make_folders("results/runs", error);
    snprintf(outputs->path, sizeof outputs->path, "results/runs/%s-%d.json", stamp, (int)getpid());
    if (status == 0 && access(outputs->path, F_OK) == 0) {
        status = mill_error_set(error, -EEXIST, "%s is there already; give another name with --output",
                                outputs->path);
    }
    return status;
}

static int open_result(struct outputs *outputs, const struct mill_run_request *request,
                       struct mill_error *error)
{
    if (request->output) {
        snprintf(outputs->path, sizeof outputs->path, "%s", request->output);
    } else if (!request->json) {
        int status = name_result(outputs, error);
        if (status < 0) {
            return status;
        }
    }
    return outputs->path[0] ? mill_replacement_open(&outputs->result, outputs->path, error) : 0;
}

static int open_outputs(struct outputs *outputs, const struct mill_run_request *request,
                        struct mill_error *error)
{
    outputs->path[0] = '\0';
    outputs->result.descriptor = outputs->log.descriptor = -1;
    int status = open_result(outputs, request, error);
    if (status == 0 && request->histogram_log) {
        status = mill_replacement_open(&outputs->log, request->histogram_log, error);
    }
    return status;
}

static void close_outputs(struct outputs *outputs)
{
    mill_replacement_close(&outputs->result);
    mill_replacement_close(&outputs->log);
}

static int write_outputs(struct outputs *outputs, const json_t *result, const struct mill_summary *summary,
                         uint64_t started_ms, struct mill_error *error)
{
    int status = 0;
    if (outputs->result.descriptor >= 0) {
        status = mill_view_write(result, &outputs->result, error);
    }
    if (status == 0 && outputs->log.descriptor >= 0) {
        struct mill_text log = {0};
        status = mill_view_histogram_log(&log, summary, started_ms);
        status = status < 0 ? mill_error_set(error, status, "no memory to write the histogram log")
                            : mill_replacement_write(&outputs->log, log.text, log.length, error);
        if (status == 0) {
            status = mill_replacement_commit(&outputs->log, error);
        }
        mill_text_free(&log);
    }
    return status;
}

static json_t *begin_document(const struct mill_plan *plan, const struct mill_run_request *request,
                              const struct mill_cpus *cpus, int argc, char **argv)
{
    struct mill_clock clock;
    struct mill_text command = {0};
    mill_clock_open(&clock);
    mill_command_quote(&command, argc, argv);
    json_t *result =
        command.failed
            ? NULL
            : mill_result_create(plan, command.text, request->run.seed, mill_machine_describe(cpus, &clock),
                                 mill_build_describe(), mill_run_settings_encode(&request->run));
    mill_text_free(&command);
    if (result && request->device) {
        mill_run_device_name(result, &request->valve);
    }
    return result;
}

/* A request of which nothing can be measured asked for what cannot be: 2, with every reason. */
static int refuse(const struct mill_plan *plan)
{
    mill_complain(MILL_EXIT_USAGE, plan->count > 0 ? "nothing can be measured of what was asked for:"
                                                   : "nothing is left to measure: --suite leaves out the "
                                                     "strategies of other libraries; name one");
    for (size_t i = 0; i < plan->count; i++) {
        const struct mill_cell *cell = &plan->cells[i];
        size_t others = 0;
        bool told = false;
        for (size_t j = 0; j < plan->count; j++) {
            bool same = strcmp(plan->cells[j].unsupported, cell->unsupported) == 0;
            told = told || (same && j < i);
            others += same && j > i;
        }
        if (told) {
            continue;
        }
        fprintf(stderr, "  %s with %s, %u thread%s", cell->scenario->name, cell->strategy->name,
                cell->threads, cell->threads == 1 ? "" : "s");
        if (others > 0) {
            fprintf(stderr, " (and %zu more)", others);
        }
        fprintf(stderr, ": %s\n", cell->unsupported);
    }
    return MILL_EXIT_USAGE;
}

static bool can_run(const struct mill_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (!plan->cells[i].unsupported) {
            return true;
        }
    }
    return false;
}

static int judge(const struct mill_summary *summary, bool strict)
{
    bool unsure = false;
    for (size_t i = 0; i < summary->cell_count; i++) {
        if (mill_verdict_is_finding(summary->cells[i].verdict)) {
            return MILL_EXIT_FINDING;
        }
        unsure = unsure || summary->cells[i].verdict == MILL_VERDICT_UNTRUSTED ||
                 summary->cells[i].verdict == MILL_VERDICT_NOT_RUN;
    }
    if (mill_interrupted(NULL)) {
        return MILL_EXIT_INTERRUPTED;
    }
    return strict && unsure ? MILL_EXIT_UNSURE : MILL_EXIT_EXPECTED;
}

/* Shows and stores what was measured, whatever ended the run. */
static int finish(struct outputs *outputs, const struct mill_run_request *request, json_t *result,
                  uint64_t started_ms)
{
    struct mill_summary summary;
    struct mill_error error;
    int status = mill_summary_make(&summary, result, &error);
    if (status < 0) {
        /* What was measured is worth more than what is said of it. */
        mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
        if (write_outputs(outputs, result, &summary, started_ms, &error) < 0) {
            mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
        }
        return MILL_EXIT_MACHINE;
    }
    int code = judge(&summary, request->strict);
    if (json_object_set_new(result, "summary", mill_summary_encode(&summary)) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "no memory for the summary of the result");
    }
    if (request->json) {
        if (mill_view_say_json(result) < 0) {
            code = mill_complain(MILL_EXIT_MACHINE, "the result could not be written to standard output");
        }
    } else if (mill_view_print(result, &summary, false) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "the table could not be written to standard output");
    }
    if (write_outputs(outputs, result, &summary, started_ms, &error) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    } else if (outputs->path[0] && !request->json) {
        printf("result: %s\n", outputs->path);
    }
    mill_summary_destroy(&summary);
    return code;
}

static int measure(const struct mill_run_request *request, const struct mill_plan *plan,
                   const struct mill_cpus *cpus, int argc, char **argv)
{
    struct outputs outputs = {0};
    struct mill_error error;
    struct mill_live *live = NULL;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);

    if (open_outputs(&outputs, request, &error) < 0) {
        close_outputs(&outputs);
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    json_t *result = begin_document(plan, request, cpus, argc, argv);
    if (!result || (!request->quiet && mill_live_open(&live, stderr, request->run.budget_ns) < 0)) {
        json_decref(result);
        close_outputs(&outputs);
        return mill_complain(MILL_EXIT_MACHINE, "no memory for a run of %zu cells", plan->count);
    }
    mill_interrupt_catch();
    const struct mill_run_observer observer = {
        .event = live ? mill_live_show : NULL, .interrupted = mill_interrupted, .context = live};
    if (!request->quiet) {
        fprintf(stderr, "threadmill: seed %" PRIu64 "\n", request->run.seed);
    }
    int status = mill_run(plan, &request->run, &observer, result, &error);
    mill_live_close(live);
    int code = finish(&outputs, request, result, mill_timespec_ns(wall) / MILL_NS_PER_MS);
    if (status < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    json_decref(result);
    close_outputs(&outputs);
    return code;
}

static int ask_device(const struct mill_run_request *request, struct mill_error *error)
{
    int status = mill_run_device_ask(&request->valve, error);
    return status < 0
               ? status
               : mill_run_device_orders(&request->valve, request->scenarios, request->scenario_count, error);
}

static int run(int argc, char **argv)
{
    struct mill_run_request request;
    struct mill_plan plan = {0};
    struct mill_cpus *cpus = NULL;
    struct mill_error error;
    int code = MILL_EXIT_EXPECTED;

    int status = mill_run_request_parse(&request, argc, argv, &error);
    if (status != 0) {
        code = status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
        goto out;
    }
    if (request.device &&
        mill_run_device_check(&mill_scenarios, request.scenarios, request.scenario_count, &error) < 0) {
        code = mill_complain(MILL_EXIT_USAGE, "%s", error.message);
        goto out;
    }
    if (mill_cpus_open(&cpus, &error) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
        goto out;
    }
    const struct mill_request asked = {
        .scenarios = request.scenarios,
        .scenario_count = request.scenario_count,
        .strategies = request.strategies,
        .without_foreign = request.suite != NULL,
        .threads = request.threads,
        .settings = (const char *const *)request.settings,
        .setting_count = request.setting_count,
    };
    status = mill_plan_make(&plan, &asked, &mill_scenarios, mill_cpus_count(cpus), &error);
    if (status < 0) {
        code = mill_complain(status == -EINVAL ? MILL_EXIT_USAGE : MILL_EXIT_MACHINE, "%s", error.message);
        goto out;
    }
    bool serves = mill_run_device_serves(&plan);
    if (!can_run(&plan)) {
        code = refuse(&plan);
    } else if ((request.device && ask_device(&request, &error) < 0) ||
               (serves && mill_run_device_try_process(&error) < 0)) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    } else {
        request.run.helped = serves || (request.device && mill_run_device_is_here(&request.valve));
        code = measure(&request, &plan, cpus, argc, argv);
    }
out:
    mill_plan_destroy(&plan);
    mill_cpus_close(cpus);
    mill_run_request_free(&request);
    return code;
}

const struct mill_command mill_command_run = {"run", "measures scenarios, prints a table, writes the result",
                                              run};
