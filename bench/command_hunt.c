/* threadmill hunt: many controlled schedules of a program, and the first that fails. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beside.h"
#include "commands.h"
#include "core/clock.h"
#include "core/text.h"
#include "hunt_report.h"
#include "hunt_token.h"
#include "options.h"

/* Runs of the program to reduce a failing schedule. */
#define REDUCING_ATTEMPTS 2000

#define SCHEDULES_DEFAULT 10000

struct request {
    struct mill_campaign campaign;
    char **words; /* of the program that is hunted, after "--" */
    char path[BESIDE_MAX];
    bool verbose;
    bool quiet;
    bool seeded;
};

static atomic_bool interrupted;

static void interrupt(int number)
{
    (void)number;
    atomic_store_explicit(&interrupted, true, memory_order_relaxed); /* a flag to leave by */
}

static bool is_interrupted(void *context)
{
    (void)context;
    return atomic_load_explicit(&interrupted, memory_order_relaxed);
}

/* ---- options ---- */

static int take_schedules(void *target, const char *value, struct mill_error *error)
{
    int64_t number;
    int status = mill_option_number("schedules", value, 1, INT64_MAX / 4, &number, error);
    ((struct request *)target)->campaign.schedules = (uint64_t)number;
    return status;
}

static int take_time(void *target, const char *value, struct mill_error *error)
{
    struct request *request = target;
    return mill_option_duration("time", value, MILL_NS_PER_MS, 24 * 3600 * MILL_NS_PER_S,
                                &request->campaign.time_ns, error);
}

static int take_seed(void *target, const char *value, struct mill_error *error)
{
    struct request *request = target;
    int64_t number;
    int status = mill_option_number("seed", value, 0, INT64_MAX, &number, error);
    request->campaign.options.seed = (uint64_t)number;
    request->seeded = true;
    return status;
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
    ((struct request *)target)->campaign.explorer = value;
    return 0;
}

#define TAKE_NUMBER(name, option, minimum, maximum, field)                                \
    static int take_##name(void *target, const char *value, struct mill_error *error)     \
    {                                                                                     \
        struct request *request = target;                                                 \
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

static int take_patience(void *target, const char *value, struct mill_error *error)
{
    uint64_t ns;
    int status = mill_option_duration("patience", value, MILL_NS_PER_S, 3600 * MILL_NS_PER_S, &ns, error);
    ((struct request *)target)->campaign.patience_s = (uint32_t)(ns / MILL_NS_PER_S);
    return status;
}

static int take_engine(void *target, const char *value, struct mill_error *error)
{
    if (strcmp(value, "fibers") != 0 && strcmp(value, "threads") != 0) {
        return mill_error_set(error, -EINVAL, "option '--engine' is 'fibers' or 'threads', not '%s'", value);
    }
    ((struct request *)target)->campaign.engine = value;
    return 0;
}

#define TAKE_FLAG(name, change)                                                       \
    static int take_##name(void *target, const char *value, struct mill_error *error) \
    {                                                                                 \
        struct request *request = target;                                             \
        (void)value;                                                                  \
        (void)error;                                                                  \
        change;                                                                       \
        return 0;                                                                     \
    }

TAKE_FLAG(no_races, request->campaign.flags &= ~(uint32_t)MILL_JOB_RACES)
TAKE_FLAG(no_lock_order, request->campaign.flags &= ~(uint32_t)MILL_JOB_LOCK_ORDER)
TAKE_FLAG(leaks, request->campaign.flags |= MILL_JOB_LEAKS)
TAKE_FLAG(spurious, request->campaign.flags |= MILL_JOB_SPURIOUS)
TAKE_FLAG(verbose, request->verbose = true)
TAKE_FLAG(quiet, request->quiet = true)

static const struct mill_option options[] = {
    {"schedules", 'n', "N", "how many (default 10000)", take_schedules, false},
    {"time", 't', "TIME", "as many as there is time for: 10s, 5m", take_time, false},
    {"seed", 's', "S",
     "of all random choices; the same seed finds the same (default: by the clock, and printed)", take_seed,
     false},
    {"explore", 'e', "STRATEGY",
     "random, pct, pos, urw, surw, exhaustive, or portfolio: all of them in turn\n(default portfolio)",
     take_explorer, false},
    {"depth", 0, "D", "of pct: how many orders of two steps the bug needs (default 3)", take_depth, false},
    {"preemptions", 0, "B", "of exhaustive: all schedules with at most so many (default 2)", take_preemptions,
     false},
    {"steps", 0, "N", "a schedule with more steps is cut, and counted (default 20000)", take_steps, false},
    {"jobs", 'j', "N", "processes side by side; what is found does not depend on it (default 1)", take_jobs,
     false},
    {"expect-exit", 0, "CODE", "the program's exit code when all is well (default 0)", take_exit, false},
    {"patience", 0, "TIME", "a schedule that takes no step for so long is hung (default 10s)", take_patience,
     false},
    {"engine", 0, "ENGINE",
     "how threads are switched: fibers, all on one kernel thread; or threads,\nslower (default fibers)",
     take_engine, false},
    {"no-races", 0, NULL, "data races that nothing else shows are no finding", take_no_races, false},
    {"no-lock-order", 0, NULL, "locks taken in both orders are no finding until they deadlock",
     take_no_lock_order, false},
    {"leaks", 0, NULL, "memory that is left at the end is a finding", take_leaks, false},
    {"spurious", 0, NULL, "waits on conditions may end by themselves, as POSIX allows", take_spurious, false},
    {"verbose", 'v', NULL, "every step of a failing schedule", take_verbose, false},
    {"quiet", 'q', NULL, "no progress", take_quiet, false},
};

static const struct mill_usage usage = {
    "hunt",
    "-- ./PROGRAM [ARGUMENT...]",
    "Runs a program that 'threadmill cc' linked again and again, each time under another schedule of its "
    "threads, and\n"
    "looks for one that fails: an assertion, a crash, a wrong exit code, a deadlock, a lost wake-up, a data "
    "race,\n"
    "memory used after it was freed. The first failing schedule is reduced to the fewest preemptions and "
    "printed,\n"
    "with a token that 'threadmill replay' plays again.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill cc -O1 -g -o prog prog.c\n"
    "  threadmill hunt --schedules 20000 --seed 1 -- ./prog\n"
    "  threadmill hunt --explore exhaustive --preemptions 2 -- ./prog\n"
    "  threadmill hunt --time 1m -j 2 --expect-exit 1 -- ./prog some arguments\n",
};

/* ---- progress ---- */

static void show_progress(void *context, const struct mill_campaign_progress *progress)
{
    const struct request *request = context;
    if (request->quiet || !isatty(STDERR_FILENO)) {
        return;
    }
    char count[32];
    double seconds = (double)progress->elapsed_ns / MILL_NS_PER_S;
    char rate[32];
    mill_format_count(count, sizeof count, (double)progress->schedules);
    mill_format_count(rate, sizeof rate, seconds > 0 ? (double)progress->schedules / seconds : 0);
    fprintf(stderr, "\r\033[K%s schedules, %s/s", count, rate);
    fflush(stderr);
}

static void clear_progress(const struct request *request)
{
    if (!request->quiet && isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
    }
}

/* ---- the outcome ---- */

static void print_counts(const struct mill_campaign_result *result)
{
    double seconds = (double)result->elapsed_ns / MILL_NS_PER_S;
    printf("%" PRIu64 " schedules in %.2f s (%.0f a second), at most %u threads and %u steps\n",
           result->schedules, seconds, seconds > 0 ? (double)result->schedules / seconds : 0,
           result->threads_most, result->steps_most);
    if (result->cut > 0) {
        printf("%" PRIu64 " of them were cut, having taken too many steps (--steps)\n", result->cut);
    }
}

static int print_silence(const struct mill_campaign_result *result)
{
    print_counts(result);
    printf("no failure%s\n", result->exhausted     ? ", and every schedule was seen that could be told apart"
                             : result->interrupted ? " before the interruption"
                                                   : "");
    if (result->worth[0]) {
        printf("%s\n", result->worth);
    }
    return result->interrupted ? MILL_EXIT_INTERRUPTED : MILL_EXIT_EXPECTED;
}

static int print_failure(const struct request *request, struct mill_campaign_result *result)
{
    const struct mill_campaign *campaign = &request->campaign;
    struct mill_drive drive;
    struct mill_error error = {.message = ""};
    uint64_t program;
    uint32_t before = mill_choices_preemptions(result->choices);
    printf("failed in schedule %" PRIu64 " of seed %" PRIu64 ", after %.2f s\n", result->number,
           campaign->options.seed, (double)result->elapsed_ns / MILL_NS_PER_S);
    if (mill_campaign_minimise(campaign, result, REDUCING_ATTEMPTS, &error) == -ENOENT) {
        printf("it did not fail again: something besides the schedule decides (time, input, addresses)\n");
    }
    printf("reduced from %u to %u preemptions\n\n", before, mill_choices_preemptions(result->choices));
    int status = mill_campaign_follow(campaign, result->choices, false, &drive, &error);
    if (status == 0 && mill_hunt_watch(&drive, &drive.job->failure)) {
        status = mill_drive_run(&drive, &campaign->prey, &error);
    }
    if (status == 0) {
        mill_hunt_report(stdout, &drive, request->path, request->verbose);
    }
    mill_drive_close(&drive);
    status = status == 0 ? mill_drive_identify(request->path, &program, &error) : status;
    char *token = status == 0 ? mill_hunt_token_write(campaign, result->choices, program) : NULL;
    if (!token) {
        return mill_complain(MILL_EXIT_MACHINE, "%s",
                             error.message[0] ? error.message : "no memory for a token");
    }
    printf("\nthreadmill replay %s\n", token);
    free(token);
    return MILL_EXIT_FINDING;
}

static int hunt(struct request *request)
{
    struct mill_campaign_result result;
    struct mill_error error;
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    int status = mill_campaign_run(&request->campaign, &result, &error);
    clear_progress(request);
    if (status < 0) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    int code = result.failed ? print_failure(request, &result) : print_silence(&result);
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
        .campaign = {.flags = MILL_JOB_RACES | MILL_JOB_LOCK_ORDER,
                     .jobs = 1,
                     .options = {.preemptions = 2},
                     .prey = {.input = -1, .output = -1},
                     .interrupted = is_interrupted,
                     .progress = show_progress},
    };
    struct mill_error error;
    int at = find_program(argc, argv);
    int status = mill_options_parse(&usage, at, argv, &request, NULL, &error);
    if (status != 0) {
        return status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    if (at + 1 >= argc) {
        return mill_complain(MILL_EXIT_USAGE, "'threadmill hunt' needs a program: threadmill hunt -- ./prog");
    }
    struct mill_campaign *campaign = &request.campaign;
    campaign->context = &request;
    campaign->prey.arguments = argv + at + 1;
    campaign->prey.program = request.path;
    if (campaign->schedules == 0 && campaign->time_ns == 0) {
        campaign->schedules = SCHEDULES_DEFAULT;
    }
    if (!request.seeded) {
        campaign->options.seed = mill_now_ns() & 0x7fffffff;
        printf("seed %" PRIu64 "\n", campaign->options.seed);
    }
    if (mill_hunt_find_program(argv[at + 1], request.path, &error) < 0) {
        return mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    return hunt(&request);
}

const struct mill_command mill_command_hunt = {"hunt", "controlled schedules of a program, until one fails",
                                               run};
