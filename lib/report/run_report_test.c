#include "report/run_report.h"

#include "measure/histogram_encoding.h"
#include "report/test_document.h"

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
        cmocka_unit_test(head_and_footer_say_where_and_how),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
