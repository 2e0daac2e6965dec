/* The gate judges itself: comparisons of a program with itself (A/A), and with operations that take a quarter
 * longer, drawn in random order so that whatever drifts befalls both alike.
 *
 * The quarter is injected where it can be measured: threads take one lock and work inside it, so that an
 * operation takes the work and what the lock adds. How long both are is measured first, for two lengths of
 * the work; from these follows the length with which the whole operation takes a quarter more. What the
 * injected side really cost is reported beside the verdicts. */
#include "doctor_compare.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "commands.h"
#include "compare_plan.h"
#include "compare_print.h"
#include "core/random.h"
#include "doctor_log.h"
#include "harness/compare_run.h"
#include "harness/machine.h"
#include "scenarios/list.h"
#include "view.h"

enum {
    hold = 0,       /* the parameter of critical-section */
    base_ns = 1000, /* its work */
    fitting_rounds = 30,
};

static const double injected = 1.25;
static const double margin = 0.10;

/* To reach: one false alarm in so many; and 95 of 100. */
static const unsigned one_false_in = 200;
static const double least_power = 0.95;
static const double longest_s = 30;

/* Of each of the two measurements of a comparison: on a machine that rejects much, fewer rounds, and a
 * verdict all the same. */
static const uint64_t measuring_ns = 14 * MILL_NS_PER_S;

struct trials {
    const struct mill_doctor_request *request;
    const struct mill_cpus *cpus;
    const char *command;
    json_t *machine, *build;
    unsigned threads;
    uint64_t seed;
    int64_t more_ns; /* the work of the injected side; 0: not known yet */
    struct mill_doctor_log log;
};

/* ---- one comparison ---- */

static int plan_sides(const struct trials *trials, int64_t head_ns, struct mill_compare_sides *sides,
                      struct mill_error *error)
{
    static const char *const scenario[] = {"critical-section"};
    char threads[16];
    struct mill_plan base, head = {0};
    snprintf(threads, sizeof threads, "%u", trials->threads);
    const struct mill_request asked = {
        .scenarios = scenario, .scenario_count = 1, .strategies = "pthread", .threads = threads};
    int status = mill_plan_make(&base, &asked, &mill_scenarios, mill_cpus_count(trials->cpus), error);
    if (status < 0) {
        return status;
    }
    status = mill_plan_make(&head, &asked, &mill_scenarios, mill_cpus_count(trials->cpus), error);
    if (status == 0) {
        base.cells[0].values[hold] = base_ns;
        head.cells[0].values[hold] = head_ns;
        status = mill_compare_plan_builds(sides, &base, &head, NULL, NULL, error);
    }
    mill_plan_destroy(&base);
    mill_plan_destroy(&head);
    return status;
}

static int compare(const struct trials *trials, int64_t head_ns, uint64_t seed, bool fitting,
                   struct mill_compare_measured *measured, struct mill_error *error)
{
    struct mill_compare_sides sides;
    struct mill_run_settings settings = trials->request->run.run;
    const struct mill_run_observer observer = {.interrupted = mill_interrupted};
    int status = plan_sides(trials, head_ns, &sides, error);
    if (status < 0) {
        return status;
    }
    settings.seed = seed;
    settings.budget_ns = fitting ? 0 : measuring_ns;
    settings.rounds = fitting ? fitting_rounds : settings.rounds;
    const struct mill_compare_order order = {
        .plan = &sides.plan,
        .pairings = sides.pairings,
        .count = sides.count,
        .settings = &settings,
        .metrics = {[MILL_METRIC_THROUGHPUT] = true,
                    [MILL_METRIC_P50] = !fitting,
                    [MILL_METRIC_P99] = !fitting,
                    [MILL_METRIC_FAIRNESS] = !fitting},
        .margin = margin,
        .command = trials->command,
        .machine = trials->machine,
        .build = trials->build,
        .once = fitting,
    };
    status = mill_compare_run(&order, &observer, measured, error);
    if (status == 0 && mill_interrupted(NULL)) {
        mill_compare_measured_destroy(measured);
        status = -EINTR;
    }
    mill_compare_sides_destroy(&sides);
    return status;
}

/* An operation takes (a + b * work); of two lengths of the work follow both, and the work that makes it a
 * quarter more. */
static int fit(struct trials *trials, uint64_t seed, struct mill_error *error)
{
    struct mill_compare_measured measured;
    int status = compare(trials, 2 * (int64_t)base_ns, seed, true, &measured, error);
    if (status < 0) {
        return status;
    }
    const struct mill_compare_row *row = mill_doctor_throughput(&measured.comparison);
    double slower = row && row->n > 0 ? 1 / row->ratio.ratio : NAN;
    mill_compare_measured_destroy(&measured);
    if (!(slower > 1.2 && slower < 4)) {
        return mill_error_set(
            error, -EIO,
            "twice the work took %.2f times as long, in samples that had their processors: the machine "
            "is too busy to judge the gate on",
            slower);
    }
    trials->more_ns = base_ns + llround((injected - 1) / (slower - 1) * base_ns);
    return 0;
}

/* ---- all of them ---- */

/* Two of A/A, one of a quarter more, in random order, block by block. */
static void draw_order(size_t *order, size_t count, uint64_t seed)
{
    struct mill_random random;
    mill_random_seed(&random, seed, 1);
    for (size_t i = 0; i < count; i += 3) {
        size_t block[3] = {0, 1, 2};
        size_t length = count - i < 3 ? count - i : 3;
        mill_random_shuffle(&random, block, length);
        for (size_t j = 0; j < length; j++) {
            order[i + j] = block[j];
        }
    }
}

/* After `done` comparisons since the beginning: would another one end in time? */
static bool time_is_over(const struct trials *trials, uint64_t begun_ns, size_t done)
{
    uint64_t budget = trials->request->run.run.budget_ns;
    uint64_t used = mill_now_ns() - begun_ns;
    return budget > 0 && used + (done > 0 ? used / done : 0) > budget;
}

static void show_progress(const struct mill_doctor_log *log)
{
    const struct mill_trial_totals *aa = &log->totals[MILL_TRIAL_AA], *more = &log->totals[MILL_TRIAL_MORE];
    fprintf(stderr,
            "\rthreadmill: %zu of %zu comparisons; A/A: %u of %u regressed; a quarter more: %u of %u ",
            log->done, log->most, aa->verdict[MILL_CHANGE_REGRESSED], aa->done,
            more->verdict[MILL_CHANGE_REGRESSED], more->done);
}

/* What was interrupted goes on; what is not there begins. */
static int resume(struct trials *trials, struct mill_error *error)
{
    const struct mill_run_request *run = &trials->request->run;
    json_t *now = json_pack("{s:O, s:O, s:o}", "machine", trials->machine, "build", trials->build, "settings",
                            mill_run_settings_encode(&run->run));
    int status = now ? mill_doctor_log_resume(&trials->log, run->output, now, run->seeded, &trials->seed,
                                              &trials->more_ns, error)
                     : -ENOMEM;
    json_decref(now);
    return status == -ENOENT ? 0 : status;
}

static int run_trial(struct trials *trials, enum mill_trial_kind kind, struct mill_error *error)
{
    struct mill_compare_measured measured;
    uint64_t from_ns = mill_now_ns(), seed = (trials->seed + 2 * (trials->log.done + 1)) & INT64_MAX;
    int status =
        compare(trials, kind == MILL_TRIAL_AA ? base_ns : trials->more_ns, seed, false, &measured, error);
    if (status == 0) {
        double seconds = (double)(mill_now_ns() - from_ns) / (double)MILL_NS_PER_S;
        status = mill_doctor_log_add(&trials->log, kind, &measured.comparison, seconds, seed);
        mill_compare_measured_destroy(&measured);
    }
    return status;
}

static int run_trials(struct trials *trials, struct mill_error *error)
{
    struct mill_doctor_log *log = &trials->log;
    size_t most = trials->request->trials + trials->request->trials / 2;
    size_t *order = calloc(most + 1, sizeof *order);
    uint64_t begun_ns = mill_now_ns();
    int status = mill_doctor_log_open(log, most);
    if (!order || status < 0) {
        free(order);
        return mill_error_set(error, -ENOMEM, "no memory for %zu comparisons", most);
    }
    status = trials->request->resume ? resume(trials, error) : 0;
    draw_order(order, most, trials->seed);
    if (status == 0 && trials->more_ns == 0) {
        status = fit(trials, trials->seed, error);
    }
    for (size_t before = log->done; status == 0 && log->done < most;) {
        if (time_is_over(trials, begun_ns, log->done - before)) {
            break;
        }
        status = run_trial(trials, order[log->done] == 2 ? MILL_TRIAL_MORE : MILL_TRIAL_AA, error);
        if (status == 0 && !trials->request->run.quiet) {
            show_progress(log);
        }
    }
    if (!trials->request->run.quiet) {
        fprintf(stderr, "\n");
    }
    free(order);
    return status;
}

/* ---- telling ---- */

/* The highest rate that would still show so few of so many with a chance of 1/40: the upper end of the exact
 * 95% interval (Clopper and Pearson 1934); the lower end is its mirror. */
static double upper_rate(unsigned seen, unsigned of)
{
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        /* the chance of at most `seen` */
        if (1 - mill_binomial_tail(of, middle, seen + 1) > 0.025) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return seen >= of ? 1 : high;
}

static bool reached(const struct trials *trials)
{
    const struct mill_trial_totals *aa = &trials->log.totals[MILL_TRIAL_AA],
                                   *more = &trials->log.totals[MILL_TRIAL_MORE];
    double longest = 0;
    for (size_t i = 0; i < trials->log.done; i++) {
        longest = fmax(longest, trials->log.seconds[i]);
    }
    return aa->done > 0 && more->done > 0 &&
           aa->verdict[MILL_CHANGE_REGRESSED] <= (aa->done + one_false_in - 1) / one_false_in &&
           more->verdict[MILL_CHANGE_REGRESSED] >= least_power * more->done && longest <= longest_s;
}

static void print_totals(const char *what, const struct mill_trial_totals *totals)
{
    printf(
        "  %-14s %4u comparisons: %u regressed, %u improved, %u equivalent, %u inconclusive, %u untrusted\n",
        what, totals->done, totals->verdict[MILL_CHANGE_REGRESSED], totals->verdict[MILL_CHANGE_IMPROVED],
        totals->verdict[MILL_CHANGE_EQUIVALENT], totals->verdict[MILL_CHANGE_INCONCLUSIVE],
        totals->untrusted);
    printf("  %-14s      regressed by metric: throughput %u, p50 %u, p99 %u, fairness %u\n", "",
           totals->regressed_by[MILL_METRIC_THROUGHPUT], totals->regressed_by[MILL_METRIC_P50],
           totals->regressed_by[MILL_METRIC_P99], totals->regressed_by[MILL_METRIC_FAIRNESS]);
}

static void print_trials(const struct trials *trials)
{
    const struct mill_trial_totals *aa = &trials->log.totals[MILL_TRIAL_AA],
                                   *more = &trials->log.totals[MILL_TRIAL_MORE];
    const struct mill_run_settings *run = &trials->request->run.run;
    unsigned alarms = aa->verdict[MILL_CHANGE_REGRESSED], seen = more->verdict[MILL_CHANGE_REGRESSED];
    double longest = 0;
    for (size_t i = 0; i < trials->log.done; i++) {
        longest = fmax(longest, trials->log.seconds[i]);
    }
    printf("the gate, judged on this machine: critical-section/pthread, %u threads, hold %d ns against %d "
           "and %" PRId64 " ns,\nmargin %.0f%%, %u rounds of windows of %.0f ms, seed %" PRIu64 "\n",
           trials->threads, base_ns, base_ns, trials->more_ns, 100 * margin, run->rounds,
           (double)run->window_ns / (double)MILL_NS_PER_MS, trials->seed);
    print_totals("A against A", aa);
    print_totals("a quarter more", more);
    printf("  false alarms   %u of %u (95%% interval up to %.2f%%); to reach: at most 1 in %u\n", alarms,
           aa->done, 100 * upper_rate(alarms, aa->done), one_false_in);
    printf("  power          %u of %u (95%% interval from %.1f%%); to reach: %.0f%%; what was injected cost "
           "%.3f "
           "(median)\n",
           seen, more->done, 100 * (1 - upper_rate(more->done - seen, more->done)), 100 * least_power,
           mill_median(trials->log.ratios, trials->log.ratio_count));
    printf("  time           %.1f s a comparison (median), %.1f s the longest; to reach: %.0f s\n",
           mill_median(trials->log.seconds, trials->log.done), longest, longest_s);
    printf("%s\n", reached(trials) ? "reached" : "NOT reached");
}

static json_t *encode_totals(const struct mill_trial_totals *totals)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "comparisons", (int)totals->done, "regressed",
                     (int)totals->verdict[MILL_CHANGE_REGRESSED], "improved",
                     (int)totals->verdict[MILL_CHANGE_IMPROVED], "equivalent",
                     (int)totals->verdict[MILL_CHANGE_EQUIVALENT], "inconclusive",
                     (int)totals->verdict[MILL_CHANGE_INCONCLUSIVE], "untrusted", (int)totals->untrusted);
}

static json_t *encode_trials(const struct trials *trials)
{
    return json_pack("{s:s, s:i, s:s, s:I, s:O, s:O, s:o, s:i, s:i, s:I, s:f, s:o, s:o, s:b, s:O}", "format",
                     MILL_DOCTOR_FORMAT, "version", 1, "command", trials->command, "seed",
                     (json_int_t)trials->seed, "machine", trials->machine, "build", trials->build, "settings",
                     mill_run_settings_encode(&trials->request->run.run), "threads", (int)trials->threads,
                     "hold_ns", base_ns, "injected_hold_ns", (json_int_t)trials->more_ns, "margin", margin,
                     "a_against_a", encode_totals(&trials->log.totals[MILL_TRIAL_AA]), "a_quarter_more",
                     encode_totals(&trials->log.totals[MILL_TRIAL_MORE]), "reached", reached(trials),
                     "trials", trials->log.trials);
}

static int tell(const struct trials *trials, struct mill_replacement *file)
{
    struct mill_error error;
    json_t *document = encode_trials(trials);
    int code = reached(trials) ? MILL_EXIT_EXPECTED : MILL_EXIT_FINDING;
    if (!document) {
        return mill_complain(MILL_EXIT_MACHINE, "no memory for the document");
    }
    if (file->descriptor >= 0 && mill_view_write(document, file, &error) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    if (trials->request->run.json) {
        json_dumpf(document, stdout, JSON_INDENT(1));
        printf("\n");
    } else {
        print_trials(trials);
    }
    json_decref(document);
    return code;
}

int mill_doctor_compare(const struct mill_doctor_request *request, const struct mill_cpus *cpus, int argc,
                        char **argv)
{
    struct mill_error error = {"no memory"};
    struct mill_clock clock;
    struct mill_text command = {0};
    struct mill_replacement file;
    mill_clock_open(&clock);
    mill_command_quote(&command, argc, argv);
    struct trials trials = {
        .request = request,
        .cpus = cpus,
        .command = command.text,
        .machine = mill_machine_describe(cpus, &clock),
        .build = mill_build_describe(),
        .seed = request->run.run.seed,
        .threads = mill_cpus_count(cpus) > 1 ? 2 : 1,
    };
    mill_interrupt_catch();
    int status = mill_compare_open_output(&file, &request->run, &error);
    status = status < 0 ? status : run_trials(&trials, &error);
    int code = MILL_EXIT_MACHINE;
    if (status == 0 || (status == -EINTR && trials.log.done > 0)) {
        code = tell(&trials, &file);
        code = status == -EINTR ? MILL_EXIT_INTERRUPTED : code;
    } else {
        code = status == -EINTR ? MILL_EXIT_INTERRUPTED
                                : mill_complain(status == -EINVAL ? MILL_EXIT_USAGE : MILL_EXIT_MACHINE, "%s",
                                                error.message);
    }
    mill_replacement_close(&file);
    json_decref(trials.machine);
    json_decref(trials.build);
    mill_doctor_log_close(&trials.log);
    mill_text_free(&command);
    return code;
}
