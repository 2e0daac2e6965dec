/* threadmill hunt: many controlled schedules of a program, and the first that fails. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "command_line.h"
#include "commands.h"
#include "core/clock.h"
#include "core/text.h"
#include "hunt_document.h"
#include "hunt_input.h"
#include "hunt_request.h"
#include "hunt_token.h"
#include "options.h"

#define SCHEDULES_DEFAULT   10000
#define SCHEDULES_OF_A_CELL 1000

struct request {
    struct mill_hunt_request hunt; /* first: its options are those of `threadmill run` (run_request.h), too */
    char path[BESIDE_MAX];
};

/* ---- options ---- */

static int take_schedules(void *target, const char *value, struct mill_error *error)
{
    int64_t number;
    int status = mill_option_number("schedules", value, 1, INT64_MAX / 4, &number, error);
    ((struct mill_hunt_request *)target)->campaign.schedules = (uint64_t)number;
    return status;
}

static int take_time(void *target, const char *value, struct mill_error *error)
{
    struct mill_hunt_request *request = target;
    return mill_option_duration("time", value, MILL_NS_PER_MS, 24 * 3600 * MILL_NS_PER_S,
                                &request->campaign.time_ns, error);
}

static int take_explorer(void *target, const char *value, struct mill_error *error)
{
    const char *names[32];
    char near[256];
    size_t count = 0;
    for (; mill_explorers[count] && count < 32; count++) {
        names[count] = mill_explorers[count]->name;
    }
    if (!mill_explorer_find(value)) {
        mill_nearest(near, sizeof near, value, names, count);
        return mill_error_set(error, -EINVAL, "option '--explore': there is no strategy '%s'%s%s%s", value,
                              near[0] ? "; did you mean " : "", near, near[0] ? "?" : "");
    }
    ((struct mill_hunt_request *)target)->campaign.explorer = value;
    return 0;
}

#define TAKE_NUMBER(name, option, minimum, maximum, field)                                \
    static int take_##name(void *target, const char *value, struct mill_error *error)     \
    {                                                                                     \
        struct mill_hunt_request *request = target;                                       \
        int64_t number = 0;                                                               \
        int status = mill_option_number(option, value, minimum, maximum, &number, error); \
        request->campaign.field = (__typeof__(request->campaign.field))number;            \
        return status;                                                                    \
    }

TAKE_NUMBER(depth, "depth", 1, MILL_EXPLORE_DEPTH, options.depth)
TAKE_NUMBER(preemptions, "preemptions", 0, 1000, options.preemptions)
TAKE_NUMBER(steps, "steps", 100, 100000000, options.steps_max)
TAKE_NUMBER(jobs, "jobs", 1, MILL_CAMPAIGN_JOBS, jobs)
TAKE_NUMBER(exit, "expect-exit", 0, 255, expected_exit)

static int take_operations(void *target, const char *value, struct mill_error *error)
{
    struct mill_hunt_request *request = target;
    return mill_option_number("operations", value, 1, 1000, &request->operations, error);
}

static int take_patience(void *target, const char *value, struct mill_error *error)
{
    uint64_t ns;
    int status = mill_option_duration("patience", value, MILL_NS_PER_S, 3600 * MILL_NS_PER_S, &ns, error);
    ((struct mill_hunt_request *)target)->campaign.patience_s = (uint32_t)(ns / MILL_NS_PER_S);
    return status;
}

static int take_engine(void *target, const char *value, struct mill_error *error)
{
    if (strcmp(value, "fibers") != 0 && strcmp(value, "threads") != 0) {
        return mill_error_set(error, -EINVAL, "option '--engine' is 'fibers' or 'threads', not '%s'", value);
    }
    ((struct mill_hunt_request *)target)->campaign.engine = value;
    return 0;
}

static int take_with(void *target, const char *value, struct mill_error *error)
{
    if (strcmp(value, "tsan") != 0) {
        return mill_error_set(error, -EINVAL, "option '--with' is 'tsan', not '%s'", value);
    }
    ((struct mill_hunt_request *)target)->with = value;
    return 0;
}

#define TAKE_FLAG(name, change)                                                       \
    static int take_##name(void *target, const char *value, struct mill_error *error) \
    {                                                                                 \
        struct mill_hunt_request *request = target;                                   \
        (void)value;                                                                  \
        (void)error;                                                                  \
        change;                                                                       \
        return 0;                                                                     \
    }

TAKE_FLAG(no_races, request->campaign.flags &= ~(uint32_t)MILL_JOB_RACES)
TAKE_FLAG(no_histories, request->unrecorded = true)
TAKE_FLAG(lock_order, request->campaign.flags |= MILL_JOB_LOCK_ORDER)
TAKE_FLAG(leaks, request->campaign.flags |= MILL_JOB_LEAKS)
TAKE_FLAG(spurious, request->campaign.flags |= MILL_JOB_SPURIOUS)
TAKE_FLAG(fork, request->campaign.batch = 1)
TAKE_FLAG(trace_hash, request->campaign.flags |= MILL_JOB_HASH_ON)
TAKE_FLAG(classes, request->campaign.flags |= MILL_JOB_CLASSES)
TAKE_FLAG(progress, request->progress = true)
TAKE_FLAG(wait_free, request->campaign.flags |= MILL_JOB_WAIT_FREE)
TAKE_FLAG(raw, request->raw = true)
TAKE_FLAG(verbose, request->verbose = true)

static const struct mill_option options[] = {
    {"strategy", 0, "A,B", "of scenarios: strategies (all of each family)", mill_take_strategy, false},
    {"threads", 0, "N,..", "of scenarios: numbers of threads (2, or the least that one that is named needs)",
     mill_take_threads, false},
    {"set", 0, "NAME=VALUE",
     "of scenarios: a parameter, as 'threadmill list' shows it; several joined by\ncommas", mill_take_set,
     true},
    {"operations", 0, "N", "of scenarios: operations of each thread (3)", take_operations, false},
    {"with", 0, "tsan",
     "of scenarios: the real ThreadSanitizer looks for the races. A program is linked\nwith it: 'threadmill "
     "cc --with tsan'",
     take_with, false},
    {"schedules", 'n', "N", "how many (10000; of scenarios 1000 for each cell)", take_schedules, false},
    {"time", 't', "TIME", "as many as there is time for: 10s, 5m", take_time, false},
    {"seed", 's', "S",
     "of all random choices; the same seed finds the same (default: by the clock, and printed)",
     mill_take_seed, false},
    {"explore", 'e', "STRATEGY",
     "random, pct, pos, urw, surw, exhaustive, or portfolio: all of them in turn\n(default portfolio)",
     take_explorer, false},
    {"depth", 0, "D", "of pct: how many orders of two steps the bug needs (default 3)", take_depth, false},
    {"preemptions", 0, "B", "of exhaustive: all schedules with at most so many (default 2)", take_preemptions,
     false},
    {"steps", 0, "N", "a schedule with more steps is cut, and counted (default 200000)", take_steps, false},
    {"jobs", 'j', "N", "processes side by side; what is found does not depend on it (default 1)", take_jobs,
     false},
    {"expect-exit", 0, "CODE", "the program's exit code when all is well (default 0)", take_exit, false},
    {"patience", 0, "TIME", "a schedule that takes no step for so long is hung (default 10s)", take_patience,
     false},
    {"engine", 0, "ENGINE",
     "how threads are switched: fibers, all on one kernel thread; or threads,\nslower (default fibers)",
     take_engine, false},
    {"fork", 0, NULL, "of scenarios: a process for each schedule, as programs always have; slower", take_fork,
     false},
    {"trace-hash", 0, NULL,
     "a number that stands for every step of every schedule: equal numbers, equal runs", take_trace_hash,
     false},
    {"no-races", 0, NULL, "data races that nothing else shows are no finding", take_no_races, false},
    {"no-histories", 0, NULL, "of scenarios: what calls were told is not held against a model",
     take_no_histories, false},
    {"lock-order", 0, NULL,
     "locks that threads take in both orders are a finding, also where none waits;\norders that flags or "
     "semaphores impose are not seen",
     take_lock_order, false},
    {"leaks", 0, NULL, "memory that is left at the end is a finding", take_leaks, false},
    {"spurious", 0, NULL, "waits on conditions may end by themselves, as POSIX allows", take_spurious, false},
    {"classes", 0, NULL,
     "schedules that differ in more than the order of independent steps are counted (always\nof a program "
     "that needs a process for each)",
     take_classes, false},
    {"progress", 0, NULL,
     "of scenarios: strategies that claim lock-freedom, with one thread suspended at every\npoint in turn: "
     "the others have to end their operations",
     take_progress, false},
    {"wait-free", 0, NULL,
     "with --progress: each thread is held back in turn, too, and has to end its operations\nwithin a "
     "bounded "
     "number of its own steps (of scenarios: strategies that claim it are)",
     take_wait_free, false},
    {"raw", 0, NULL, "a failing schedule is told as it was found, not reduced and not printed", take_raw,
     false},
    {"output", 'o', "FILE",
     "what was hunted and found as a document, with the steps of each failing schedule, those of\ncontrols "
     "too; 'threadmill report' shows it",
     mill_take_output, false},
    {"verbose", 'v', NULL, "every step of a failing schedule", take_verbose, false},
    {"quiet", 'q', NULL, "no progress", mill_take_quiet, false},
};

static const struct mill_usage usage = {
    "hunt",
    "-- ./PROGRAM [ARGUMENT...]",
    "Runs a program that 'threadmill cc' linked again and again, each time under another schedule of its "
    "threads, and\n"
    "looks for one that fails: an assertion, a crash, a wrong exit code, a deadlock, a lost wake-up, a data "
    "race,\n"
    "memory used after it was freed; of a scenario with a model also answers that no order of the calls "
    "explains. In each it reads the same standard input, that of this command. The "
    "first failing schedule is reduced to the fewest preemptions and "
    "printed,\n"
    "with a token that 'threadmill replay' plays again.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill hunt counter --schedules 5000 --seed 3 -o hunt.json\n"
    "  threadmill hunt --progress producers-consumers\n"
    "  threadmill cc -O1 -g -o prog prog.c\n"
    "  threadmill hunt --schedules 20000 --seed 1 -- ./prog\n"
    "  threadmill hunt --explore exhaustive --preemptions 2 -- ./prog\n"
    "  threadmill hunt --time 1m -j 2 --expect-exit 1 -- ./prog some arguments\n",
};

/* ---- hunting ---- */

static int hunt_program(struct request *request, char **words)
{
    struct mill_hunt_request *hunt = &request->hunt;
    struct mill_campaign *campaign = &hunt->campaign;
    struct mill_campaign_result result;
    struct mill_error error;
    if (mill_hunt_find_program(words[0], request->path, &error) < 0) {
        return mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    int input = mill_hunt_input(&error);
    if (input < -1) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    campaign->prey =
        (struct mill_prey){.program = request->path, .arguments = words, .input = input, .output = -1};
    int status = mill_campaign_run(campaign, &result, &error);
    mill_hunt_clear_progress(hunt);
    if (status < 0) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    int code = MILL_EXIT_FINDING;
    bool unseen = !result.failed && !result.interrupted && result.cut == result.schedules;
    mill_hunt_document_cell(hunt, NULL,
                            result.failed        ? "FOUND"
                            : result.interrupted ? "interrupted"
                            : unseen             ? "cut"
                                                 : "clean",
                            unseen ? "no schedule was seen to its end" : NULL, &result);
    if (result.failed) {
        code = mill_hunt_print_failure(hunt, &result) < 0 ? MILL_EXIT_MACHINE : code;
    } else {
        mill_hunt_print_silence(&result);
        if (campaign->flags & MILL_JOB_HASH_ON) {
            printf("trace hash %016" PRIx64 "\n", result.hash);
        }
        if (hunt->progress && result.points == 0 && !result.interrupted) {
            mill_campaign_free(&result);
            return mill_complain(MILL_EXIT_USAGE,
                                 "'--progress' is about operations, and '%s' does not say where they begin: "
                                 "threadmill's own scenarios do",
                                 words[0]);
        }
        code = result.interrupted ? MILL_EXIT_INTERRUPTED : MILL_EXIT_EXPECTED;
        if (unseen) {
            code = mill_complain(MILL_EXIT_UNSURE, "no schedule was seen to its end");
        }
    }
    mill_campaign_free(&result);
    return code;
}

/* Where the program's own words begin; argc: there is none. */
static int find_program(int argc, char **argv)
{
    int at = 1;
    while (at < argc && strcmp(argv[at], "--") != 0) {
        at++;
    }
    return at;
}

static int run(int argc, char **argv)
{
    struct request request = {
        .hunt = {.campaign = {.flags = MILL_JOB_RACES,
                              .jobs = 1,
                              .options = {.preemptions = 2},
                              .interrupted = mill_interrupted,
                              .progress = mill_hunt_show_progress},
                 .operations = 3},
    };
    struct mill_hunt_request *hunt = &request.hunt;
    struct mill_campaign *campaign = &hunt->campaign;
    struct mill_error error;
    int at = find_program(argc, argv);
    int status = mill_options_parse(&usage, at, argv, hunt, mill_take_scenario, &error);
    if (status != 0) {
        return status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    bool program = at + 1 < argc;
    if (program && hunt->run.scenario_count > 0) {
        return mill_complain(MILL_EXIT_USAGE,
                             "scenarios or a program: '%s' and what stands behind '--' are both",
                             hunt->run.scenarios[0]);
    }
    if (program && hunt->with) {
        return mill_complain(MILL_EXIT_USAGE,
                             "'--with' is of scenarios: link the program with 'threadmill cc --with %s'",
                             hunt->with);
    }
    if (at < argc && !program) {
        return mill_complain(MILL_EXIT_USAGE, "'--' needs a program behind it: threadmill hunt -- ./prog");
    }
    campaign->context = hunt;
    if (hunt->progress) {
        mill_hunt_ask_progress(hunt);
    }
    if (campaign->schedules == 0 && campaign->time_ns == 0) {
        campaign->schedules = program ? SCHEDULES_DEFAULT : SCHEDULES_OF_A_CELL;
    }
    mill_run_request_draw_seed(&hunt->run);
    campaign->options.seed = hunt->run.run.seed;
    if (!hunt->run.seeded) {
        printf("seed %" PRIu64 "\n", campaign->options.seed);
    }
    mill_interrupt_catch();
    int code;
    if (mill_hunt_document_open(hunt, argc, argv, &error) < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    } else {
        code = program ? hunt_program(&request, argv + at + 1) : mill_hunt_scenarios(hunt);
        if (code != MILL_EXIT_USAGE && mill_hunt_document_write(hunt, &error) < 0) {
            code = mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
        }
    }
    mill_hunt_document_close(hunt);
    mill_run_request_free(&hunt->run);
    return code;
}

const struct mill_command mill_command_hunt = {
    "hunt", "controlled schedules of scenarios, or of a program, until one fails", run};
