/* threadmill advise: which lock for this workload, here. Everybody is measured a little, who may win more,
 * and then what would change the answer. Who won a look at few rounds won it by luck in part, so the answer
 * is from samples of its own. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "commands.h"
#include "compare_print.h"
#include "core/file.h"
#include "core/text.h"
#include "harness/machine.h"
#include "harness/result.h"
#include "live.h"
#include "report/advice_report.h"
#include "report/style.h"
#include "run_request.h"
#include "scenarios/list.h"
#include "view.h"

enum {
    SHORTLIST = 4, /* of each mode */
    VARIATIONS_MAX = 5,
};

struct workload {
    uint64_t hold_ns;
    uint64_t think_ns;
    unsigned threads;
    int reads; /* of a hundred operations; -1: every operation excludes the others */
};

struct advise_request {
    struct mill_run_request run; /* first: mill_take_* */
    struct workload workload;
};

/* One run, and what it says. */
struct stage {
    struct workload workload;
    json_t *result;
    struct mill_summary summary;
    bool made; /* the summary */
};

/* ---- what is asked ---- */

static int take_hold(void *target, const char *value, struct mill_error *error)
{
    struct advise_request *request = target;
    return mill_option_duration("hold", value, 0, MILL_NS_PER_MS, &request->workload.hold_ns, error);
}

static int take_think(void *target, const char *value, struct mill_error *error)
{
    struct advise_request *request = target;
    return mill_option_duration("think", value, 0, 10 * MILL_NS_PER_MS, &request->workload.think_ns, error);
}

static int take_threads(void *target, const char *value, struct mill_error *error)
{
    struct advise_request *request = target;
    int64_t threads;
    int status = mill_option_number("threads", value, 1, MILL_THREADS_MAX, &threads, error);
    if (status == 0) {
        request->workload.threads = (unsigned)threads;
    }
    return status;
}

static int take_reads(void *target, const char *value, struct mill_error *error)
{
    struct advise_request *request = target;
    int64_t reads;
    int status = mill_option_number("reads", value, 0, 100, &reads, error);
    if (status == 0) {
        request->workload.reads = (int)reads;
    }
    return status;
}

static const struct {
    const char *name;
    int (*take)(void *target, const char *value, struct mill_error *error);
} keys[] = {{"hold", take_hold}, {"think", take_think}, {"threads", take_threads}, {"reads", take_reads}};

static int take_line(void *target, const char *path, char *line, struct mill_error *error)
{
    char *value = strchr(line, '=');
    if (line[0] == '\0' || line[0] == '#') {
        return 0;
    }
    if (value) {
        *value++ = '\0';
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
            if (strcmp(line, keys[i].name) == 0) {
                return keys[i].take(target, value, error);
            }
        }
    }
    return mill_error_set(error, -EINVAL,
                          "%s: '%s' is not understood; a profile has lines like hold=100ns, think=1us, "
                          "threads=4, reads=95, and comments after #",
                          path, line);
}

static int take_profile(void *target, const char *path, struct mill_error *error)
{
    char *text, *rest, *line;
    size_t length;
    int status = mill_read_file(path, 65536, &text, &length, error);
    if (status < 0) {
        return -EINVAL;
    }
    rest = text;
    while (status == 0 && (line = strsep(&rest, "\n"))) {
        status = take_line(target, path, line, error);
    }
    free(text);
    return status;
}

static const struct mill_option options[] = {
    {"hold", 0, "TIME", "how long the lock is held (100ns)", take_hold, false},
    {"think", 0, "TIME", "how long a thread is outside, between two operations (1us)", take_think, false},
    {"threads", 't', "N", "how many threads there are (as many as processors)", take_threads, false},
    {"reads", 0, "N", "so many of a hundred operations only read: read-write locks are compared", take_reads,
     false},
    {"profile", 0, "FILE", "the above from a file, one a line: hold=100ns; what stands behind it overrides",
     take_profile, false},
    {"strategy", 's', "A,B", "the locks that could be taken (all)", mill_take_strategy, false},
    {"rounds", 'r', "N", "of those that may win; all others have a quarter, variations a third (24)",
     mill_take_rounds, false},
    {"window", 0, "TIME", "how long each of their samples measures (40ms)", mill_take_window, false},
    {"attempts", 0, "N", "samples that did not have their processors are repeated, up to N in all (4)",
     mill_take_attempts, false},
    {"seed", 0, "N", "for the order of the rounds and for each sample (drawn, and printed)", mill_take_seed,
     false},
    {"output", 'o', "FILE", "what was measured of those that may win, as a result document", mill_take_output,
     false},
    {"strict", 0, NULL, "exit with 4 when nothing can be told apart, or no sample counts", mill_take_strict,
     false},
    {"quiet", 'q', NULL, "no progress", mill_take_quiet, false},
};

static const struct mill_usage usage = {
    "advise",
    "",
    "Which lock for this workload, on this machine? Measures all that could be taken in a few rounds, those "
    "that\n"
    "may win in many, and again with more threads, longer holding and longer thinking; answers in words, for "
    "each\n"
    "speed that the machine has (near, far), with what would change the answer. Takes about a minute.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill advise --hold 100ns --think 1us --threads 4\n"
    "  threadmill advise --hold 50ns --think 0 --reads 95\n"
    "  threadmill advise --profile workload.txt --strategy pthread,futex,nsync -o advice.json\n",
};

static int parse(struct advise_request *request, int argc, char **argv, struct mill_error *error)
{
    *request = (struct advise_request){
        .run = {.run = {.rounds = 24,
                        .attempts = 4,
                        .pin = MILL_PIN_SPREAD,
                        .warmup_ns = 5 * MILL_NS_PER_MS,
                        .window_ns = 40 * MILL_NS_PER_MS,
                        .slice_ns = 10 * MILL_NS_PER_MS,
                        .calibration_ns = 2 * MILL_NS_PER_MS,
                        .grace_ns = 10 * MILL_NS_PER_S}},
        .workload = {.hold_ns = 100, .think_ns = MILL_NS_PER_US, .reads = -1},
    };
    int status = mill_options_parse(&usage, argc, argv, request, NULL, error);
    if (request->run.run.slice_ns > request->run.run.window_ns) {
        request->run.run.slice_ns = request->run.run.window_ns;
    }
    mill_run_request_draw_seed(&request->run);
    return status;
}

/* ---- one run ---- */

/* Everything that a stage is measured with. */
struct asker {
    const struct advise_request *request;
    const struct mill_cpus *cpus;
    const char *command;
};

static int measure(struct stage *stage, const struct asker *asker, const struct mill_plan *plan,
                   const struct mill_run_settings *settings, struct mill_error *error)
{
    struct mill_clock clock;
    struct mill_live *live = NULL;
    mill_clock_open(&clock);
    stage->result =
        mill_result_create(plan, asker->command, settings->seed, mill_machine_describe(asker->cpus, &clock),
                           mill_build_describe(), mill_run_settings_encode(settings));
    if (!stage->result || (!asker->request->run.quiet && mill_live_open(&live, stderr, 0) < 0)) {
        return mill_error_set(error, -ENOMEM, "no memory for a run of %zu cells", plan->count);
    }
    const struct mill_run_observer observer = {
        .event = live ? mill_live_show : NULL, .interrupted = mill_interrupted, .context = live};
    int status = mill_run(plan, settings, &observer, stage->result, error);
    mill_live_close(live);
    if (status == 0) {
        status = mill_summary_make(&stage->summary, stage->result, error);
        stage->made = status == 0;
    }
    return status;
}

/* A part of the rounds that the answer has: a look at all, or at a variation, needs no more. */
static unsigned part_of(unsigned rounds, unsigned part)
{
    return rounds > part ? rounds / part : 1;
}

/* Runs `strategies` (NULL: all) under the stage's workload. -EINVAL where that cannot be asked for. */
static int run_stage(struct stage *stage, const struct asker *asker, const char *strategies,
                     const struct mill_run_settings *settings, struct mill_error *error)
{
    const struct workload *workload = &stage->workload;
    char hold[48], think[48], reads[32], threads[16];
    snprintf(hold, sizeof hold, "hold=%" PRIu64 "ns", workload->hold_ns);
    snprintf(think, sizeof think, "think=%" PRIu64 "ns", workload->think_ns);
    snprintf(reads, sizeof reads, "reads=%d", workload->reads);
    snprintf(threads, sizeof threads, "%u", workload->threads);
    const char *const set[] = {hold, think, reads};
    const char *const scenario = workload->reads < 0 ? "critical-section" : "read-write";
    const struct mill_request asked = {
        .scenarios = &scenario,
        .scenario_count = 1,
        .strategies = strategies,
        .threads = threads,
        .settings = set,
        .setting_count = workload->reads < 0 ? 2 : 3,
    };
    struct mill_plan plan;
    int status = mill_plan_make(&plan, &asked, &mill_scenarios, mill_cpus_count(asker->cpus), error);
    if (status == 0) {
        status = measure(stage, asker, &plan, settings, error);
        mill_plan_destroy(&plan);
    }
    return status;
}

static void free_stage(struct stage *stage)
{
    if (stage->made) {
        mill_summary_destroy(&stage->summary);
    }
    json_decref(stage->result);
}

/* ---- the workload, and those beside it ---- */

static void describe(struct mill_text *words, const struct workload *workload)
{
    char hold[32], think[32];
    mill_text_add(words, "%u thread%s; the lock is held for %s, and left for %s in between",
                  workload->threads, workload->threads == 1 ? "" : "s",
                  mill_format_duration(hold, sizeof hold, (double)workload->hold_ns),
                  mill_format_duration(think, sizeof think, (double)workload->think_ns));
    if (workload->reads >= 0) {
        mill_text_add(words, "; %d of 100 operations only read", workload->reads);
    }
}

/* `ns` ten times, within what the scenario takes; from nothing to what stands for it. */
static uint64_t longer(uint64_t ns, uint64_t least, uint64_t most)
{
    uint64_t more = ns > 0 ? 10 * ns : least;
    return more < most ? more : most;
}

static void vary(struct stage *stage, struct mill_advice_variation *variation,
                 const struct workload *workload, const char *what)
{
    char value[32];
    stage->workload = *workload;
    if (strcmp(what, "threads") == 0) {
        snprintf(variation->what, sizeof variation->what, "%u threads", workload->threads);
    } else if (strcmp(what, "reads") == 0) {
        snprintf(variation->what, sizeof variation->what, "%d of 100 read", workload->reads);
    } else {
        uint64_t ns = strcmp(what, "hold") == 0 ? workload->hold_ns : workload->think_ns;
        snprintf(variation->what, sizeof variation->what, "%s %s", what,
                 mill_format_duration(value, sizeof value, (double)ns));
    }
}

static size_t make_variations(struct stage stages[VARIATIONS_MAX],
                              struct mill_advice_variation variations[VARIATIONS_MAX],
                              const struct workload *base)
{
    size_t count = 0;
    struct workload one = *base;
    one.threads = 2 * base->threads <= MILL_THREADS_MAX ? 2 * base->threads : base->threads;
    vary(&stages[count], &variations[count], &one, "threads");
    count++;
    if (base->threads > 1) {
        one.threads = base->threads / 2;
        vary(&stages[count], &variations[count], &one, "threads");
        count++;
    }
    one = *base;
    one.hold_ns = longer(base->hold_ns, 100, MILL_NS_PER_MS);
    vary(&stages[count], &variations[count], &one, "hold");
    count++;
    one = *base;
    one.think_ns = longer(base->think_ns, MILL_NS_PER_US, 10 * MILL_NS_PER_MS);
    vary(&stages[count], &variations[count], &one, "think");
    count++;
    if (base->reads >= 0) {
        one = *base;
        one.reads = base->reads > 50 ? 50 : 99;
        vary(&stages[count], &variations[count], &one, "reads");
        count++;
    }
    return count;
}

/* ---- the whole ---- */

static bool has_winner(const struct mill_summary *summary)
{
    struct mill_advice advice[MILL_ADVICE_MODES];
    size_t count = mill_advice_make(advice, summary);
    for (size_t i = 0; i < count; i++) {
        if (mill_advice_is_clear(&advice[i])) {
            return true;
        }
    }
    return false;
}

static void say(const struct advise_request *request, const char *words)
{
    if (!request->run.quiet) {
        fprintf(stderr, "threadmill: %s\n", words);
    }
}

struct advice_run {
    struct stage screen, main, others[VARIATIONS_MAX];
    struct mill_advice_variation variations[VARIATIONS_MAX];
    size_t count; /* of variations that were measured */
    struct mill_text shortlist;
};

static int measure_all(struct advice_run *run, const struct asker *asker, struct mill_error *error)
{
    const struct advise_request *request = asker->request;
    struct mill_run_settings settings = request->run.run;
    settings.throughput = true;
    run->screen.workload = run->main.workload = request->workload;
    settings.rounds = part_of(request->run.run.rounds, 4);
    settings.window_ns = request->run.run.window_ns / 2;
    settings.slice_ns = settings.slice_ns < settings.window_ns ? settings.slice_ns : settings.window_ns;
    say(request, "1 of 3: a few rounds of all");
    int status = run_stage(&run->screen, asker, request->run.strategies, &settings, error);
    if (status < 0) {
        return status;
    }
    mill_advice_shortlist(&run->shortlist, &run->screen.summary, SHORTLIST);
    if (!run->shortlist.text) {
        return run->shortlist.failed ? -ENOMEM : 0;
    }
    settings = request->run.run;
    settings.throughput = true;
    settings.latency_every = 1;
    say(request, "2 of 3: many rounds of those that may win");
    if (!mill_interrupted(NULL)) {
        status = run_stage(&run->main, asker, run->shortlist.text, &settings, error);
    }
    settings.latency_every = 0;
    settings.rounds = part_of(request->run.run.rounds, 3);
    say(request, "3 of 3: what would change the answer");
    size_t variations = make_variations(run->others, run->variations, &request->workload);
    for (; status == 0 && run->count < variations && !mill_interrupted(NULL); run->count++) {
        status = run_stage(&run->others[run->count], asker, run->shortlist.text, &settings, error);
        run->variations[run->count].summary = &run->others[run->count].summary;
    }
    return status;
}

/* What the answer is from: of those that may win, where a round of all told who that is. */
static const struct stage *ground(const struct advice_run *run)
{
    return run->main.made ? &run->main : &run->screen;
}

static int answer(const struct advice_run *run, const struct advise_request *request)
{
    struct mill_text workload = {0}, out = {0};
    describe(&workload, &request->workload);
    const struct mill_advice_report report = {
        .workload = workload.text ? workload.text : "",
        .summary = &ground(run)->summary,
        .variations = run->variations,
        .variation_count = run->count,
        .width = mill_terminal_width(stdout),
    };
    int status = mill_view_say(&out, mill_advice_report(&out, &report));
    bool unsure = !has_winner(report.summary);
    mill_text_free(&workload);
    if (status < 0) {
        return mill_complain(MILL_EXIT_MACHINE, "the answer could not be written to standard output");
    }
    if (mill_interrupted(NULL)) {
        return MILL_EXIT_INTERRUPTED;
    }
    return request->run.strict && unsure ? MILL_EXIT_UNSURE : MILL_EXIT_EXPECTED;
}

static int finish(const struct advice_run *run, const struct advise_request *request,
                  struct mill_replacement *file)
{
    struct mill_error error;
    int code = answer(run, request);
    const struct stage *stage = ground(run);
    if (file->descriptor < 0) {
        return code;
    }
    if (json_object_set_new(stage->result, "summary", mill_summary_encode(&stage->summary)) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "no memory for the summary of the result");
    }
    return mill_view_write(stage->result, file, &error) < 0
               ? mill_complain(MILL_EXIT_MACHINE, "%s", error.message)
               : code;
}

static int advise(struct advise_request *request, const struct mill_cpus *cpus, int argc, char **argv)
{
    struct advice_run run = {.count = 0};
    struct mill_text command = {0};
    struct mill_replacement file = {.descriptor = -1};
    struct mill_error error;
    int code;
    if (request->workload.threads == 0) {
        request->workload.threads = (unsigned)mill_cpus_count(cpus);
    }
    mill_command_quote(&command, argc, argv);
    const struct asker asker = {request, cpus, command.text ? command.text : "threadmill advise"};
    if (mill_compare_open_output(&file, &request->run, &error) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
        goto out;
    }
    mill_interrupt_catch();
    if (!request->run.quiet) {
        fprintf(stderr, "threadmill: seed %" PRIu64 "\n", request->run.run.seed);
    }
    int status = measure_all(&run, &asker, &error);
    if (status < 0) {
        code = mill_complain(status == -EINVAL ? MILL_EXIT_USAGE : MILL_EXIT_MACHINE, "%s", error.message);
    } else {
        code = finish(&run, request, &file);
    }
out:
    free_stage(&run.screen);
    free_stage(&run.main);
    for (size_t i = 0; i < VARIATIONS_MAX; i++) {
        free_stage(&run.others[i]);
    }
    mill_text_free(&run.shortlist);
    mill_text_free(&command);
    mill_replacement_close(&file);
    return code;
}

static int run(int argc, char **argv)
{
    struct advise_request request;
    struct mill_cpus *cpus = NULL;
    struct mill_error error;
    int code;
    int status = parse(&request, argc, argv, &error);
    if (status != 0) {
        code = status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    } else if (mill_cpus_open(&cpus, &error) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    } else {
        code = advise(&request, cpus, argc, argv);
    }
    mill_cpus_close(cpus);
    mill_run_request_free(&request.run);
    return code;
}

const struct mill_command mill_command_advise = {"advise", "which lock for this workload, on this machine",
                                                 run};
