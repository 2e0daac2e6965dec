#include "run_request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_device.h"
#include "command_line.h"
#include "core/sanitizer.h"
#include "core/text.h"
#include "device/wire.h"

static const uint64_t longest_ns = 3600 * MILL_NS_PER_S;

/* ---- one function an option ---- */

int mill_take_scenario(void *target, const char *word, struct mill_error *error)
{
    struct mill_run_request *request = target;
    if (request->scenario_count == MILL_RUN_WORDS_MAX) {
        return mill_error_set(error, -EINVAL, "at most %d scenarios can be named", MILL_RUN_WORDS_MAX);
    }
    request->scenarios[request->scenario_count++] = word;
    return 0;
}

int mill_take_strategy(void *target, const char *value, struct mill_error *error)
{
    (void)error;
    ((struct mill_run_request *)target)->strategies = value;
    return 0;
}

int mill_take_threads(void *target, const char *value, struct mill_error *error)
{
    (void)error;
    ((struct mill_run_request *)target)->threads = value;
    return 0;
}

int mill_take_set(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    char item[256];
    int status;
    while ((status = mill_list_next(&value, item, sizeof item)) > 0) {
        if (request->setting_count == MILL_RUN_WORDS_MAX) {
            return mill_error_set(error, -EINVAL, "at most %d parameters can be set", MILL_RUN_WORDS_MAX);
        }
        char *copy = strdup(item);
        if (!copy) {
            return mill_error_set(error, -ENOMEM, "no memory for the parameters");
        }
        request->settings[request->setting_count++] = copy;
    }
    return status < 0
               ? mill_error_set(error, -EINVAL, "--set takes name=value, or several of them joined by commas")
               : 0;
}

int mill_take_rate(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    char *end;
    double rate = strtod(value, &end);
    static const struct {
        char letter;
        double factor;
    } units[] = {{'k', 1e3}, {'M', 1e6}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (end != value && end[0] == units[i].letter && end[1] == '\0') {
            rate *= units[i].factor;
            end++;
        }
    }
    if (end == value || *end != '\0' || !(rate >= 1) || rate > 1e7) {
        return mill_error_set(
            error, -EINVAL,
            "'%s' is no value for --rate: it takes operations a second from 1 to 10M, like 5000, 20k "
            "or 1.5M",
            value);
    }
    request->run.rate = rate;
    return 0;
}

int mill_take_rounds(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    int64_t rounds;
    int status = mill_option_number("rounds", value, 1, 100000, &rounds, error);
    if (status == 0) {
        request->run.rounds = (unsigned)rounds;
        request->rounds_given = true;
    }
    return status;
}

int mill_take_window(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    request->windowed = true;
    return mill_option_duration("window", value, MILL_NS_PER_MS, longest_ns, &request->run.window_ns, error);
}

int mill_take_warmup(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    request->warmed = true;
    return mill_option_duration("warmup", value, 0, longest_ns, &request->run.warmup_ns, error);
}

int mill_take_slice(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    request->sliced = true;
    return mill_option_duration("slice", value, MILL_NS_PER_MS, longest_ns, &request->run.slice_ns, error);
}

int mill_take_time(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    request->budget_given = true;
    return mill_option_duration("time", value, MILL_NS_PER_S, 24 * longest_ns, &request->run.budget_ns,
                                error);
}

int mill_take_timeout(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    return mill_option_duration("timeout", value, 100 * MILL_NS_PER_MS, longest_ns, &request->run.grace_ns,
                                error);
}

int mill_take_latency(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    int64_t every = 0;
    request->latency_given = true;
    if (strcmp(value, "off") == 0) {
        request->run.latency_every = 0;
    } else if (strcmp(value, "all") == 0) {
        request->run.latency_every = 1;
    } else if (strncmp(value, "every:", 6) == 0 && mill_parse_integer(value + 6, &every) == 0 && every >= 1) {
        request->run.latency_every = (uint64_t)every;
    } else {
        return mill_error_set(error, -EINVAL, "'%s' is no value for --latency: it takes all, every:N or off",
                              value);
    }
    return 0;
}

static int take_history(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    int64_t calls;
    int status = mill_option_number("history", value, 0, MILL_HISTORY_MAX, &calls, error);
    request->run.history = (uint64_t)calls;
    return status;
}

int mill_take_pin(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    return mill_pin_parse(value, &request->run.pin) < 0
               ? mill_error_set(error, -EINVAL,
                                "'%s' is no value for --pin: it takes none, compact or spread", value)
               : 0;
}

/* Off: nothing is rejected, and there are no modes. */
int mill_take_calibration(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    if (strcmp(value, "off") == 0) {
        request->run.calibration_ns = 0;
        return 0;
    }
    return mill_option_duration("calibration", value, 100 * MILL_NS_PER_US, MILL_NS_PER_S,
                                &request->run.calibration_ns, error);
}

int mill_take_seed(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    int64_t seed;
    int status = mill_option_number("seed", value, 0, INT64_MAX, &seed, error);
    request->run.seed = (uint64_t)seed;
    request->seeded = status == 0;
    return status;
}

int mill_take_attempts(void *target, const char *value, struct mill_error *error)
{
    struct mill_run_request *request = target;
    int64_t attempts;
    int status = mill_option_number("attempts", value, 1, 1000, &attempts, error);
    if (status == 0) {
        request->run.attempts = (unsigned)attempts;
    }
    return status;
}

static int take_suite(void *target, const char *value, struct mill_error *error)
{
    if (strcmp(value, "quick") != 0) {
        return mill_error_set(error, -EINVAL, "there is no suite '%s'; there is: quick", value);
    }
    ((struct mill_run_request *)target)->suite = value;
    return 0;
}

/* An empty name, as from an unset variable, would measure for nothing. */
static int need_name(const char *option, const char *value, struct mill_error *error)
{
    return value[0] ? 0
                    : mill_error_set(error, -EINVAL, "--%s needs the name of a file, and got an empty one",
                                     option);
}

int mill_take_output(void *target, const char *value, struct mill_error *error)
{
    ((struct mill_run_request *)target)->output = value;
    return need_name("output", value, error);
}

static int take_hlog(void *target, const char *value, struct mill_error *error)
{
    ((struct mill_run_request *)target)->histogram_log = value;
    return need_name("hlog", value, error);
}

/* The rig of the device's scenarios, which runs in the children, looks in its environment (device_rig.h). */
static int take_device(void *target, const char *value, struct mill_error *error)
{
    struct mill_device_target *valve = &((struct mill_run_request *)target)->valve;
    char address[sizeof valve->host + 32];
    if (mill_device_target_parse(value, MILL_WIRE_HTTP_PORT, valve, error) < 0) {
        return -EINVAL;
    }
    snprintf(address, sizeof address, "http://%s:%u", valve->host, valve->port);
    if (setenv("TM_DEVICE", address, 1) < 0) {
        return mill_error_set(error, -ENOMEM, "no memory for --device");
    }
    ((struct mill_run_request *)target)->device = value;
    return 0;
}

static int take_allow_motion(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    ((struct mill_run_request *)target)->allow_motion = true;
    return setenv("TM_DEVICE_ALLOW_MOTION", "1", 1) < 0
               ? mill_error_set(error, -ENOMEM, "no memory for --allow-motion")
               : 0;
}

int mill_take_json(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct mill_run_request *)target)->json = true;
    return 0;
}

int mill_take_strict(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct mill_run_request *)target)->strict = true;
    return 0;
}

int mill_take_quiet(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct mill_run_request *)target)->quiet = true;
    return 0;
}

static const struct mill_option options[] = {
    {"strategy", 's', "A,B", "strategies to compare, or all (those that stand for their family)",
     mill_take_strategy, false},
    {"threads", 't', "1,2,4", "numbers of threads (1, 2, 4 ... up to the processors)", mill_take_threads,
     false},
    {"set", 0, "NAME=VALUE",
     "a parameter of the scenario, as 'threadmill list' shows it; several\njoined by commas", mill_take_set,
     true},
    {"rate", 0, "R",
     "open loop: R operations a second over all threads of all roles, each thread\nan equal share (a put is "
     "one, "
     "and so is a get: 20k with one of each is 10k\nitems); latency from the intended start; 5000, 20k, 1.5M",
     mill_take_rate, false},
    {"rounds", 'r', "N", "how often each cell is measured (10)", mill_take_rounds, false},
    {"window", 0, "TIME", "how long each sample measures (100ms)", mill_take_window, false},
    {"warmup", 0, "TIME", "how long it runs before (20ms)", mill_take_warmup, false},
    {"slice", 0, "TIME", "fairness is also taken over slices of this length (10ms)", mill_take_slice, false},
    {"latency", 0, "WHICH", "all, every:N or off: which operations of a latency sample are timed (all)",
     mill_take_latency, false},
    {"history", 0, "N",
     "of scenarios with a model: in each round one sample more, in which the first N calls of\neach thread "
     "are recorded, and what they were told is checked (0: none)",
     take_history, false},
    {"pin", 0, "HOW", "none, compact or spread: how threads are kept on processors (spread)", mill_take_pin,
     false},
    {"seed", 0, "N", "for the order of the rounds and for each sample (drawn, and printed)", mill_take_seed,
     false},
    {"suite", 0, "NAME",
     "quick: all scenarios at 2 threads, without the peers of other libraries, within two minutes",
     take_suite, false},
    {"time", 0, "TIME", "no round begins that would not end within this time, and the first ends with it",
     mill_take_time, false},
    {"attempts", 0, "N", "samples that did not have their processors are repeated, up to N in all (4)",
     mill_take_attempts, false},
    {"timeout", 0, "TIME", "a sample this much over its time is taken for hung (10s)", mill_take_timeout,
     false},
    {"device", 0, "http://HOST:PORT",
     "the valve that scenarios of the device speak to, simulated or real, in the place of\none of their own",
     take_device, false},
    {"allow-motion", 0, NULL, "scenarios may write to that valve, which may then move", take_allow_motion,
     false},
    {"output", 'o', "FILE",
     "where the result goes (results/runs/<time>-<process>.json; with --json: nowhere)", mill_take_output,
     false},
    {"hlog", 0, "FILE", "the latencies as an HdrHistogram log", take_hlog, false},
    {"json", 0, NULL, "the result on standard output, instead of the table", mill_take_json, false},
    {"strict", 0, NULL,
     "exit with 4 when a cell has no sample that counts: not run, or all rejected\n(a control without one "
     "was "
     "neither caught nor missed)",
     mill_take_strict, false},
    {"quiet", 'q', NULL, "no progress", mill_take_quiet, false},
};

const struct mill_usage mill_run_usage = {
    "run",
    "[SCENARIO...]",
    "Measures scenarios: every strategy at every number of threads, in rounds of random order, each sample "
    "in a\n"
    "fresh process. Prints a table and writes the result document.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill run counter --threads 1,2\n"
    "  threadmill run critical-section --strategy ticket,mcs,futex --set hold=100ns,think=1us\n"
    "  threadmill run critical-section --strategy all --threads 1,2,4,8,16\n"
    "  threadmill run counter --strategy mutex --rate 50k --latency all\n"
    "  threadmill run --suite quick -o quick.json --hlog quick.hlog\n"
    "  threadmill run handoff --json | jq '.summary.rows[] | {strategy, mode, latency_ns}'\n",
};

void mill_run_request_draw_seed(struct mill_run_request *request)
{
    mill_seed_draw(&request->run.seed, request->seeded);
}

/* What stands for itself when it is not given. A sanitizer's slowness would have every sample rejected, and
 * nobody reads its times: no calibration there, and a patient watchdog. */
static void fill_in(struct mill_run_request *request)
{
    struct mill_run_settings *run = &request->run;
    bool quick = request->suite != NULL;
    if (!request->rounds_given) {
        run->rounds = quick ? 9 : 10;
    }
    if (!request->windowed) {
        run->window_ns = (quick ? 20 : 100) * MILL_NS_PER_MS;
    }
    if (!request->sliced && run->slice_ns > run->window_ns) {
        run->slice_ns = run->window_ns;
    }
    if (!request->warmed) {
        run->warmup_ns = (quick ? 5 : 20) * MILL_NS_PER_MS;
    }
    if (quick && !request->budget_given) {
        run->budget_ns = 115 * MILL_NS_PER_S;
    }
    if (quick && !request->threads) {
        request->threads = "2";
    }
    if (!request->latency_given) {
        run->latency_every = 1;
    }
    mill_run_request_draw_seed(request);
    if (MILL_UNDER_TSAN || MILL_UNDER_ASAN) {
        run->calibration_ns = 0;
        run->grace_ns *= 6;
    }
    run->throughput = run->rate == 0;
}

/* What --device and --allow-motion ask for goes together with the rest. */
static int settle_device(struct mill_run_request *request, struct mill_error *error)
{
    if (request->allow_motion && !getenv("TM_DEVICE")) {
        return mill_error_set(error, -EINVAL,
                              "--allow-motion is about the valve of --device, and there is none: the "
                              "scenarios' own move nothing");
    }
    if (!request->device) {
        return 0;
    }
    if (request->scenario_count == 0) {
        return mill_error_set(
            error, -EINVAL, "--device '%s': name the scenarios that are to speak to it, such as device-read",
            request->device);
    }
    for (size_t i = 0; i < request->setting_count; i++) {
        if (strncmp(request->settings[i], "transport=", strlen("transport=")) == 0) {
            return mill_error_set(error, -EINVAL,
                                  "--device '%s' says where the valve is, and so does --set %s: give one of "
                                  "them",
                                  request->device, request->settings[i]);
        }
    }
    return mill_take_set(request, "transport=http", error);
}

int mill_run_request_parse(struct mill_run_request *request, int argc, char **argv, struct mill_error *error)
{
    *request = (struct mill_run_request){
        .run = {.attempts = 4,
                .pin = MILL_PIN_SPREAD,
                .slice_ns = 10 * MILL_NS_PER_MS,
                .calibration_ns = 2 * MILL_NS_PER_MS,
                .grace_ns = 10 * MILL_NS_PER_S},
    };
    int status = mill_options_parse(&mill_run_usage, argc, argv, request, mill_take_scenario, error);
    if (status != 0) {
        return status;
    }
    fill_in(request);
    if ((status = settle_device(request, error)) < 0) {
        return status;
    }
    if (request->run.rate > 0 && request->run.latency_every == 0) {
        return mill_error_set(error, -EINVAL, "--rate measures latency: it does not go with --latency off");
    }
    if (request->histogram_log && request->output && strcmp(request->histogram_log, request->output) == 0) {
        return mill_error_set(error, -EINVAL, "--output and --hlog are both '%s'; they need two files",
                              request->output);
    }
    if (request->run.slice_ns > request->run.window_ns) {
        return mill_error_set(error, -EINVAL, "--slice is longer than the window: no slice would fit");
    }
    if (request->histogram_log && request->run.latency_every == 0) {
        return mill_error_set(error, -EINVAL, "--hlog holds latencies: it does not go with --latency off");
    }
    return 0;
}

void mill_run_request_free(struct mill_run_request *request)
{
    for (size_t i = 0; i < request->setting_count; i++) {
        free(request->settings[i]);
    }
}
