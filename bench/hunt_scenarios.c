/* Scenarios under controlled schedules: each cell is a program of its own, threadmill-hunt with arguments. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "commands.h"
#include "core/clock.h"
#include "hunt_document.h"
#include "hunt_request.h"
#include "hunt_token.h"
#include "scenarios/list.h"

#define WORDS_MAX              (MILL_PARAMETERS_MAX + 8)
#define WORD_SIZE              96

/* Of each thread, where fewer have not shown a mistake kept on purpose. */
#define OPERATIONS_OF_CONTROLS 20

/* Of a cell that claims to make progress, besides its own: enough to suspend each thread at each point. */
#define SCHEDULES_OF_PROGRESS  200

/* What schedules do not show: a matter of time, and of load. */
#define NOT_HUNTED             ((unsigned)(MILL_LATENCY_BOUND | MILL_UNBOUNDED_GROWTH))

struct tally {
    unsigned clean, cut, caught, missed, found, unsupported, blocking, failed;
    unsigned tables; /* of outcomes */
};

/* ---- a cell's arguments ---- */

struct words {
    char text[WORDS_MAX][WORD_SIZE];
    char *list[WORDS_MAX + 1];
    unsigned count;
};

static void add_word(struct words *words, const char *name, const char *value)
{
    char *text = words->text[words->count];
    snprintf(text, WORD_SIZE, "%s%s%s", name, value ? "=" : "", value ? value : "");
    words->list[words->count++] = text;
    words->list[words->count] = NULL;
}

static const char *target_of(const struct mill_hunt_request *request)
{
    return request->with ? "threadmill-hunt-tsan" : "threadmill-hunt";
}

static void make_words(struct words *words, const struct mill_hunt_request *request,
                       const struct mill_cell *cell, int64_t operations)
{
    char value[64];
    const struct mill_scenario *scenario = cell->scenario;
    words->count = 0;
    add_word(words, target_of(request), NULL);
    add_word(words, scenario->name, NULL);
    add_word(words, cell->strategy->name, NULL);
    snprintf(value, sizeof value, "%u", cell->threads);
    add_word(words, "threads", value);
    snprintf(value, sizeof value, "%" PRId64, operations);
    add_word(words, "operations", value);
    if (request->unrecorded) {
        add_word(words, "history", "0");
    }
    for (unsigned i = 0; i < scenario->parameter_count; i++) {
        if (cell->values[i] != scenario->parameters[i].fallback) {
            add_word(words, scenario->parameters[i].name,
                     mill_parameter_format(&scenario->parameters[i], cell->values[i], value, sizeof value));
        }
    }
}

/* ---- cells ---- */

static bool is_set(const struct mill_run_request *run, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < run->setting_count; i++) {
        if (strncmp(run->settings[i], name, length) == 0 && run->settings[i][length] == '=') {
            return true;
        }
    }
    return false;
}

/* What nobody has set is as small as a hunt wants it. */
static void set_for_hunt(struct mill_cell *cell, const struct mill_run_request *run)
{
    for (unsigned i = 0; i < cell->scenario->parameter_count; i++) {
        const struct mill_parameter *parameter = &cell->scenario->parameters[i];
        if (parameter->hunted != 0 && !is_set(run, parameter->name)) {
            cell->values[i] = parameter->hunted;
        }
    }
}

static bool is_control(const struct mill_cell *cell)
{
    return cell->expectation || mill_scenario_is_control(cell->scenario, cell->strategy);
}

static bool claims_progress(const struct mill_cell *cell)
{
    return cell->strategy->progress != MILL_BLOCKING;
}

static const char *not_hunted(const struct mill_cell *cell)
{
    if (cell->unsupported) {
        return cell->unsupported;
    }
    if (mill_strategy_is_foreign(cell->strategy)) {
        return "it is another library's, and not instrumented";
    }
    if (cell->strategy->traits & MILL_EMPTY) {
        return "it does nothing: there is nothing to find";
    }
    if (cell->expectation && (cell->expectation->findings & ~NOT_HUNTED) == 0) {
        return "what is wrong with it is a matter of time or of load, not of schedules";
    }
    return NULL;
}

/* The stronger guarantee, of who claims it. */
static void ask_wait_freedom(struct mill_hunt_request *request, const struct mill_cell *cell)
{
    request->campaign.flags &= ~(uint32_t)MILL_JOB_WAIT_FREE;
    if (cell->strategy->progress == MILL_WAIT_FREE) {
        request->campaign.flags |= MILL_JOB_WAIT_FREE;
    }
}

static void print_cell(const struct mill_cell *cell, const char *what)
{
    printf("%-20s %-20s %2u threads  %s", cell->scenario->name, cell->strategy->name, cell->threads, what);
}

/* A litmus test's table. */
static void print_outcomes(const struct mill_campaign_result *result)
{
    for (unsigned i = 0; i < MILL_JOB_OUTCOMES && result->outcomes[i].outcome[0]; i++) {
        const struct mill_job_outcome *row = &result->outcomes[i];
        printf("    %-18s %10" PRIu64 "  %-11s %s\n", row->outcome,
               atomic_load_explicit(&row->count, memory_order_relaxed), row->grade, row->sentence);
    }
}

/* Nothing is known of what was cut before its end. */
static bool is_unseen(const struct mill_campaign_result *result)
{
    return result->schedules > 0 && result->cut == result->schedules;
}

static void judge(struct mill_hunt_request *request, const struct mill_cell *cell,
                  struct mill_campaign_result *result, struct tally *tally)
{
    double passed = (double)result->elapsed_ns / MILL_NS_PER_S;
    bool control = is_control(cell) && result->failure.kind != MILL_FAILURE_PROGRESS;
    if (result->failed && control) {
        tally->caught++;
        print_cell(cell, "");
        printf("caught: %s, in schedule %" PRIu64 ", after %.2f s\n",
               mill_failure_name((enum mill_failure_kind)result->failure.kind), result->number, passed);
        mill_hunt_document_cell(request, cell, "caught", NULL, result);
        mill_hunt_keep_failure(request, result);
    } else if (result->failed) {
        tally->found++;
        print_cell(cell, "FOUND\n");
        mill_hunt_document_cell(request, cell, "FOUND", NULL, result);
        mill_hunt_print_failure(request, result);
        printf("\n");
    } else if (cell->expectation && cell->must_show && !request->progress) {
        tally->missed++;
        print_cell(cell, "NOT CAUGHT");
        printf(" in %" PRIu64 " schedules, %" PRIu64 " of them cut: %s\n", result->schedules, result->cut,
               cell->expectation->why);
        mill_hunt_document_cell(request, cell, "NOT CAUGHT", cell->expectation->why, result);
    } else {
        tally->clean++;
        print_cell(cell, "clean");
        printf(": %" PRIu64 " schedules, ", result->schedules);
        if (result->classes > 0) {
            printf("%s%" PRIu64 " of them distinct, ", result->classes_lost ? "at least " : "",
                   result->classes);
        }
        printf("%.2f s%s", passed, result->exhausted ? ", all there are" : "");
        if (result->cut > 0) {
            printf(", %" PRIu64 " cut", result->cut);
        }
        if (result->points > 0) {
            printf(", a thread suspended at %" PRIu64 " of %" PRIu64 " points",
                   result->suspended < result->points ? result->suspended : result->points, result->points);
        }
        printf("\n");
        mill_hunt_document_cell(request, cell, "clean", NULL, result);
    }
}

static void tell_cut(struct mill_hunt_request *request, const struct mill_cell *cell,
                     const struct mill_campaign_result *result, struct tally *tally)
{
    char why[160];
    snprintf(why, sizeof why,
             "no schedule was seen to its end: each of %" PRIu64 " was cut after %u steps (more: --steps; "
             "fewer are taken with less: --operations, --set)",
             result->schedules, result->steps_most);
    tally->cut++;
    print_cell(cell, "CUT: ");
    printf("%s\n", why);
    mill_hunt_document_cell(request, cell, "cut", why, result);
}

/* Of a cell that was found clean: does it make the progress that it claims? True: that was judged. */
static bool hunt_progress(struct mill_hunt_request *request, const struct mill_cell *cell,
                          struct mill_campaign_result *clean, struct tally *tally)
{
    struct mill_hunt_request progress = *request;
    struct mill_campaign *campaign = &progress.campaign;
    struct mill_campaign_result result;
    struct mill_error error;
    mill_hunt_ask_progress(&progress);
    if (campaign->schedules == 0 || campaign->schedules > SCHEDULES_OF_PROGRESS) {
        campaign->schedules = SCHEDULES_OF_PROGRESS;
    }
    int status = mill_campaign_run(campaign, &result, &error);
    if (status < 0) {
        tally->failed++;
        print_cell(cell, "FAILED: ");
        printf("%s\n", error.message);
        mill_hunt_document_cell(request, cell, "failed", error.message, NULL);
        return true;
    }
    bool failed = result.failed;
    if (failed) {
        judge(&progress, cell, &result, tally);
        request->document_failed = progress.document_failed;
    }
    clean->points = result.points;
    clean->suspended = result.suspended;
    clean->cut += result.cut;
    mill_campaign_free(&result);
    return failed;
}

static void hunt_cell(struct mill_hunt_request *request, const struct mill_cell *cell, struct tally *tally)
{
    static struct words words;
    struct mill_campaign_result result;
    struct mill_error error;
    const char *why = not_hunted(cell);
    if (why) {
        tally->unsupported++;
        print_cell(cell, "not hunted: ");
        printf("%s\n", why);
        mill_hunt_document_cell(request, cell, "unsupported", why, NULL);
        return;
    }
    if (request->progress && !claims_progress(cell)) {
        tally->blocking++;
        return;
    }
    if (request->progress && cell->scenario->waits) {
        tally->unsupported++;
        print_cell(cell, "not hunted: ");
        printf("%s, whatever its strategy guarantees\n", cell->scenario->waits);
        mill_hunt_document_cell(request, cell, "unsupported", cell->scenario->waits, NULL);
        return;
    }
    make_words(&words, request, cell, request->operations);
    request->campaign.prey.arguments = words.list;
    ask_wait_freedom(request, cell);
    int status = mill_campaign_run(&request->campaign, &result, &error);
    bool silent = status == 0 && !result.failed && !result.interrupted && !request->progress;
    bool must_show = cell->expectation && cell->must_show;
    bool unseen = silent && !must_show && is_unseen(&result);
    if (silent && must_show && request->operations < OPERATIONS_OF_CONTROLS) {
        mill_campaign_free(&result); /* its mistake may be in an operation that is seldom made */
        make_words(&words, request, cell, OPERATIONS_OF_CONTROLS);
        status = mill_campaign_run(&request->campaign, &result, &error);
    } else if (silent && !is_control(cell) && claims_progress(cell) && !cell->scenario->waits && !unseen &&
               hunt_progress(request, cell, &result, tally)) {
        mill_campaign_free(&result);
        return;
    }
    mill_hunt_clear_progress(request);
    if (status < 0) {
        tally->failed++;
        print_cell(cell, "FAILED: ");
        printf("%s\n", error.message);
        mill_hunt_document_cell(request, cell, "failed", error.message, NULL);
        return;
    }
    if (!result.failed && result.interrupted) {
        print_cell(cell, "interrupted\n");
        mill_hunt_document_cell(request, cell, "interrupted", NULL, &result);
    } else if (unseen) {
        tell_cut(request, cell, &result, tally);
    } else if (result.failed && result.failure.kind == MILL_FAILURE_UNSUPPORTED) {
        tally->unsupported++;
        print_cell(cell, "not hunted: ");
        printf("%s\n", result.failure.message);
        mill_hunt_document_cell(request, cell, "unsupported", result.failure.message, &result);
    } else {
        judge(request, cell, &result, tally);
        print_outcomes(&result);
        tally->tables += result.outcomes[0].outcome[0] != '\0';
    }
    mill_campaign_free(&result);
    fflush(stdout);
}

static int sum_up(const struct tally *tally)
{
    if (tally->tables > 0) {
        printf(
            "\nOutcomes are those that interleavings alone give: schedules are sequentially consistent. What "
            "weaker memory\nadds shows under 'threadmill run' and 'threadmill stress', on the machine's own "
            "terms.\n");
    }
    printf("\n%u clean, %u controls caught, %u controls not caught, %u findings, %u not hunted", tally->clean,
           tally->caught, tally->missed, tally->found, tally->unsupported);
    if (tally->cut > 0) {
        printf(", %u not seen to an end", tally->cut);
    }
    printf("%s\n", tally->failed > 0 ? ", some failed" : "");
    if (tally->blocking > 0) {
        printf("%u others claim no progress guarantee\n", tally->blocking);
    }
    if (tally->failed > 0) {
        return MILL_EXIT_MACHINE;
    }
    return tally->missed + tally->found > 0 ? MILL_EXIT_FINDING
           : tally->cut > 0                 ? MILL_EXIT_UNSURE
                                            : MILL_EXIT_EXPECTED;
}

/* Two, or what the neediest of those that were named cannot do without. */
static const char *default_threads(const struct mill_run_request *run, char *buffer, size_t size)
{
    unsigned least = 2;
    for (size_t i = 0; i < run->scenario_count; i++) {
        const struct mill_scenario *scenario = mill_scenario_find(&mill_scenarios, run->scenarios[i]);
        least = scenario && scenario->min_threads > least ? scenario->min_threads : least;
    }
    snprintf(buffer, size, "%u", least);
    return buffer;
}

int mill_hunt_scenarios(struct mill_hunt_request *request)
{
    static char program[BESIDE_MAX];
    char threads[16];
    struct mill_plan plan;
    struct mill_error error;
    struct tally tally = {.clean = 0};
    const struct mill_run_request *run = &request->run;
    const struct mill_request asked = {
        .scenarios = run->scenarios,
        .scenario_count = run->scenario_count,
        .strategies = run->strategies,
        .without_foreign = !run->strategies, /* which are not hunted */
        .threads = run->threads ? run->threads : default_threads(run, threads, sizeof threads),
        .settings = (const char *const *)run->settings,
        .setting_count = run->setting_count,
        .tool = MILL_TSAN,
    };
    if (mill_hunt_find_program(target_of(request), program, &error) < 0) {
        return mill_complain(MILL_EXIT_MACHINE, "%s: it is built with clang alone", error.message);
    }
    if (mill_plan_make(&plan, &asked, &mill_scenarios, MILL_THREADS_MAX, &error) < 0) {
        return mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    request->campaign.prey = (struct mill_prey){.program = program, .input = -1, .output = -1};
    for (size_t i = 0; i < plan.count && !request->campaign.interrupted(NULL); i++) {
        set_for_hunt(&plan.cells[i], run);
        hunt_cell(request, &plan.cells[i], &tally);
    }
    mill_plan_destroy(&plan);
    int code = sum_up(&tally);
    return request->campaign.interrupted(NULL) ? MILL_EXIT_INTERRUPTED : code;
}
