/* What `threadmill compare` was asked for.
 */
#ifndef MILL_BENCH_COMPARE_REQUEST_H
#define MILL_BENCH_COMPARE_REQUEST_H

#include "harness/compare.h"
#include "run_request.h"

enum mill_compare_form {
    MILL_COMPARE_BUILDS,     /* --base and --head, folders or references */
    MILL_COMPARE_STRATEGIES, /* --by strategy, measured now */
    MILL_COMPARE_STORED_RUN, /* --by strategy, of a stored result */
    MILL_COMPARE_RESULTS,    /* two stored results */
};

struct mill_compare_request {
    struct mill_run_request run; /* first: its options are those of `threadmill run` (run_request.h) */
    enum mill_compare_form form;
    const char *base, *head;         /* folders */
    const char *base_ref, *head_ref; /* what git knows */
    bool by_strategy;
    const char *against;
    char *head_settings[MILL_RUN_WORDS_MAX]; /* owned: the run's settings, with what --head-set says */
    size_t head_setting_count;
    size_t head_set; /* of these, by --head-set */
    bool metrics[MILL_METRIC_COUNT];
    double margin;
    double instruction_margin;
};

/* Parses the command line, then fills in what was not given. 0; 1 after --help; -EINVAL with a message. */
int mill_compare_request_parse(struct mill_compare_request *request, int argc, char **argv,
                               struct mill_error *error);
void mill_compare_request_free(struct mill_compare_request *request);

#endif
