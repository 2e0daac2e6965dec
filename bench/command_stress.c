/* threadmill stress: every cell under every tool → findings by stack, with progress, a report and a document.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "command_line.h"
#include "commands.h"
#include "core/file.h"
#include "harness/machine.h"
#include "harness/stress.h"
#include "live.h"
#include "report/stress_report.h"
#include "report/style.h"
#include "scenarios/list.h"
#include "stress_request.h"
#include "view.h"

static int make_plan(struct mill_plan *plan, const struct mill_stress_request *request, enum mill_tool tool,
                     const struct mill_cpus *cpus, struct mill_error *error)
{
    const struct mill_run_request *run = &request->run;
    const struct mill_request asked = {
        .scenarios = run->scenarios,
        .scenario_count = run->scenario_count,
        .strategies = run->strategies,
        .threads = run->threads,
        .settings = (const char *const *)run->settings,
        .setting_count = run->setting_count,
        .tool = tool,
    };
    return mill_plan_make(plan, &asked, &mill_scenarios, mill_cpus_count(cpus), error);
}

static int open_document(struct mill_stress *stress, const struct mill_stress_request *request,
                         const struct mill_cpus *cpus, int argc, char **argv)
{
    struct mill_clock clock;
    struct mill_text command = {0};
    mill_clock_open(&clock);
    mill_command_quote(&command, argc, argv);
    int status = command.failed ? -ENOMEM
                                : mill_stress_open(stress, command.text, request->run.run.seed,
                                                   mill_machine_describe(cpus, &clock), mill_build_describe(),
                                                   mill_run_settings_encode(&request->run.run));
    mill_text_free(&command);
    return status;
}

/* One tool: `left_ns` of the time is its share; 0: no limit. */
static int run_tool(struct mill_stress *stress, const struct mill_stress_request *request,
                    const struct mill_launch *launch, const struct mill_plan *plan, uint64_t share_ns,
                    struct mill_error *error)
{
    struct mill_live *live = NULL;
    struct mill_run_settings settings = request->run.run;
    settings.window_ns = mill_stress_window_ns(request, launch->tool);
    settings.slice_ns = settings.window_ns;
    settings.budget_ns = share_ns;
    if (!request->run.quiet) {
        fprintf(stderr, "threadmill: %s, %s, seed %" PRIu64 "\n", mill_tool_name(launch->tool),
                mill_tool_title(launch->tool), settings.seed);
        if (mill_live_open(&live, stderr, share_ns) < 0) {
            return mill_error_set(error, -ENOMEM, "no memory for a run of %zu cells", plan->count);
        }
    }
    const struct mill_run_observer observer = {
        .event = live ? mill_live_show : NULL, .interrupted = mill_interrupted, .context = live};
    int status = mill_stress_tool(stress, launch, plan, &settings, &observer, error);
    mill_live_close(live);
    return status;
}

/* What is left of the time, shared among the tools that are left. */
static uint64_t share_of(const struct mill_stress_request *request, uint64_t begun_ns, size_t tool)
{
    uint64_t budget_ns = request->run.run.budget_ns;
    uint64_t used_ns = mill_now_ns() - begun_ns;
    if (budget_ns == 0) {
        return 0;
    }
    return used_ns < budget_ns ? (budget_ns - used_ns) / (request->tool_count - tool) + 1 : 1;
}

static int run_tools(struct mill_stress *stress, const struct mill_stress_request *request,
                     const struct mill_cpus *cpus, struct mill_error *error)
{
    uint64_t begun_ns = mill_now_ns();
    int status = 0;
    for (size_t i = 0; i < request->tool_count && status == 0 && !mill_interrupted(NULL); i++) {
        struct mill_launch launch;
        struct mill_plan plan;
        if (mill_launch_find(&launch, request->tools[i], error) < 0) {
            status = mill_stress_unavailable(stress, request->tools[i], error->message);
            continue;
        }
        status = make_plan(&plan, request, request->tools[i], cpus, error);
        if (status == 0) {
            status = run_tool(stress, request, &launch, &plan, share_of(request, begun_ns, i), error);
        }
        mill_plan_destroy(&plan);
    }
    return status;
}

static int print_report(const json_t *document)
{
    struct mill_text text = {0};
    const struct mill_report_options options = {.colour = mill_colour_wanted(stdout),
                                                .width = mill_terminal_width(stdout)};
    return mill_view_say(&text, mill_stress_report(&text, document, &options));
}

/* Tools that are not here count only when they were named, or when there is none that is. */
static int judge(const struct mill_stress *stress, const struct mill_stress_request *request)
{
    struct mill_stress_count count;
    mill_stress_counted(stress->document, &count);
    if (count.failed > 0 || count.unavailable > 0) {
        bool none = count.unavailable == request->tool_count;
        if (count.failed > 0 || request->tools_named || none) {
            return mill_complain(MILL_EXIT_MACHINE, "%s",
                                 count.failed > 0 ? "a tool failed; see above"
                                                  : "a tool is not here; see above");
        }
    }
    if (count.unexpected > 0 || count.cells[MILL_VERDICT_FOUND] > 0 ||
        count.cells[MILL_VERDICT_NOT_CAUGHT] > 0) {
        return mill_interrupted(NULL) && count.unexpected == 0 ? MILL_EXIT_INTERRUPTED : MILL_EXIT_FINDING;
    }
    if (mill_interrupted(NULL)) {
        return MILL_EXIT_INTERRUPTED;
    }
    if (count.cells[MILL_VERDICT_NOT_RUN] > 0 || count.cells[MILL_VERDICT_UNTRUSTED] > 0) {
        return MILL_EXIT_UNSURE;
    }
    if (count.cells[MILL_VERDICT_PASS] + count.cells[MILL_VERDICT_CAUGHT] == 0) {
        return mill_complain(MILL_EXIT_USAGE,
                             "nothing of what was asked for can be judged; the reasons are above");
    }
    return MILL_EXIT_EXPECTED;
}

static int stress(const struct mill_stress_request *request, const struct mill_cpus *cpus, int argc,
                  char **argv)
{
    struct mill_replacement out = {.descriptor = -1};
    struct mill_stress made = {0};
    struct mill_error error;
    int code;
    if (request->run.output && mill_replacement_open(&out, request->run.output, &error) < 0) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    mill_interrupt_catch();
    if (open_document(&made, request, cpus, argc, argv) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "no memory for a document");
        goto out;
    }
    int status = run_tools(&made, request, cpus, &error);
    if (print_report(made.document) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "the report could not be written to standard output");
        goto out;
    }
    code = status < 0 ? mill_complain(MILL_EXIT_MACHINE, "%s", error.message) : judge(&made, request);
    if (request->run.output && mill_view_write(made.document, &out, &error) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
out:
    mill_stress_close(&made);
    mill_replacement_close(&out);
    return code;
}

static int run(int argc, char **argv)
{
    struct mill_stress_request request;
    struct mill_plan plan = {0};
    struct mill_cpus *cpus = NULL;
    struct mill_error error;
    int code = MILL_EXIT_EXPECTED;

    int status = mill_stress_request_parse(&request, argc, argv, &error);
    if (status != 0) {
        code = status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
        goto out;
    }
    if (mill_cpus_open(&cpus, &error) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
        goto out;
    }
    /* Words that mean nothing are refused before anything runs. */
    status = make_plan(&plan, &request, request.tools[0], cpus, &error);
    if (status < 0) {
        code = mill_complain(status == -EINVAL ? MILL_EXIT_USAGE : MILL_EXIT_MACHINE, "%s", error.message);
        goto out;
    }
    code = stress(&request, cpus, argc, argv);
out:
    mill_plan_destroy(&plan);
    mill_cpus_close(cpus);
    mill_stress_request_free(&request);
    return code;
}

const struct mill_command mill_command_stress = {
    "stress", "runs scenarios under sanitizers and Valgrind, with random perturbation", run};
