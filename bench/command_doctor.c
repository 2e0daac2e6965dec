/* threadmill doctor: what this machine can and cannot tell. */
#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "commands.h"
#include "core/text.h"
#include "costs.h"
#include "doctor_compare.h"
#include "harness/calibrate.h"
#include "harness/launch.h"
#include "harness/machine.h"
#include "harness/result.h"
#include "harness/run.h"
#include "harness/summary.h"
#include "measure/paired.h"
#include "options.h"
#include "scenarios/list.h"

enum {
    cost_rounds = 11,
    cost_operations = 1 << 18,
    calibrations = 40,
    noise_rounds = 12,
};

/* Everything is collected as JSON first; the text is a view of it. */

/* ---- collecting ---- */

static json_t *encode_interval(const double *values, size_t count)
{
    struct mill_paired interval;
    if (mill_median_interval(values, count, 0.95, &interval) < 0 || !isfinite(interval.low + interval.high)) {
        return json_null();
    }
    return json_pack("{s:f, s:f, s:f}", "median", interval.ratio, "low", interval.low, "high", interval.high);
}

static json_t *collect_costs(void)
{
    struct mill_cost costs[MILL_COST_OWN_COUNT];
    static double ns[MILL_COST_OWN_COUNT][cost_rounds];
    struct mill_cost_bench *bench;
    json_t *json = json_array();
    if (mill_cost_bench_create(&bench, 1) < 0) {
        return json;
    }
    memcpy(costs, mill_own_costs, sizeof costs);
    for (size_t i = 0; i < MILL_COST_OWN_COUNT; i++) {
        costs[i].ns = ns[i];
    }
    if (mill_costs_measure(bench, costs, MILL_COST_OWN_COUNT, cost_rounds, cost_operations, 1) == 0) {
        for (size_t i = 0; i < MILL_COST_OWN_COUNT; i++) {
            json_array_append_new(json,
                                  json_pack("{s:s, s:s, s:o}", "name", costs[i].name, "what", costs[i].what,
                                            "ns", encode_interval(costs[i].ns, cost_rounds)));
        }
    }
    mill_cost_bench_destroy(bench);
    return json;
}

/* Those that `threadmill stress` would start. */
static json_t *collect_tools(void)
{
    json_t *tools = json_array();
    for (enum mill_tool tool = MILL_TSAN; tool < MILL_TOOL_COUNT; tool++) {
        struct mill_launch launch;
        struct mill_error why;
        bool here = mill_launch_find(&launch, tool, &why) == 0;
        json_array_append_new(tools, json_pack("{s:s, s:s, s:b, s:s?}", "name", mill_tool_title(tool),
                                               "program", mill_tool_name(tool), "available", here, "remedy",
                                               here ? NULL : why.message));
    }
    return tools;
}

static json_t *collect_peers(void)
{
    json_t *peers = json_array();
    for (size_t i = 0; i < mill_scenarios.count; i++) {
        const struct mill_family *family = mill_scenarios.scenarios[i]->family;
        bool seen = false;
        for (size_t j = 0; j < i; j++) {
            seen = seen || mill_scenarios.scenarios[j]->family == family;
        }
        for (size_t s = 0; !seen && s < family->count; s++) {
            const struct mill_strategy *strategy = family->strategies[s];
            if (strategy->library) {
                json_array_append_new(peers, json_pack("{s:s, s:s, s:s, s:s?}", "family", family->name,
                                                       "strategy", strategy->name, "library",
                                                       strategy->library, "unavailable", strategy->missing));
            }
        }
    }
    return peers;
}

static json_t *collect_counters(void)
{
    static const struct {
        const char *name;
        unsigned long long config;
    } counters[] = {
        {"cycles", PERF_COUNT_HW_CPU_CYCLES},
        {"instructions", PERF_COUNT_HW_INSTRUCTIONS},
        {"cache-misses", PERF_COUNT_HW_CACHE_MISSES},
    };
    json_t *json = json_array();
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        struct perf_event_attr attributes = {
            .type = PERF_TYPE_HARDWARE,
            .size = sizeof attributes,
            .config = counters[i].config,
            .exclude_kernel = 1,
            .exclude_hv = 1,
        };
        long descriptor = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0ul);
        json_array_append_new(json,
                              json_pack("{s:s, s:s?}", "name", counters[i].name, "unavailable",
                                        descriptor >= 0   ? NULL
                                        : errno == ENOENT ? "this processor, or its hypervisor, offers none"
                                                          : strerror(errno)));
        if (descriptor >= 0) {
            close((int)descriptor);
        }
    }
    return json;
}

/* How the two processors' distance moves while nothing else is measured. */
static json_t *collect_calibration(const struct mill_cpus *cpus)
{
    struct mill_clock clock;
    double trips[calibrations];
    size_t near = 0, far = 0, flips = 0;
    mill_clock_open(&clock);
    if (mill_cpus_count(cpus) < 2) {
        return json_null();
    }
    for (size_t i = 0; i < calibrations; i++) {
        int status = mill_calibrate(&clock, mill_cpus_number(cpus, 0), mill_cpus_number(cpus, 1),
                                    2 * MILL_NS_PER_MS, &trips[i]);
        if (status < 0) {
            return json_null();
        }
        enum mill_mode mode = mill_mode_of(trips[i]);
        near += mode == MILL_MODE_NEAR;
        far += mode == MILL_MODE_FAR;
        flips += i > 0 && mode != mill_mode_of(trips[i - 1]);
    }
    return json_pack("{s:o, s:I, s:I, s:I}", "round_trip_ns", encode_interval(trips, calibrations), "near",
                     (json_int_t)near, "far", (json_int_t)far, "flips", (json_int_t)flips);
}

/* The same cell twice, measured as if it were two: what the ratio says is noise. */
static json_t *collect_noise(const struct mill_cpus *cpus, struct mill_error *error)
{
    static const char *const scenario[] = {"counter"};
    const struct mill_request asked = {.scenarios = scenario, .scenario_count = 1, .strategies = "atomic"};
    const struct mill_run_settings settings = {.rounds = noise_rounds,
                                               .attempts = 4,
                                               .throughput = true,
                                               .pin = MILL_PIN_SPREAD,
                                               .warmup_ns = 10 * MILL_NS_PER_MS,
                                               .window_ns = 50 * MILL_NS_PER_MS,
                                               .slice_ns = 10 * MILL_NS_PER_MS,
                                               .calibration_ns = 2 * MILL_NS_PER_MS,
                                               .grace_ns = 10 * MILL_NS_PER_S,
                                               .seed = 1};
    const struct mill_run_observer nobody = {0};
    struct mill_plan plan;
    struct mill_summary summary;
    int status = mill_plan_make(&plan, &asked, &mill_scenarios, mill_cpus_count(cpus), error);
    if (status < 0) {
        return NULL;
    }
    size_t half = plan.count;
    struct mill_cell *twice = realloc(plan.cells, 2 * half * sizeof *twice);
    if (!twice) {
        mill_plan_destroy(&plan);
        return NULL;
    }
    plan.cells = twice;
    memcpy(plan.cells + half, plan.cells, half * sizeof *twice);
    plan.count = 2 * half;

    json_t *noise = json_array();
    json_t *result = mill_result_create(&plan, "threadmill doctor", settings.seed, json_object(),
                                        json_object(), mill_run_settings_encode(&settings));
    status = result ? mill_run(&plan, &settings, &nobody, result, error) : -ENOMEM;
    if (status == 0) {
        status = mill_summary_make(&summary, result, error);
    }
    if (status == 0) {
        for (size_t i = 0; i < summary.leader_count; i++) {
            const struct mill_summary_pair *pair = &summary.leaders[i];
            const struct mill_summary_cell *cell = &summary.cells[pair->cell];
            if (isfinite(pair->ratio.low + pair->ratio.high)) {
                json_array_append_new(noise, json_pack("{s:s, s:i, s:s, s:f, s:f, s:f, s:b}", "cell",
                                                       "counter/atomic", "threads", (int)cell->threads,
                                                       "mode", pair->mode, "ratio", pair->ratio.ratio, "low",
                                                       pair->ratio.low, "high", pair->ratio.high,
                                                       "called_different", pair->ratio.decided));
            }
        }
        json_array_append_new(noise, json_pack("{s:I, s:I}", "samples", (json_int_t)summary.samples,
                                               "rejected", (json_int_t)summary.rejected));
        mill_summary_destroy(&summary);
    }
    json_decref(result);
    mill_plan_destroy(&plan);
    if (status < 0) {
        json_decref(noise);
        return NULL;
    }
    return noise;
}

static json_t *examine(const struct mill_cpus *cpus, struct mill_error *error)
{
    struct mill_clock clock;
    mill_clock_open(&clock);
    json_t *noise = collect_noise(cpus, error);
    if (!noise) {
        return NULL;
    }
    return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "format", "threadmill-doctor",
                     "version", 1, "machine", mill_machine_describe(cpus, &clock), "build",
                     mill_build_describe(), "costs", collect_costs(), "sanitizers", collect_tools(), "peers",
                     collect_peers(), "counters", collect_counters(), "calibration",
                     collect_calibration(cpus), "noise", noise);
}

/* ---- showing ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "unavailable";
}

static double number_of(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static void print_machine(const json_t *all)
{
    const json_t *machine = json_object_get(all, "machine");
    const json_t *build = json_object_get(all, "build");
    printf("machine\n");
    printf("  processor    %s%s\n", text_of(machine, "processor"),
           json_is_true(json_object_get(machine, "virtual")) ? " (virtual machine)" : "");
    printf("  topology     %s\n", text_of(machine, "topology"));
    printf("  kernel       %s\n", text_of(machine, "kernel"));
    printf("  governor     %s\n", text_of(machine, "governor"));
    printf("  clock        %s, %.3f ticks a nanosecond\n", text_of(machine, "clock"),
           number_of(machine, "ticks_per_ns"));
    printf("  build        %s, %s %s, commit %s\n\n", text_of(build, "flavour"), text_of(build, "compiler"),
           text_of(build, "flags"), text_of(build, "commit"));
}

static void print_costs(const json_t *all)
{
    size_t i;
    json_t *cost;
    printf("what the harness costs (median and 95%% interval of %d rounds)\n", cost_rounds);
    json_array_foreach(json_object_get(all, "costs"), i, cost)
    {
        const json_t *ns = json_object_get(cost, "ns");
        printf("  %-12s %7.2f ns  (%.2f to %.2f)  %s\n", text_of(cost, "name"), number_of(ns, "median"),
               number_of(ns, "low"), number_of(ns, "high"), text_of(cost, "what"));
    }
    printf("\n");
}

static void print_available(const json_t *all)
{
    size_t i;
    json_t *item;
    printf("sanitizers\n");
    json_array_foreach(json_object_get(all, "sanitizers"), i, item)
    {
        bool here = json_is_true(json_object_get(item, "available"));
        printf("  %-50s %s%s%s\n", text_of(item, "name"), here ? "available" : "unavailable",
               here ? "" : ": ", here ? "" : text_of(item, "remedy"));
    }
    printf("\npeers\n");
    json_array_foreach(json_object_get(all, "peers"), i, item)
    {
        const char *missing = json_string_value(json_object_get(item, "unavailable"));
        printf("  %-8s %-22s %-16s %s%s\n", text_of(item, "family"), text_of(item, "strategy"),
               text_of(item, "library"), missing ? "unavailable: " : "available", missing ? missing : "");
    }
    printf("\nhardware counters\n");
    json_array_foreach(json_object_get(all, "counters"), i, item)
    {
        const char *missing = json_string_value(json_object_get(item, "unavailable"));
        printf("  %-14s %s%s\n", text_of(item, "name"), missing ? "unavailable: " : "available",
               missing ? missing : "");
    }
    printf("\n");
}

static void print_repeats(const json_t *all)
{
    size_t i;
    json_t *item;
    bool compared = false;
    json_array_foreach(json_object_get(all, "noise"), i, item)
    {
        if (json_object_get(item, "ratio")) {
            compared = true;
            printf("  A against A    %s, %.0f thread%s, %s: ratio %.3f (95%% interval %.3f to %.3f): %s\n",
                   text_of(item, "cell"), number_of(item, "threads"),
                   number_of(item, "threads") > 1 ? "s" : "", text_of(item, "mode"), number_of(item, "ratio"),
                   number_of(item, "low"), number_of(item, "high"),
                   json_is_true(json_object_get(item, "called_different")) ? "called different, and is not"
                                                                           : "not called different");
            continue;
        }
        printf("%s  samples        %.0f, of which %.0f were rejected: they did not have their processors\n",
               compared ? "" : "  A against A    inconclusive: too few samples had their processors\n",
               number_of(item, "samples"), number_of(item, "rejected"));
    }
}

static void print_noise(const json_t *all)
{
    const json_t *calibration = json_object_get(all, "calibration");
    printf("how noisy the machine is now\n");
    if (json_is_null(calibration)) {
        printf("  core to core   unavailable: one processor\n");
    } else {
        const json_t *trip = json_object_get(calibration, "round_trip_ns");
        printf("  core to core   a round trip takes %.0f ns (%.0f to %.0f); of %d looks %.0f near, %.0f far; "
               "it changed "
               "%.0f times\n",
               number_of(trip, "median"), number_of(trip, "low"), number_of(trip, "high"), calibrations,
               number_of(calibration, "near"), number_of(calibration, "far"),
               number_of(calibration, "flips"));
    }
    print_repeats(all);
}

/* ---- the command ---- */

static int take_compare(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct mill_doctor_request *)target)->compare = true;
    return 0;
}

static int take_resume(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct mill_doctor_request *)target)->resume = true;
    return 0;
}

static int take_trials(void *target, const char *value, struct mill_error *error)
{
    int64_t trials;
    int status = mill_option_number("trials", value, 2, 100000, &trials, error);
    ((struct mill_doctor_request *)target)->trials = status == 0 ? (unsigned)trials : 0;
    return status;
}

static const struct mill_option options[] = {
    {"json", 0, NULL, "everything, as JSON on standard output", mill_take_json, false},
    {"compare", 0, NULL,
     "instead of all that: how often 'threadmill compare' raises a false alarm on this machine, and "
     "how\noften "
     "it sees operations that take a quarter longer",
     take_compare, false},
    {"trials", 0, "N", "with --compare: comparisons of A with A (200); half as many of a quarter more",
     take_trials, false},
    {"time", 0, "TIME", "with --compare: no comparison begins that would not end within this time",
     mill_take_time, false},
    {"rounds", 'r', "N", "with --compare: rounds of each comparison (25)", mill_take_rounds, false},
    {"window", 0, "TIME", "with --compare: how long each sample measures (10ms)", mill_take_window, false},
    {"calibration", 0, "TIME", "with --compare: as of 'threadmill compare' (1ms)", mill_take_calibration,
     false},
    {"seed", 0, "N", "with --compare: of all of it (drawn, and printed)", mill_take_seed, false},
    {"output", 'o', "FILE", "with --compare: where the document goes (nowhere)", mill_take_output, false},
    {"resume", 0, NULL,
     "with --compare and --output: goes on with the FILE of one that was interrupted,\nif it is there",
     take_resume, false},
    {"quiet", 'q', NULL, "no progress", mill_take_quiet, false},
};

static const struct mill_usage usage = {
    "doctor",
    "",
    "Tells what this machine can and cannot tell: processors, clock, what the harness itself costs, which "
    "sanitizers,\n"
    "peers and counters are there, and how noisy the machine is now. Takes about ten seconds; with "
    "--compare, which\n"
    "judges the gate, about forty minutes.\n\n"
    "exit codes: 0; with --compare 1 when the gate is not as good as it should be: at most 1 false alarm in "
    "200,\n"
    "95 of 100 seen, each comparison within 30 seconds",
    options,
    sizeof options / sizeof options[0],
    "  threadmill doctor\n"
    "  threadmill doctor --json | jq .noise\n"
    "  threadmill doctor --compare -o gate.json\n"
    "  threadmill doctor --compare -o gate.json --resume\n"
    "  threadmill doctor --compare --trials 20 --time 2m\n",
};

/* --compare: what stands for itself when it is not given. */
static int judge_gate(struct mill_doctor_request *request, const struct mill_cpus *cpus, int argc,
                      char **argv)
{
    struct mill_run_settings *run = &request->run.run;
    request->trials = request->trials > 0 ? request->trials : 200;
    run->rounds = request->run.rounds_given ? run->rounds : 25;
    run->window_ns = request->run.windowed ? run->window_ns : 10 * MILL_NS_PER_MS;
    run->slice_ns = run->window_ns < run->slice_ns ? run->window_ns : run->slice_ns;
    mill_run_request_draw_seed(&request->run);
    return mill_doctor_compare(request, cpus, argc, argv);
}

static int run(int argc, char **argv)
{
    struct mill_doctor_request request = {.run = {.run = {.attempts = 4,
                                                          .throughput = true,
                                                          .latency_every = 1,
                                                          .pin = MILL_PIN_SPREAD,
                                                          .warmup_ns = 2 * MILL_NS_PER_MS,
                                                          .slice_ns = 10 * MILL_NS_PER_MS,
                                                          .calibration_ns = MILL_NS_PER_MS,
                                                          .grace_ns = 10 * MILL_NS_PER_S}}};
    struct mill_error error = {"no memory"};
    struct mill_cpus *cpus;
    int status = mill_options_parse(&usage, argc, argv, &request, NULL, &error);
    if (status != 0) {
        return status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    bool trial = request.trials > 0 || request.run.budget_given || request.run.rounds_given ||
                 request.run.windowed || request.run.seeded || request.run.output || request.resume;
    if (trial && !request.compare) {
        return mill_complain(MILL_EXIT_USAGE,
                             "--trials, --time, --rounds, --window, --seed, --output and --resume go with "
                             "--compare");
    }
    if (request.resume && !request.run.output) {
        return mill_complain(MILL_EXIT_USAGE, "--resume goes on with a file: name it with --output");
    }
    if (mill_cpus_open(&cpus, &error) < 0) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    if (request.compare) {
        int judged = judge_gate(&request, cpus, argc, argv);
        mill_cpus_close(cpus);
        return judged;
    }
    int code = MILL_EXIT_EXPECTED;
    json_t *all = examine(cpus, &error);
    if (!all) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    } else if (request.run.json) {
        json_dumpf(all, stdout, JSON_INDENT(1));
        printf("\n");
    } else {
        print_machine(all);
        print_costs(all);
        print_available(all);
        print_noise(all);
    }
    json_decref(all);
    mill_cpus_close(cpus);
    return code;
}

const struct mill_command mill_command_doctor = {"doctor", "what this machine can and cannot tell", run};
