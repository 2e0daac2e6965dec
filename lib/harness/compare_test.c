/* Comparisons of documents made by hand: every number in them is known. */
#include "harness/compare.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/compare_document.h"
#include "measure/histogram_log.h"

enum {
    base,
    head,
    again,
    cell_count,
    rounds = 20,
};

static json_t *cell_json(const char *strategy, int threads)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:b, s:{s:s}, s:n, s:n, s:b}", "scenario", "s", "family", "f",
                     "strategy", strategy, "threads", threads, "oversubscribed", 0, "parameters", "hold",
                     "1us", "expected", "unsupported", "control", 0);
}

static json_t *document(int threads)
{
    json_t *json =
        json_pack("{s:[], s:[], s:{s:i, s:i}, s:{s:f}, s:b}", "cells", "samples", "settings", "rounds",
                  rounds, "rounds_done", rounds, "machine", "clock_step_ns", 10.0, "interrupted", 0);
    for (int i = 0; i < cell_count; i++) {
        json_array_append_new(json_object_get(json, "cells"), cell_json("x", threads));
    }
    return json;
}

static json_t *add(json_t *result, int cell, int round, const char *mode, const char *status, double rate)
{
    json_t *sample = json_pack("{s:i, s:i, s:i, s:s, s:s, s:s, s:[], s:I, s:f, s:{s:f}, s:b}", "cell", cell,
                               "round", round, "attempt", 1, "kind", "throughput", "status", status, "mode",
                               mode, "findings", "operations", (json_int_t)100, "operations_per_second", rate,
                               "fairness", "jain", 0.5, "trusted", 1);
    assert_non_null(sample);
    json_array_append_new(json_object_get(result, "samples"), sample);
    return sample;
}

/* A latency sample of `count` values around `ns`. */
static void add_latency(json_t *result, int cell, int round, uint64_t ns, size_t count)
{
    struct mill_histogram *histogram;
    char *encoding;
    assert_int_equal(mill_histogram_create(&histogram), 0);
    for (size_t i = 0; i < count; i++) {
        mill_histogram_record(histogram, ns);
    }
    assert_int_equal(mill_histogram_encode(histogram, &encoding), 0);
    json_t *sample = add(result, cell, round, "near", "ok", 1e6);
    json_object_set_new(sample, "kind", json_string("latency"));
    json_object_set_new(sample, "latency", json_pack("{s:s}", "histogram", encoding));
    free(encoding);
    mill_histogram_destroy(histogram);
}

/* Rounds in which head has `ratio` of base's rate, which drifts; base again has what base has, a hair to and
 * fro. */
static void add_rounds(json_t *result, int first, int last, const char *mode, double ratio)
{
    for (int round = first; round <= last; round++) {
        double rate = 1e6 * (1 + round % 5);
        add(result, base, round, mode, "ok", rate);
        add(result, head, round, mode, "ok", rate * ratio);
        add(result, again, round, mode, "ok", rate * (round % 2 ? 1.001 : 0.999));
    }
}

static const struct mill_pairing pairings[] = {
    {.base = base, .head = head, .kind = MILL_ROW_GATES},
    {.base = base, .head = again, .kind = MILL_ROW_AA},
};

static struct mill_compare_input input_of(const json_t *result, enum mill_metric metric)
{
    struct mill_compare_input input = {
        .base = result, .head = result, .paired = true, .pairings = pairings, .count = 2, .margin = 0.1};
    input.metrics[metric] = true;
    return input;
}

static void compare(struct mill_comparison *comparison, const json_t *result, enum mill_metric metric)
{
    struct mill_error error = {""};
    struct mill_compare_input input = input_of(result, metric);
    if (mill_compare(comparison, &input, &error) != 0) {
        fail_msg("%s", error.message);
    }
}

static void each_ratio_has_its_verdict(void **state)
{
    (void)state;
    static const struct {
        double ratio;
        enum mill_change change;
    } expected[] = {
        {0.8, MILL_CHANGE_REGRESSED},   {1.25, MILL_CHANGE_IMPROVED},   {1.0, MILL_CHANGE_EQUIVALENT},
        {0.95, MILL_CHANGE_EQUIVALENT}, {1.05, MILL_CHANGE_EQUIVALENT},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct mill_comparison comparison;
        json_t *result = document(2);
        add_rounds(result, 1, rounds, "near", expected[i].ratio);
        compare(&comparison, result, MILL_METRIC_THROUGHPUT);
        assert_int_equal(comparison.count, 2);
        const struct mill_compare_row *row = &comparison.rows[0];
        assert_int_equal(row->measured, expected[i].change);
        assert_true(fabs(row->ratio.ratio - expected[i].ratio) < 1e-9);
        assert_int_equal(row->n, rounds);
        assert_int_equal(row->unpaired, 0);
        assert_true(row->everywhere);
        assert_string_equal(row->mode, "near");
        assert_true(comparison.trusted);
        assert_false(comparison.rows[1].off);
        assert_int_equal(mill_comparison_flagged(&comparison), expected[i].change == MILL_CHANGE_REGRESSED);
        mill_comparison_destroy(&comparison);
        json_decref(result);
    }
}

/* What is regressed near and not far is said of near alone; a round whose sides saw two modes is no pair. */
static void modes_are_kept_apart(void **state)
{
    (void)state;
    struct mill_comparison comparison;
    json_t *result = document(2);
    add_rounds(result, 1, 9, "near", 0.5);
    add_rounds(result, 10, 18, "far", 1.0);
    for (int round = 19; round <= rounds; round++) {
        add(result, base, round, "near", "ok", 1e6);
        add(result, head, round, "far", "ok", 1e3);
    }
    compare(&comparison, result, MILL_METRIC_THROUGHPUT);
    assert_int_equal(comparison.count, 4);
    assert_string_equal(comparison.rows[0].mode, "near");
    assert_int_equal(comparison.rows[0].measured, MILL_CHANGE_REGRESSED);
    assert_string_equal(comparison.rows[1].mode, "far");
    assert_int_equal(comparison.rows[1].measured, MILL_CHANGE_EQUIVALENT);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(comparison.rows[i].n, 9);
        assert_int_equal(comparison.rows[i].unpaired, 2);
        assert_false(comparison.rows[i].everywhere);
    }
    assert_int_equal(comparison.corrected[MILL_ROW_GATES], 2);
    mill_comparison_destroy(&comparison);
    json_decref(result);
}

/* Three pairs of another mode decide nothing: they have no row, and the verdict is of its own mode alone. */
static void a_mode_of_few_pairs_has_no_row_beside_another(void **state)
{
    (void)state;
    struct mill_comparison comparison;
    json_t *result = document(2);
    add_rounds(result, 1, 17, "near", 0.5);
    add_rounds(result, 18, rounds, "far", 0.5);
    compare(&comparison, result, MILL_METRIC_THROUGHPUT);
    assert_int_equal(comparison.count, 2);
    assert_int_equal(comparison.rows[0].n, 17);
    assert_false(comparison.rows[0].everywhere);
    assert_int_equal(comparison.corrected[MILL_ROW_GATES], 1);
    mill_comparison_destroy(&comparison);
    json_decref(result);
}

static void rejected_samples_make_no_pairs(void **state)
{
    (void)state;
    struct mill_comparison comparison;
    json_t *result = document(2);
    for (int round = 1; round <= rounds; round++) {
        add(result, base, round, "near", "ok", 1e6);
        add(result, head, round, "near", "rejected", 1e3);
    }
    compare(&comparison, result, MILL_METRIC_THROUGHPUT);
    assert_int_equal(comparison.rows[0].n, 0);
    assert_int_equal(comparison.rows[0].unpaired, rounds);
    assert_int_equal(comparison.rows[0].measured, MILL_CHANGE_INCONCLUSIVE);
    assert_string_equal(comparison.rows[0].mode, "any");
    assert_true(isnan(comparison.rows[0].base));
    mill_comparison_destroy(&comparison);
    json_decref(result);
}

/* Base that differs from itself: nothing is trusted, and nothing is flagged. By much; or by a hundredth each
 * time, which no chance explains. */
static void aa_that_is_off_is_believed_before_all_else(void **state)
{
    (void)state;
    static const double ratios[] = {0.7, 1.01};
    for (size_t i = 0; i < 2; i++) {
        struct mill_comparison comparison;
        struct mill_compare_input input;
        size_t counts[4];
        json_t *result = document(2);
        for (int round = 1; round <= rounds; round++) {
            add(result, base, round, "near", "ok", 1e6);
            add(result, head, round, "near", "ok", 5e5);
            add(result, again, round, "near", "ok", 1e6 * ratios[i]);
        }
        compare(&comparison, result, MILL_METRIC_THROUGHPUT);
        assert_true(comparison.rows[1].off);
        assert_false(comparison.trusted);
        assert_int_equal(mill_comparison_flagged(&comparison), 0);
        mill_comparison_settle(&comparison);
        mill_comparison_tally(&comparison, counts);
        assert_int_equal(counts[MILL_CHANGE_REGRESSED], 0);
        input = input_of(result, MILL_METRIC_THROUGHPUT);
        const struct mill_compare_facts facts = {.command = "c",
                                                 .form = "builds",
                                                 .base = {.label = "b"},
                                                 .head = {.label = "h"},
                                                 .input = &input,
                                                 .comparison = &comparison};
        json_t *json = mill_compare_document(&facts);
        assert_string_equal(json_string_value(json_object_get(json, "verdict")), "untrusted");
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(json_object_get(json, "rows"), 0), "verdict")),
            "untrusted");
        assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "counts"), "untrusted")),
                         1);
        json_decref(json);
        mill_comparison_destroy(&comparison);
        json_decref(result);
    }
}

/* Flagged, and measured again. */
static void confirm(double ratio, const char *mode, int pairs, bool confirmed, const char *in_mode)
{
    struct mill_comparison comparison;
    struct mill_error error;
    json_t *first = document(2), *second = document(2);
    add_rounds(first, 1, rounds, "near", 0.5);
    add_rounds(second, 1, pairs, mode, ratio);
    compare(&comparison, first, MILL_METRIC_THROUGHPUT);
    struct mill_compare_input input = input_of(second, MILL_METRIC_THROUGHPUT);
    assert_int_equal(mill_compare_confirm(&comparison, &input, &error), 0);
    mill_comparison_settle(&comparison);
    assert_true(comparison.rows[0].again.done);
    assert_int_equal(comparison.rows[0].again.confirmed, confirmed);
    assert_string_equal(comparison.rows[0].again.mode, in_mode);
    assert_int_equal(comparison.rows[0].verdict,
                     confirmed ? MILL_CHANGE_REGRESSED : MILL_CHANGE_INCONCLUSIVE);
    assert_false(comparison.rows[1].again.done);
    mill_comparison_destroy(&comparison);
    json_decref(first);
    json_decref(second);
}

static void what_regresses_counts_when_it_does_so_again(void **state)
{
    (void)state;
    confirm(0.5, "near", rounds, true, "near");
    confirm(1.0, "near", rounds, false, "near");
    confirm(0.5, "far", rounds, true, "any");
    confirm(0.5, "near", 5, false, "any");
}

static void what_must_be_confirmed_does_not_count_before(void **state)
{
    (void)state;
    struct mill_comparison comparison;
    size_t counts[4];
    json_t *result = document(2);
    add_rounds(result, 1, rounds, "near", 0.5);
    compare(&comparison, result, MILL_METRIC_THROUGHPUT);
    mill_comparison_settle(&comparison);
    mill_comparison_tally(&comparison, counts);
    assert_int_equal(counts[MILL_CHANGE_REGRESSED], 1);
    comparison.must_confirm = true;
    mill_comparison_settle(&comparison);
    mill_comparison_tally(&comparison, counts);
    assert_int_equal(counts[MILL_CHANGE_REGRESSED], 0);
    assert_int_equal(counts[MILL_CHANGE_INCONCLUSIVE], 1);
    mill_comparison_destroy(&comparison);
    json_decref(result);
}

/* 30 against 40 ns, of a clock that rises by ten: one step, which is nothing. 100 against 130 is three. */
static void a_latency_is_no_finer_than_the_clock(void **state)
{
    (void)state;
    static const struct {
        uint64_t from, to;
        enum mill_change change;
        double margin;
    } expected[] = {
        {30, 40, MILL_CHANGE_EQUIVALENT, 0.5},
        {100, 130, MILL_CHANGE_REGRESSED, 0.15},
        {1000, 1130, MILL_CHANGE_REGRESSED, 0.1},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct mill_comparison comparison;
        json_t *result = document(2);
        for (int round = 1; round <= rounds; round++) {
            add_latency(result, base, round, expected[i].from, 2000);
            add_latency(result, head, round, expected[i].to, 2000);
            add_latency(result, again, round, expected[i].from, 2000);
        }
        compare(&comparison, result, MILL_METRIC_P50);
        assert_int_equal(comparison.rows[0].measured, expected[i].change);
        assert_true(fabs(comparison.rows[0].margin - expected[i].margin) < 0.01);
        mill_comparison_destroy(&comparison);
        json_decref(result);
    }
}

static void a_percentile_of_few_values_is_none(void **state)
{
    (void)state;
    struct mill_comparison comparison;
    json_t *result = document(2);
    for (int round = 1; round <= rounds; round++) {
        add_latency(result, base, round, 1000, 999);
        add_latency(result, head, round, 9000, 1000);
    }
    compare(&comparison, result, MILL_METRIC_P99);
    assert_int_equal(comparison.rows[0].n, 0);
    mill_comparison_destroy(&comparison);
    compare(&comparison, result, MILL_METRIC_P50);
    assert_int_equal(comparison.rows[0].n, rounds);
    mill_comparison_destroy(&comparison);
    json_decref(result);
}

static void one_thread_alone_is_neither_fair_nor_unfair(void **state)
{
    (void)state;
    struct mill_comparison comparison;
    for (int threads = 1; threads <= 2; threads++) {
        json_t *result = document(threads);
        add_rounds(result, 1, rounds, "near", 1);
        compare(&comparison, result, MILL_METRIC_FAIRNESS);
        assert_int_equal(comparison.count, threads == 1 ? 0 : 2);
        mill_comparison_destroy(&comparison);
        json_decref(result);
    }
}

static void unpaired_rows_are_compared_as_heaps(void **state)
{
    (void)state;
    struct mill_comparison comparison;
    struct mill_error error;
    json_t *one = document(2), *other = document(2);
    for (int round = 1; round <= 10; round++) {
        add(one, base, round, "near", "ok", 1e6 + round);
        add(other, head, 11 - round, "near", "ok", 5e5 + round);
    }
    struct mill_compare_input input = input_of(one, MILL_METRIC_THROUGHPUT);
    input.head = other;
    input.paired = false;
    input.count = 1;
    assert_int_equal(mill_compare(&comparison, &input, &error), 0);
    assert_int_equal(comparison.count, 1);
    assert_int_equal(comparison.rows[0].measured, MILL_CHANGE_REGRESSED);
    assert_true(fabs(comparison.rows[0].p.regressed - 1.0 / 184756) < 1e-12);
    assert_true(fabs(comparison.rows[0].ratio.ratio - 0.5) < 1e-4);
    mill_comparison_destroy(&comparison);
    json_decref(one);
    json_decref(other);
}

static void counts_are_compared_exactly(void **state)
{
    (void)state;
    static const struct {
        double head;
        enum mill_change change;
    } expected[] = {
        {100, MILL_CHANGE_EQUIVALENT},
        {101, MILL_CHANGE_EQUIVALENT},
        {102, MILL_CHANGE_REGRESSED},
        {98, MILL_CHANGE_IMPROVED},
    };
    struct mill_comparison comparison;
    json_t *result = document(1);
    const json_t *cell = json_array_get(json_object_get(result, "cells"), 0);
    compare(&comparison, result, MILL_METRIC_FAIRNESS);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(
            mill_comparison_add_counts(&comparison, &pairings[0], cell, cell, 100, expected[i].head, 0.01),
            0);
        assert_int_equal(comparison.rows[i].measured, expected[i].change);
    }
    assert_int_equal(mill_comparison_flagged(&comparison), 0);
    mill_comparison_destroy(&comparison);
    json_decref(result);
}

static void what_cannot_be_compared_is_told(void **state)
{
    (void)state;
    struct mill_comparison comparison;
    struct mill_error error;
    json_t *result = document(2);
    add(result, base, 1, "near", "ok", 1e-300);
    add(result, head, 1, "near", "ok", 1e300);
    struct mill_compare_input input = input_of(result, MILL_METRIC_THROUGHPUT);
    assert_int_equal(mill_compare(&comparison, &input, &error), -ERANGE);
    assert_non_null(strstr(error.message, "cannot be compared"));
    json_t *sample = add(result, base, 2, "near", "ok", 1);
    json_object_set_new(sample, "kind", json_string("latency"));
    json_object_set_new(sample, "latency", json_pack("{s:s}", "histogram", "HIST????"));
    input = input_of(result, MILL_METRIC_P99);
    assert_int_equal(mill_compare(&comparison, &input, &error), -EBADMSG);
    json_decref(result);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_ratio_has_its_verdict),
        cmocka_unit_test(modes_are_kept_apart),
        cmocka_unit_test(a_mode_of_few_pairs_has_no_row_beside_another),
        cmocka_unit_test(rejected_samples_make_no_pairs),
        cmocka_unit_test(aa_that_is_off_is_believed_before_all_else),
        cmocka_unit_test(what_regresses_counts_when_it_does_so_again),
        cmocka_unit_test(what_must_be_confirmed_does_not_count_before),
        cmocka_unit_test(a_latency_is_no_finer_than_the_clock),
        cmocka_unit_test(a_percentile_of_few_values_is_none),
        cmocka_unit_test(one_thread_alone_is_neither_fair_nor_unfair),
        cmocka_unit_test(unpaired_rows_are_compared_as_heaps),
        cmocka_unit_test(counts_are_compared_exactly),
        cmocka_unit_test(what_cannot_be_compared_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
