#include "compare_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"

/* ---- one function an option ---- */

static int take_text(const char **text, const char *option, const char *value, struct mill_error *error)
{
    *text = value;
    return value[0] ? 0 : mill_error_set(error, -EINVAL, "--%s needs a value, and got an empty one", option);
}

static int take_base(void *target, const char *value, struct mill_error *error)
{
    return take_text(&((struct mill_compare_request *)target)->base, "base", value, error);
}

static int take_head(void *target, const char *value, struct mill_error *error)
{
    return take_text(&((struct mill_compare_request *)target)->head, "head", value, error);
}

static int take_base_ref(void *target, const char *value, struct mill_error *error)
{
    return take_text(&((struct mill_compare_request *)target)->base_ref, "base-ref", value, error);
}

static int take_head_ref(void *target, const char *value, struct mill_error *error)
{
    return take_text(&((struct mill_compare_request *)target)->head_ref, "head-ref", value, error);
}

static int take_against(void *target, const char *value, struct mill_error *error)
{
    return take_text(&((struct mill_compare_request *)target)->against, "against", value, error);
}

static int take_by(void *target, const char *value, struct mill_error *error)
{
    ((struct mill_compare_request *)target)->by_strategy = true;
    return strcmp(value, "strategy") == 0
               ? 0
               : mill_error_set(error, -EINVAL, "'%s' is no value for --by: it takes strategy", value);
}

/* Like --set, into settings of its own. */
static int take_head_set(void *target, const char *value, struct mill_error *error)
{
    struct mill_compare_request *request = target;
    char item[256];
    int status;
    while ((status = mill_list_next(&value, item, sizeof item)) > 0) {
        if (request->head_setting_count == MILL_RUN_WORDS_MAX) {
            return mill_error_set(error, -EINVAL, "at most %d parameters can be set", MILL_RUN_WORDS_MAX);
        }
        char *copy = strdup(item);
        if (!copy) {
            return mill_error_set(error, -ENOMEM, "no memory for the parameters");
        }
        request->head_settings[request->head_setting_count++] = copy;
    }
    request->head_set = request->head_setting_count;
    return status < 0 ? mill_error_set(error, -EINVAL,
                                       "--head-set takes name=value, or several of them joined by commas")
                      : 0;
}

/* "10%" or "10". */
static int parse_margin(const char *option, const char *value, double *margin, struct mill_error *error)
{
    char *end;
    double percent = strtod(value, &end);
    end += end != value && *end == '%';
    if (end == value || *end != '\0' || !(percent > 0) || percent > 1000) {
        return mill_error_set(
            error, -EINVAL,
            "'%s' is no value for --%s: it takes percent above 0, up to 1000, like 10%% or 2.5%%", value,
            option);
    }
    *margin = percent / 100;
    return 0;
}

static int take_margin(void *target, const char *value, struct mill_error *error)
{
    return parse_margin("margin", value, &((struct mill_compare_request *)target)->margin, error);
}

static int take_metric(void *target, const char *value, struct mill_error *error)
{
    struct mill_compare_request *request = target;
    char word[32];
    int status;
    for (int i = 0; i < MILL_METRIC_INSTRUCTIONS; i++) {
        request->metrics[i] = false;
    }
    while ((status = mill_list_next(&value, word, sizeof word)) > 0) {
        enum mill_metric metric;
        status = mill_metric_parse(word, &metric, error);
        if (status < 0) {
            return status;
        }
        request->metrics[metric] = true;
    }
    return status < 0 ? mill_error_set(error, -EINVAL,
                                       "--metric takes metrics joined by commas: throughput,p50,p99,fairness")
                      : 0;
}

static int take_instructions(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct mill_compare_request *)target)->metrics[MILL_METRIC_INSTRUCTIONS] = true;
    return 0;
}

static const struct mill_option options[] = {
    {"base", 'b', "DIR",
     "the build to compare with: a build folder or an install prefix, with\nbin/threadmill", take_base,
     false},
    {"head", 0, "DIR", "the build that is judged (this program)", take_head, false},
    {"base-ref", 0, "REF", "instead of --base: what git knows by this name, built in a work tree of its own",
     take_base_ref, false},
    {"head-ref", 0, "REF", "instead of --head: the same", take_head_ref, false},
    {"by", 0, "strategy", "compare the strategies of one run, measured now or stored", take_by, false},
    {"against", 0, "NAME", "with --by: the strategy the others are compared with (the first)", take_against,
     false},
    {"margin", 'm', "PERCENT", "a change beyond this counts (10%)", take_margin, false},
    {"metric", 0, "A,B", "throughput, p50, p99, fairness (all)", take_metric, false},
    {"instructions", 0, NULL,
     "also count the instructions of an operation, one thread alone, under Valgrind's callgrind:\nthey "
     "repeat "
     "where time does not (margin 1%)",
     take_instructions, false},
    {"head-set", 0, "NAME=VALUE", "a parameter of head's side alone: to see that the gate sees it",
     take_head_set, true},
    {"strategy", 's', "A,B", "strategies (all of each scenario's family, but those of other libraries)",
     mill_take_strategy, false},
    {"threads", 't', "1,2,4",
     "numbers of threads (1, 2, 4 ... up to the processors); with more than\nthere are "
     "processors, rows are shown and do not gate",
     mill_take_threads, false},
    {"set", 0, "NAME=VALUE",
     "a parameter of the scenario, as 'threadmill list' shows it; several\njoined by commas", mill_take_set,
     true},
    {"rate", 0, "R", "open loop, as of 'threadmill run': compares p50 and p99 alone", mill_take_rate, false},
    {"rounds", 'r', "N", "in how many rounds each side is measured, fixed before (40)", mill_take_rounds,
     false},
    {"time", 0, "TIME",
     "no round begins that would not end within this time; the second measurement of\nflagged "
     "rows has as long again",
     mill_take_time, false},
    {"window", 0, "TIME", "how long each sample measures (20ms)", mill_take_window, false},
    {"warmup", 0, "TIME", "how long it runs before (5ms)", mill_take_warmup, false},
    {"latency", 0, "WHICH", "all, every:N or off: which operations of a latency sample are timed (all)",
     mill_take_latency, false},
    {"pin", 0, "HOW", "none, compact or spread: how threads are kept on processors (spread)", mill_take_pin,
     false},
    {"calibration", 0, "TIME",
     "how long the ping-pong around each sample takes that tells the machine's speed (2ms); off: no\nsample "
     "is "
     "rejected, and there are no modes",
     mill_take_calibration, false},
    {"attempts", 0, "N", "samples that did not have their processors are repeated, up to N in all (4)",
     mill_take_attempts, false},
    {"timeout", 0, "TIME", "a sample this much over its time is taken for hung (10s)", mill_take_timeout,
     false},
    {"seed", 0, "N", "for the order of the rounds and for each sample (drawn, and printed)", mill_take_seed,
     false},
    {"output", 'o', "FILE", "where the document goes (nowhere)", mill_take_output, false},
    {"json", 0, NULL, "the document on standard output, instead of the table", mill_take_json, false},
    {"strict", 0, NULL, "exit with 4 when a row that gates is inconclusive or untrusted", mill_take_strict,
     false},
    {"quiet", 'q', NULL, "no progress", mill_take_quiet, false},
};

static const struct mill_usage usage = {
    "compare",
    "[SCENARIO... | RESULT RESULT]",
    "Compares two builds, the strategies of one run, or two stored results. Builds and strategies are "
    "measured\n"
    "together: both sides in each round, in random order, each sample in a fresh process. Base is also "
    "measured\n"
    "against itself; when that comes out different, nothing is trusted. What regressed is measured a second "
    "time\n"
    "before it counts.\n\n"
    "exit codes: 0 no regression; 1 a regression, or a sample of head that failed its check; 2 wrong use;\n"
    "3 the machine or a tool failed; 4 under --strict: inconclusive or untrusted; 130 interrupted",
    options,
    sizeof options / sizeof options[0],
    "  threadmill compare --base build-main --head build counter --threads 2 --rounds 40\n"
    "  threadmill compare --base-ref main critical-section --strategy mcs,ticket -o compare.json\n"
    "  threadmill compare --by strategy counter --strategy mutex,atomic,sharded --against mutex\n"
    "  threadmill compare old.json new.json\n"
    "  threadmill compare --base build --head build critical-section --set hold=1us --head-set hold=2us\n",
};

/* ---- what was not given ---- */

static bool is_file(const char *word)
{
    size_t length = strlen(word);
    return strchr(word, '/') || (length > 5 && strcmp(word + length - 5, ".json") == 0);
}

/* An option that says how to measure what is measured already; NULL when none was given. */
static const char *measuring_option(const struct mill_run_request *run)
{
    const struct {
        bool given;
        const char *name;
    } asked[] = {
        {run->strategies, "--strategy"}, {run->threads, "--threads"},     {run->setting_count > 0, "--set"},
        {run->run.rate > 0, "--rate"},   {run->rounds_given, "--rounds"}, {run->budget_given, "--time"},
        {run->windowed, "--window"},     {run->warmed, "--warmup"},       {run->latency_given, "--latency"},
        {run->seeded, "--seed"},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        if (asked[i].given) {
            return asked[i].name;
        }
    }
    return NULL;
}

static int find_form(struct mill_compare_request *request, struct mill_error *error)
{
    const struct mill_run_request *run = &request->run;
    size_t files = 0;
    bool builds = request->base || request->base_ref;
    for (size_t i = 0; i < run->scenario_count; i++) {
        files += is_file(run->scenarios[i]);
    }
    if (request->base && request->base_ref) {
        return mill_error_set(error, -EINVAL, "--base and --base-ref both say what base is; give one");
    }
    if (request->head && request->head_ref) {
        return mill_error_set(error, -EINVAL, "--head and --head-ref both say what head is; give one");
    }
    if ((request->head || request->head_ref) && !builds) {
        return mill_error_set(error, -EINVAL,
                              "there is a head and no base to compare it with; give --base or --base-ref");
    }
    if (builds + request->by_strategy + (files > 0 && !request->by_strategy) > 1) {
        return mill_error_set(
            error, -EINVAL, "builds, strategies and stored results are three things to compare; ask for one");
    }
    if (request->against && !request->by_strategy) {
        return mill_error_set(error, -EINVAL, "--against names a strategy: it goes with --by strategy");
    }
    if (request->head_set > 0 && !builds) {
        return mill_error_set(error, -EINVAL, "--head-set is of the head of two builds: it goes with --base");
    }
    if (request->metrics[MILL_METRIC_INSTRUCTIONS] && !builds) {
        return mill_error_set(error, -EINVAL, "--instructions compares two builds: it goes with --base");
    }
    if (files > 0 && (files != (request->by_strategy ? 1u : 2u) || run->scenario_count != files)) {
        return mill_error_set(error, -EINVAL, "%s",
                              request->by_strategy ? "--by strategy takes scenarios, or one stored result"
                                                   : "stored results are compared two at a time: threadmill "
                                                     "compare A.json B.json");
    }
    if (files > 0 && measuring_option(run)) {
        return mill_error_set(error, -EINVAL,
                              "%s says how to measure: stored results are compared as they are, whole",
                              measuring_option(run));
    }
    if (!builds && !request->by_strategy && files == 0) {
        return mill_error_set(
            error, -EINVAL,
            "say what is to be compared: --base DIR --head DIR, --base-ref REF, --by strategy, or two "
            "stored results; see 'threadmill compare --help'");
    }
    request->form = builds                              ? MILL_COMPARE_BUILDS
                    : request->by_strategy && files > 0 ? MILL_COMPARE_STORED_RUN
                    : request->by_strategy              ? MILL_COMPARE_STRATEGIES
                                                        : MILL_COMPARE_RESULTS;
    return 0;
}

/* Head has base's parameters where --head-set says nothing else. */
static int complete_head_settings(struct mill_compare_request *request, struct mill_error *error)
{
    const struct mill_run_request *run = &request->run;
    for (size_t i = 0; i < run->setting_count; i++) {
        size_t name = strcspn(run->settings[i], "=") + 1;
        bool given = false;
        for (size_t j = 0; j < request->head_set; j++) {
            given = given || strncmp(run->settings[i], request->head_settings[j], name) == 0;
        }
        if (given) {
            continue;
        }
        char *copy = request->head_setting_count < MILL_RUN_WORDS_MAX ? strdup(run->settings[i]) : NULL;
        if (!copy) {
            return mill_error_set(error, -EINVAL, "at most %d parameters can be set", MILL_RUN_WORDS_MAX);
        }
        request->head_settings[request->head_setting_count++] = copy;
    }
    return 0;
}

static int fill_in(struct mill_compare_request *request, struct mill_error *error)
{
    struct mill_run_settings *run = &request->run.run;
    run->rounds = request->run.rounds_given ? run->rounds : 40;
    run->window_ns = request->run.windowed ? run->window_ns : 20 * MILL_NS_PER_MS;
    run->warmup_ns = request->run.warmed ? run->warmup_ns : 5 * MILL_NS_PER_MS;
    run->slice_ns = run->window_ns < run->slice_ns ? run->window_ns : run->slice_ns;
    run->latency_every = request->run.latency_given ? run->latency_every : 1;
    run->throughput = run->rate == 0;
    mill_run_request_draw_seed(&request->run);
    if (run->latency_every == 0) {
        request->metrics[MILL_METRIC_P50] = request->metrics[MILL_METRIC_P99] = false;
    }
    if (!run->throughput) {
        request->metrics[MILL_METRIC_THROUGHPUT] = request->metrics[MILL_METRIC_FAIRNESS] = false;
    }
    bool any = false;
    for (int i = 0; i < MILL_METRIC_INSTRUCTIONS; i++) {
        any = any || request->metrics[i];
    }
    if (!any) {
        return mill_error_set(
            error, -EINVAL,
            "no metric is left to compare: --rate measures p50 and p99 alone, and --latency off "
            "neither");
    }
    return complete_head_settings(request, error);
}

int mill_compare_request_parse(struct mill_compare_request *request, int argc, char **argv,
                               struct mill_error *error)
{
    *request = (struct mill_compare_request){
        .run = {.run = {.attempts = 4,
                        .pin = MILL_PIN_SPREAD,
                        .slice_ns = 10 * MILL_NS_PER_MS,
                        .calibration_ns = 2 * MILL_NS_PER_MS,
                        .grace_ns = 10 * MILL_NS_PER_S}},
        .metrics = {[MILL_METRIC_THROUGHPUT] = true,
                    [MILL_METRIC_P50] = true,
                    [MILL_METRIC_P99] = true,
                    [MILL_METRIC_FAIRNESS] = true},
        .margin = 0.10,
        .instruction_margin = 0.01,
    };
    int status = mill_options_parse(&usage, argc, argv, request, mill_take_scenario, error);
    if (status == 0) {
        status = find_form(request, error);
    }
    return status == 0 ? fill_in(request, error) : status;
}

void mill_compare_request_free(struct mill_compare_request *request)
{
    mill_run_request_free(&request->run);
    for (size_t i = 0; i < request->head_setting_count; i++) {
        free(request->head_settings[i]);
    }
}
