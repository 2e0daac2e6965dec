/* A result document made by hand, for the tests of its report; each test program has its own copy. */
#ifndef MILL_REPORT_TEST_DOCUMENT_H
#define MILL_REPORT_TEST_DOCUMENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/run_report.h"

enum {
    cell_ticket,
    cell_mcs,
    cell_ck_ticket,
    cell_unsafe,
    cell_none,
    cell_absent,
    rounds = 9,
};

static inline void add_cell(json_t *document, const char *strategy, const char *algorithm,
                            const char *library, const char *expected, const char *unsupported)
{
    json_t *expectation = expected
                              ? json_pack("{s:s, s:s}", "findings", expected, "why", "it is plain arithmetic")
                              : json_null();
    json_array_append_new(
        json_object_get(document, "cells"),
        json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:i, s:b, s:{s:s}, s:o, s:s?, s:b, s:b, s:b, s:b}", "scenario",
                  "counter", "family", "counter", "strategy", strategy, "algorithm", algorithm, "library",
                  library, "threads", 2, "oversubscribed", 0, "parameters", "hold", "100ns", "expected",
                  expectation, "unsupported", unsupported, "unavailable", unsupported && library, "control",
                  expected != NULL, "must_show", expected != NULL, "checked", 1));
}

static inline json_t *add_sample(json_t *document, int cell, int round, double rate, const char *status,
                                 const char *reason)
{
    json_t *sample = json_pack(
        "{s:i, s:i, s:i, s:s, s:i, s:s, s:s?, s:[], s:s, s:i, s:i, s:f, s:f, s:n, s:{s:f, s:f, s:i}, s:[]}",
        "cell", cell, "round", round, "attempt", 1, "kind", "throughput", "seed", 7, "status", status,
        "reason", reason, "findings", "mode", "near", "window_ns", 100000000, "operations", 1000000,
        "operations_per_second", rate, "operations_per_cpu_second", rate / 2, "reacquired_share", "fairness",
        "jain", 0.875, "jain_slice_median", 0.75, "starvation_ns", 1500000, "threads");
    assert_non_null(sample);
    json_array_append_new(json_object_get(document, "samples"), sample);
    return sample;
}

static inline void add_rounds(json_t *document, int cell, double rate)
{
    for (int round = 1; round <= rounds; round++) {
        add_sample(document, cell, round, rate * (1 + 0.01 * (round % 3)), "ok", NULL);
    }
}

/* Ticket is 1.25 times as fast as mcs in every round; the peer's ticket lies between; unsafe loses updates.
 */
static inline json_t *make_document(void)
{
    json_t *document =
        json_pack("{s:s, s:i, s:s, s:s, s:i, s:b, s:{s:s, s:s, s:s, s:b}, s:{s:s, s:s, s:s, s:s}, s:{s:i, "
                  "s:i, s:I}, s:[], s:[]}",
                  "format", "threadmill-result", "version", 1, "created", "2024-01-01T00:00:00Z", "command",
                  "threadmill run", "seed", 42, "interrupted", 0, "machine", "processor", "A processor",
                  "topology", "2 cores", "kernel", "Linux 6.1", "virtual", 1, "build", "version", "0.1.0",
                  "flavour", "plain", "compiler", "Clang 14", "commit", "abcdef0", "settings", "rounds",
                  rounds, "rounds_done", rounds, "slice_ns", (json_int_t)10000000, "cells", "samples");
    assert_non_null(document);
    add_cell(document, "ticket", "ticket", NULL, NULL, NULL);
    add_cell(document, "mcs", "mcs", NULL, NULL, NULL);
    add_cell(document, "ck-ticket", "ticket", "Concurrency Kit", NULL, NULL);
    add_cell(document, "unsafe", NULL, NULL, "lost-update", NULL);
    add_cell(document, "none", NULL, NULL, NULL, "correct for one thread only");
    add_cell(document, "absent", NULL, "a library", NULL, "not built in");
    add_rounds(document, cell_ticket, 10e6);
    add_rounds(document, cell_mcs, 8e6);
    add_rounds(document, cell_ck_ticket, 6e6);
    return document;
}

static inline void add_unsafe(json_t *document, bool caught)
{
    json_t *sample = add_sample(document, cell_unsafe, 1, 50e6, caught ? "check-failed" : "ok",
                                caught ? "10 of 100 updates are lost" : NULL);
    if (caught) {
        json_array_append_new(json_object_get(sample, "findings"), json_string("lost-update"));
    }
}

/* The report of a document, whose reference is taken over; the caller frees it. */
static inline char *report(json_t *document, struct mill_report_options options)
{
    struct mill_summary summary;
    struct mill_error error;
    struct mill_text out = {0};
    assert_int_equal(mill_summary_make(&summary, document, &error), 0);
    assert_int_equal(mill_run_report(&out, document, &summary, &options), 0);
    mill_summary_destroy(&summary);
    json_decref(document);
    return out.text;
}

static inline void expect(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("'%s' is not in:\n%s", part, text);
    }
}

static inline void expect_not(const char *text, const char *part)
{
    if (strstr(text, part)) {
        fail_msg("'%s' should not be in:\n%s", part, text);
    }
}

#endif
