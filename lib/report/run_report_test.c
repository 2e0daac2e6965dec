#include "report/run_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "measure/histogram_encoding.h"

enum {
    cell_ticket,
    cell_mcs,
    cell_ck_ticket,
    cell_unsafe,
    cell_none,
    cell_absent,
    rounds = 9,
};

/* ---- a document made by hand ---- */

static void add_cell(json_t *document, const char *strategy, const char *algorithm, const char *library,
                     const char *expected, const char *unsupported)
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

static json_t *add_sample(json_t *document, int cell, int round, double rate, const char *status,
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

static void add_rounds(json_t *document, int cell, double rate)
{
    for (int round = 1; round <= rounds; round++) {
        add_sample(document, cell, round, rate * (1 + 0.01 * (round % 3)), "ok", NULL);
    }
}

/* Ticket is 1.25 times as fast as mcs in every round; the peer's ticket lies between; unsafe loses updates.
 */
static json_t *make_document(void)
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

static void add_unsafe(json_t *document, bool caught)
{
    json_t *sample = add_sample(document, cell_unsafe, 1, 50e6, caught ? "check-failed" : "ok",
                                caught ? "10 of 100 updates are lost" : NULL);
    if (caught) {
        json_array_append_new(json_object_get(sample, "findings"), json_string("lost-update"));
    }
}

/* The report of a document, whose reference is taken over; the caller frees it. */
static char *report(json_t *document, struct mill_report_options options)
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

static void expect(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("'%s' is not in:\n%s", part, text);
    }
}

static void expect_not(const char *text, const char *part)
{
    if (strstr(text, part)) {
        fail_msg("'%s' should not be in:\n%s", part, text);
    }
}

/* ---- tests ---- */

static void a_winner_is_named_where_the_interval_supports_it(void **state)
{
    (void)state;
    char *text = report(make_document(), (struct mill_report_options){0});
    expect(text, "counter  hold=100ns\n");
    expect(text, "2 threads, near");
    expect(text, "pass ◀ fastest\n");
    expect(text, "  ticket leads mcs: 1.25x (95% interval 1.25 to 1.25, 9 rounds)\n");
    assert_true(strstr(text, "  ticket") < strstr(text, "  mcs"));
    expect_not(text, "no winner");
    free(text);
}

static void no_winner_is_named_where_it_does_not(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_t *samples = json_object_get(document, "samples");
    for (size_t i = rounds; i < (size_t)2 * rounds; i++) { /* mcs: faster in four of nine rounds */
        json_object_set_new(json_array_get(samples, i), "operations_per_second",
                            json_real(i % 2 ? 9e6 : 12e6));
    }
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "  no winner: ticket against mcs ");
    expect_not(text, "fastest\n");
    expect_not(text, "leads");
    free(text);
}

/* Three of one shape, ranked; nothing is said of shapes where there are none. */
static void shapes_are_shown_and_ranked_apart(void **state)
{
    (void)state;
    json_t *document = make_document();
    static const char *const shapes[] = {"bounded", "unbounded", "bounded", "bounded", "bounded", "bounded"};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        json_object_set_new(json_array_get(json_object_get(document, "cells"), i), "shape",
                            json_string(shapes[i]));
    }
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "  shape ");
    expect(text, "  mcs            unbounded  8.08 M");
    expect(text, "◀ fastest of its shape\n");
    expect(text, "  bounded: ticket leads ck-ticket: 1.67x");
    expect(text, "only those of one shape are ranked");
    expect_not(text, "mcs:");
    free(text);
    text = report(make_document(), (struct mill_report_options){0});
    expect_not(text, "shape");
    free(text);
    text = report(make_document(), (struct mill_report_options){.width = 10});
    expect_not(text, "shape");
    free(text);
}

static void strategies_that_share_no_round_are_not_compared(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_array_clear(json_object_get(document, "samples"));
    add_sample(document, cell_ticket, 1, 10e6, "ok", NULL);
    add_sample(document, cell_mcs, 2, 8e6, "ok", NULL);
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "  not comparable: ticket and mcs, the next, share no round in this mode\n");
    expect_not(text, "no winner");
    free(text);
}

static void too_few_rounds_are_called_too_few(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_t *samples = json_object_get(document, "samples");
    while (json_array_size(samples) > 0) {
        json_array_remove(samples, 0);
    }
    add_sample(document, cell_ticket, 1, 10e6, "ok", NULL);
    add_sample(document, cell_mcs, 1, 8e6, "ok", NULL);
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "no winner: ticket against mcs 1.25x (1 round: too few for a 95% interval)");
    expect_not(text, "inf");
    expect_not(text, "nan");
    free(text);
}

static void missing_values_are_dashes(void **state)
{
    (void)state;
    char *text = report(make_document(), (struct mill_report_options){0});
    /* no latencies; no acquisitions; no threads listed, so no switches */
    expect(text,
           "  mcs            8.08 M     ±1.0%    -    -      -    -  0.875  0.750  1.50 ms       -  4.04 M"
           "       0  9  pass\n");
    expect_not(text, "nan");
    free(text);
}

static void latencies_are_of_the_merged_histogram(void **state)
{
    (void)state;
    json_t *document = make_document();
    struct mill_histogram *histogram;
    char *encoding;
    assert_int_equal(mill_histogram_create(&histogram), 0);
    for (uint64_t i = 1; i <= 1000; i++) {
        mill_histogram_record(histogram, i);
    }
    assert_int_equal(mill_histogram_encode(histogram, &encoding), 0);
    json_t *sample = add_sample(document, cell_ticket, 1, 9e6, "ok", NULL);
    json_object_set_new(sample, "kind", json_string("latency"));
    json_object_set_new(sample, "latency",
                        json_pack("{s:i, s:i, s:i, s:i, s:s}", "count", 1000, "unfinished", 0, "min_ns", 1,
                                  "max_ns", 1000, "histogram", encoding));
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "500 ns  990 ns  999 ns  1.00 us");
    free(encoding);
    mill_histogram_destroy(histogram);
    free(text);
}

static void rejected_samples_are_counted_beside_the_accepted(void **state)
{
    (void)state;
    json_t *document = make_document();
    add_sample(document, cell_ticket, 1, 1e6, "rejected", "other processes used 30% of a processor");
    char *text = report(document, (struct mill_report_options){.verbose = true});
    expect(text, "9 (1 rejected)");
    expect(text, "28 samples, 1 rejected, 0 bad; 9 of 9 rounds; modes: near 28; seed 42\n");
    expect(text, "rejected: counter, ticket, 2 threads, round 1: other processes used 30% of a processor\n");
    expect(text, "10.0 M to 10.2 M");
    free(text);
}

static void a_caught_control_is_shown_and_never_the_winner(void **state)
{
    (void)state;
    json_t *document = make_document();
    add_unsafe(document, true);
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "control: caught\n");
    expect(text,
           "  control: caught (lost-update): unsafe at 2 threads (for one: 10 of 100 updates are lost)\n");
    expect(text, "ticket leads mcs");
    expect_not(text, "Findings");
    free(text);
}

static void a_control_that_is_not_caught_is_a_finding(void **state)
{
    (void)state;
    json_t *document = make_document();
    add_unsafe(document, false);
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "control: NOT CAUGHT\n");
    expect(text, "Findings\nNOT CAUGHT: counter  hold=100ns with unsafe, 2 threads\n");
    expect(text, "a control, expected to show lost-update: it is plain arithmetic\n");
    free(text);
}

static void cells_without_numbers_are_listed_with_the_reason(void **state)
{
    (void)state;
    char *text = report(make_document(), (struct mill_report_options){0});
    expect(text, "  unsupported (correct for one thread only): none at 2 threads\n");
    expect(text, "  unavailable (not built in): absent at 2 threads\n");
    expect(text, "  not run: unsafe at 2 threads\n");
    free(text);
}

/* By reason; each strategy once, with all its numbers of threads. */
static void notes_name_each_strategy_once_with_its_threads(void **state)
{
    (void)state;
    static const struct {
        const char *strategy, *unsupported;
        int threads;
    } cells[] = {{"alpha", "too few", 1}, {"beta", "too few", 1}, {"gamma", "odd", 1},
                 {"alpha", "too few", 2}, {"beta", "too few", 2}, {"gamma", "too few", 2},
                 {"alpha", NULL, 4},      {"beta", NULL, 4},      {"gamma", "odd", 4}};
    json_t *document = make_document();
    json_array_clear(json_object_get(document, "cells"));
    json_array_clear(json_object_get(document, "samples"));
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        add_cell(document, cells[i].strategy, NULL, NULL, NULL, cells[i].unsupported);
        json_object_set_new(json_array_get(json_object_get(document, "cells"), i), "threads",
                            json_integer(cells[i].threads));
    }
    json_object_set_new(document, "interrupted", json_true());
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "  unsupported (too few): alpha, beta at 1, 2 threads; gamma at 2 threads\n"
                 "  unsupported (odd): gamma at 1, 4 threads\n"
                 "  not run: alpha, beta at 4 threads\n");
    free(text);
}

/* What disturbed them differs from one to the next. */
static void untrusted_cells_share_a_note(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_array_clear(json_object_get(document, "samples"));
    add_sample(document, cell_ticket, 1, 1e6, "rejected", "other processes used 30% of a processor");
    add_sample(document, cell_mcs, 1, 1e6, "rejected", "other processes used 70% of a processor");
    char *text = report(document, (struct mill_report_options){0});
    expect(text,
           "  untrusted: ticket, mcs at 2 threads (for one: other processes used 30% of a processor)\n");
    free(text);
}

static void peers_are_compared(void **state)
{
    (void)state;
    char *text = report(make_document(), (struct mill_report_options){0});
    expect(text, "Ours beside the peers of the same algorithm\n");
    expect(text, "  counter        2  near  ticket  ck-ticket        1.67x  1.67 to 1.67       9  ahead\n");
    free(text);
}

static void a_crash_is_a_finding_with_its_evidence(void **state)
{
    (void)state;
    json_t *document = make_document();
    struct mill_text complaint = {0};
    json_t *sample = json_pack("{s:i, s:i, s:i, s:s, s:i, s:s, s:s, s:s}", "cell", cell_mcs, "round", 3,
                               "attempt", 1, "kind", "latency", "seed", 99, "status", "hung", "reason",
                               "no end after 5 s", "stacks", "thread 1 (worker)\n  #0 mcs_lock mcs.c:40\n");
    for (int i = 1; i <= 25; i++) {
        mill_text_add(&complaint, "line %d\033[31m\n", i);
    }
    json_object_set_new(sample, "stderr", json_string(complaint.text));
    json_array_append_new(json_object_get(document, "samples"), sample);
    char *text = report(document, (struct mill_report_options){0});
    expect(text,
           "FOUND: counter  hold=100ns with mcs, 2 threads\n  1 of 10 samples are bad\n  reason: no end "
           "after 5 s\n"
           "  hung: latency sample of round 3, attempt 1, seed 99\n  standard error:\n    … 5 lines before\n"
           "    line 6?[31m\n");
    expect(text, "    line 25?[31m\n  stacks:\n    thread 1 (worker)\n      #0 mcs_lock mcs.c:40\n");
    expect_not(text, "line 5?");
    mill_text_free(&complaint);
    free(text);
}

static void what_the_scenario_recorded_is_a_column(void **state)
{
    (void)state;
    json_t *document = make_document();
    size_t index;
    json_t *sample;
    json_array_foreach(json_object_get(document, "samples"), index, sample)
    {
        if (json_integer_value(json_object_get(sample, "cell")) == cell_mcs) {
            json_object_set_new(sample, "measures",
                                json_pack("[{s:s, s:s, s:f}, {s:s, s:s, s:i}]", "name", "idle cpu", "unit",
                                          "%", "value", 12.5, "name", "worst", "unit", "ns", "value", 2500));
        }
    }
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "idle");
    expect(text, "cpu    worst  verdict\n");
    expect(text, "12.5%  2.50 us  pass\n");
    expect(text, "9      -        -  pass ◀ fastest\n");
    free(text);
}

static void escape_sequences_come_only_with_colour(void **state)
{
    (void)state;
    json_t *document = make_document();
    add_unsafe(document, false);
    char *plain = report(json_incref(document), (struct mill_report_options){0});
    char *coloured = report(document, (struct mill_report_options){.colour = true});
    expect_not(plain, "\033");
    expect(coloured, "\033[1m");
    expect(coloured, "\033[31m");
    free(plain);
    free(coloured);
}

static void a_narrow_terminal_loses_columns_and_is_told_which(void **state)
{
    (void)state;
    char *text = report(make_document(), (struct mill_report_options){.width = 100});
    expect(text, "A wider terminal shows: switches per 1000 op");
    expect(text, "verdict\n");
    expect_not(text, " /1000");
    free(text);
    text = report(make_document(), (struct mill_report_options){0});
    expect_not(text, "A wider terminal");
    expect(text, " /1000");
    free(text);
}

static void words_are_explained_where_they_occur(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_t *cells = json_object_get(document, "cells");
    char *text = report(json_deep_copy(document), (struct mill_report_options){0});
    expect(text, "op per cpu-s: ");
    expect(text, "switch/1000: ");
    expect_not(text, "control: cannot show");
    expect_not(text, "not checked");
    free(text);
    json_object_set_new(json_array_get(cells, cell_unsafe), "must_show", json_false());
    add_sample(document, cell_unsafe, 1, 50e6, "ok", NULL);
    json_object_set_new(json_array_get(cells, cell_mcs), "checked", json_false());
    text = report(document, (struct mill_report_options){0});
    expect(text, "  control: cannot show\n");
    expect(text, "  control: cannot show: a mistake kept on purpose that needs more threads");
    expect(text, "  not checked\n");
    expect(text, "  not checked: the strategy does nothing");
    free(text);
}

/* Nobody went a whole slice without an operation: that is less than a slice, not nothing. */
static void no_starvation_is_less_than_a_slice(void **state)
{
    (void)state;
    json_t *document = make_document();
    size_t index;
    json_t *sample;
    json_array_foreach(json_object_get(document, "samples"), index, sample)
    {
        json_object_set_new(json_object_get(sample, "fairness"), "starvation_ns", json_integer(0));
    }
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "  <10.0 ms  ");
    expect_not(text, "  0 ns  ");
    free(text);
}

/* Neither of the two ways of not knowing passes for knowing. */
static void controls_without_a_verdict_are_told(void **state)
{
    (void)state;
    json_t *document = make_document();
    char *text = report(json_deep_copy(document), (struct mill_report_options){0});
    expect(text, "1 control was neither caught nor missed (1 not run, 0 without a sample that counts)");
    expect(text, ": counter with unsafe at 2. Only --strict");
    free(text);
    json_t *rejected = json_deep_copy(document);
    add_sample(rejected, cell_unsafe, 1, 50e6, "rejected", "other processes used 30% of a processor");
    text = report(rejected, (struct mill_report_options){0});
    expect(text, "(0 not run, 1 without a sample that counts)");
    free(text);
    add_unsafe(document, true);
    text = report(document, (struct mill_report_options){0});
    expect_not(text, "neither caught nor missed (");
    free(text);
}

static void head_and_footer_say_where_and_how(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_object_set_new(document, "interrupted", json_true());
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "A processor, 2 cores, virtual, Linux 6.1\n"
                 "threadmill 0.1.0, commit abcdef0, plain, built by Clang 14, 2024-01-01T00:00:00Z\n");
    expect(text, "Interrupted: ");
    expect(text, "240 ns");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_winner_is_named_where_the_interval_supports_it),
        cmocka_unit_test(no_winner_is_named_where_it_does_not),
        cmocka_unit_test(shapes_are_shown_and_ranked_apart),
        cmocka_unit_test(strategies_that_share_no_round_are_not_compared),
        cmocka_unit_test(too_few_rounds_are_called_too_few),
        cmocka_unit_test(missing_values_are_dashes),
        cmocka_unit_test(latencies_are_of_the_merged_histogram),
        cmocka_unit_test(rejected_samples_are_counted_beside_the_accepted),
        cmocka_unit_test(a_caught_control_is_shown_and_never_the_winner),
        cmocka_unit_test(a_control_that_is_not_caught_is_a_finding),
        cmocka_unit_test(cells_without_numbers_are_listed_with_the_reason),
        cmocka_unit_test(notes_name_each_strategy_once_with_its_threads),
        cmocka_unit_test(untrusted_cells_share_a_note),
        cmocka_unit_test(peers_are_compared),
        cmocka_unit_test(a_crash_is_a_finding_with_its_evidence),
        cmocka_unit_test(what_the_scenario_recorded_is_a_column),
        cmocka_unit_test(escape_sequences_come_only_with_colour),
        cmocka_unit_test(a_narrow_terminal_loses_columns_and_is_told_which),
        cmocka_unit_test(words_are_explained_where_they_occur),
        cmocka_unit_test(no_starvation_is_less_than_a_slice),
        cmocka_unit_test(controls_without_a_verdict_are_told),
        cmocka_unit_test(head_and_footer_say_where_and_how),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
