/* What `threadmill run` was asked for: its options, and what they stand for when they are not given.
 */
#ifndef MILL_BENCH_RUN_REQUEST_H
#define MILL_BENCH_RUN_REQUEST_H

#include <stdbool.h>

#include "command_device.h"
#include "harness/plan.h"
#include "harness/run.h"
#include "options.h"

enum {
    MILL_RUN_WORDS_MAX = 64,
};

struct mill_run_request {
    const char *scenarios[MILL_RUN_WORDS_MAX];
    size_t scenario_count;
    char *settings[MILL_RUN_WORDS_MAX]; /* owned: "a=1,b=2" is taken apart */
    size_t setting_count;
    const char *strategies;
    const char *threads;
    struct mill_run_settings run;
    bool seeded, windowed, sliced, warmed, rounds_given, budget_given,
        latency_given; /* given on the command line */
    const char *suite;
    bool allow_motion;               /* --allow-motion was given */
    const char *device;              /* as it was given; NULL: each scenario's own */
    struct mill_device_target valve; /* the same, taken apart */
    const char *output;              /* NULL: results/runs/<time>-<process>.json */
    const char *histogram_log;
    bool json;
    bool strict;
    bool quiet;
};

extern const struct mill_usage mill_run_usage;

/* Parses the command line, then fills in what was not given. 0; 1 after --help; -EINVAL with a message. */
int mill_run_request_parse(struct mill_run_request *request, int argc, char **argv, struct mill_error *error);
void mill_run_request_free(struct mill_run_request *request);

/* Options that other commands have, too: their target begins with a struct mill_run_request. */
int mill_take_scenario(void *target, const char *word, struct mill_error *error);
int mill_take_strategy(void *target, const char *value, struct mill_error *error);
int mill_take_threads(void *target, const char *value, struct mill_error *error);
int mill_take_set(void *target, const char *value, struct mill_error *error);
int mill_take_rounds(void *target, const char *value, struct mill_error *error);
int mill_take_rate(void *target, const char *value, struct mill_error *error);
int mill_take_window(void *target, const char *value, struct mill_error *error);
int mill_take_slice(void *target, const char *value, struct mill_error *error);
int mill_take_time(void *target, const char *value, struct mill_error *error);
int mill_take_latency(void *target, const char *value, struct mill_error *error);
int mill_take_pin(void *target, const char *value, struct mill_error *error);
int mill_take_attempts(void *target, const char *value, struct mill_error *error);
int mill_take_json(void *target, const char *value, struct mill_error *error);
int mill_take_strict(void *target, const char *value, struct mill_error *error);
int mill_take_calibration(void *target, const char *value, struct mill_error *error);
int mill_take_warmup(void *target, const char *value, struct mill_error *error);
int mill_take_timeout(void *target, const char *value, struct mill_error *error);
int mill_take_seed(void *target, const char *value, struct mill_error *error);
int mill_take_output(void *target, const char *value, struct mill_error *error);
int mill_take_quiet(void *target, const char *value, struct mill_error *error);

/* A seed that can be typed, when none was given. */
void mill_run_request_draw_seed(struct mill_run_request *request);

#endif
