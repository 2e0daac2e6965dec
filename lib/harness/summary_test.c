#include "harness/summary.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A document is made by hand: two cells that differ in their strategy, and samples as told. */
static json_t *cell_json(const char *strategy, const char *library, json_t *expected)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:i, s:b, s:{}, s:o, s:n, s:b, s:b, s:b, s:b}", "scenario",
                     "s", "family", "f", "strategy", strategy, "algorithm", "a", "library", library,
                     "threads", 2, "oversubscribed", 0, "parameters", "expected",
                     expected ? expected : json_null(), "unsupported", "unavailable", 0, "control",
                     expected != NULL, "must_show", expected != NULL, "checked", 1);
}

static json_t *document(json_t *first, json_t *second)
{
    return json_pack("{s:[oo], s:[]}", "cells", first, second, "samples");
}

static void add(json_t *result, int cell, int round, const char *mode, const char *status, double rate)
{
    json_t *sample = json_pack(
        "{s:i, s:i, s:i, s:s, s:s, s:s, s:[], s:I, s:I, s:f, s:f, s:n, s:{s:f, s:f, s:I}, s:[{s:I, s:I}]}",
        "cell", cell, "round", round, "attempt", 1, "kind", "throughput", "status", status, "mode", mode,
        "findings", "window_ns", (json_int_t)1000, "operations", (json_int_t)100, "operations_per_second",
        rate, "operations_per_cpu_second", rate / 2, "reacquired_share", "fairness", "jain", 1.0,
        "jain_slice_median", 0.5, "starvation_ns", (json_int_t)round * 10, "threads", "voluntary_switches",
        (json_int_t)1, "involuntary_switches", (json_int_t)2);
    assert_non_null(sample);
    json_array_append_new(json_object_get(result, "samples"), sample);
}

/* Sets what every sample so far completed. */
static void complete(json_t *result, json_int_t operations)
{
    size_t index;
    json_t *sample;
    json_array_foreach(json_object_get(result, "samples"), index, sample)
    {
        json_object_set_new(sample, "operations", json_integer(operations));
    }
}

static void nothing_done_proves_nothing(void **state)
{
    (void)state;
    struct mill_summary summary;
    json_t *result = document(cell_json("x", NULL, NULL), cell_json("y", NULL, NULL));
    add(result, 0, 1, "near", "ok", 0.0);
    add(result, 1, 1, "near", "ok", 0.0);
    complete(result, 0);
    add(result, 1, 2, "near", "ok", 1.0);
    assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
    assert_int_equal(summary.cells[0].verdict, MILL_VERDICT_UNTRUSTED);
    assert_non_null(strstr(summary.cells[0].reason, "no thread completed an operation"));
    assert_int_equal(summary.cells[1].verdict, MILL_VERDICT_PASS);
    mill_summary_destroy(&summary);
    json_decref(result);
}

static void rows_hold_the_medians(void **state)
{
    (void)state;
    struct mill_summary summary;
    json_t *result = document(cell_json("x", NULL, NULL), cell_json("y", NULL, NULL));
    for (int round = 1; round <= 5; round++) {
        add(result, 0, round, "near", "ok", 100.0 * round);
    }
    assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
    assert_int_equal(summary.row_count, 1);
    assert_true(summary.rows[0].rate.ratio == 300.0);
    assert_true(summary.rows[0].per_cpu_second == 150.0);
    assert_true(summary.rows[0].switches == 30.0);
    assert_true(summary.rows[0].starvation_ns == 50.0);
    assert_true(isnan(summary.rows[0].reacquired));
    assert_int_equal(summary.cells[0].verdict, MILL_VERDICT_PASS);
    assert_int_equal(summary.cells[1].verdict, MILL_VERDICT_NOT_RUN);
    mill_summary_destroy(&summary);
    json_decref(result);
}

/* x is the faster in every round: with enough rounds that is a win, with few it is not. */
static void a_winner_needs_an_interval(void **state)
{
    (void)state;
    static const struct {
        int rounds;
        bool leads;
    } cases[] = {{4, false}, {12, true}};
    for (size_t i = 0; i < 2; i++) {
        struct mill_summary summary;
        json_t *result = document(cell_json("x", NULL, NULL), cell_json("y", NULL, NULL));
        for (int round = 1; round <= cases[i].rounds; round++) {
            add(result, 0, round, "near", "ok", 200.0 + round);
            add(result, 1, round, "near", "ok", 100.0 + round);
        }
        assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
        assert_int_equal(summary.leader_count, 1);
        assert_int_equal(summary.leaders[0].cell, 0);
        assert_int_equal(summary.rows[0].leads, cases[i].leads);
        assert_false(summary.rows[1].leads);
        mill_summary_destroy(&summary);
        json_decref(result);
    }
}

/* Each other cell against the fastest, round by round. */
static void the_others_are_told_against_the_fastest(void **state)
{
    (void)state;
    struct mill_summary summary;
    struct mill_summary_pair *pairs;
    size_t count;
    json_t *result = document(cell_json("x", NULL, NULL), cell_json("y", NULL, NULL));
    for (int round = 1; round <= 12; round++) {
        add(result, 0, round, "near", "ok", 200.0 + 2 * round);
        add(result, 1, round, "near", "ok", 100.0 + round);
    }
    assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
    assert_int_equal(mill_summary_behind(&summary, result, &pairs, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(pairs[0].cell, 1);
    assert_int_equal(pairs[0].other, 0);
    assert_int_equal(pairs[0].ratio.rounds, 12);
    assert_float_equal(pairs[0].ratio.ratio, 0.5, 1e-12);
    free(pairs);
    mill_summary_destroy(&summary);
    json_decref(result);
}

/* The faster of unlike ones leads nobody: it does something else. */
static void only_cells_of_one_shape_are_ranked(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second;
        size_t leaders;
    } cases[] = {
        {"bounded", "unbounded", 0}, {"bounded", NULL, 0}, {"bounded", "bounded", 1}, {NULL, NULL, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mill_summary summary;
        json_t *x = cell_json("x", NULL, NULL), *y = cell_json("y", NULL, NULL);
        json_object_set_new(x, "shape", cases[i].first ? json_string(cases[i].first) : json_null());
        json_object_set_new(y, "shape", cases[i].second ? json_string(cases[i].second) : json_null());
        json_t *result = document(x, y);
        for (int round = 1; round <= 9; round++) {
            add(result, 0, round, "near", "ok", 200.0 + round);
            add(result, 1, round, "near", "ok", 100.0 + round);
        }
        assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
        assert_int_equal(summary.leader_count, cases[i].leaders);
        assert_int_equal(summary.rows[0].leads, cases[i].leaders == 1);
        mill_summary_destroy(&summary);
        json_decref(result);
    }
}

static void equal_strategies_have_no_winner(void **state)
{
    (void)state;
    struct mill_summary summary;
    json_t *result = document(cell_json("x", NULL, NULL), cell_json("y", NULL, NULL));
    for (int round = 1; round <= 12; round++) {
        add(result, 0, round, "near", "ok", round % 2 ? 110 : 100);
        add(result, 1, round, "near", "ok", round % 2 ? 99 : 108);
    }
    assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
    assert_int_equal(summary.leader_count, 1);
    assert_false(summary.leaders[0].ratio.decided);
    assert_false(summary.rows[0].leads || summary.rows[1].leads);
    mill_summary_destroy(&summary);
    json_decref(result);
}

/* x wins near and y wins far; mixed together neither would. */
static void modes_are_kept_apart(void **state)
{
    (void)state;
    struct mill_summary summary;
    json_t *result = document(cell_json("x", NULL, NULL), cell_json("y", NULL, NULL));
    for (int round = 1; round <= 24; round++) {
        bool near = round % 2 == 0;
        add(result, 0, round, near ? "near" : "far", "ok", near ? 200 : 50);
        add(result, 1, round, near ? "near" : "far", "ok", 100);
    }
    assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
    assert_int_equal(summary.row_count, 4);
    assert_int_equal(summary.leader_count, 2);
    for (size_t i = 0; i < summary.leader_count; i++) {
        bool near = strcmp(summary.leaders[i].mode, "near") == 0;
        assert_int_equal(summary.leaders[i].cell, near ? 0 : 1);
        assert_int_equal(summary.leaders[i].ratio.rounds, 12);
        assert_true(summary.leaders[i].ratio.decided);
    }
    mill_summary_destroy(&summary);
    json_decref(result);
}

/* Rounds that were near for one side and far for the other are no pairs. */
static void pairs_are_formed_within_a_round_and_mode(void **state)
{
    (void)state;
    struct mill_summary summary;
    json_t *result = document(cell_json("x", NULL, NULL), cell_json("y", "a library", NULL));
    for (int round = 1; round <= 10; round++) {
        add(result, 0, round, "near", "ok", 200);
        add(result, 1, round, round <= 3 ? "near" : "far", "ok", 100);
    }
    assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
    assert_int_equal(summary.peer_count, 1);
    assert_int_equal(summary.peers[0].cell, 0);
    assert_int_equal(summary.peers[0].other, 1);
    assert_int_equal(summary.peers[0].ratio.rounds, 3);
    mill_summary_destroy(&summary);
    json_decref(result);
}

static void rejected_samples_count_and_are_not_used(void **state)
{
    (void)state;
    struct mill_summary summary;
    json_t *result = document(cell_json("x", NULL, NULL), cell_json("y", NULL, NULL));
    add(result, 0, 1, "near", "rejected", 1);
    add(result, 0, 1, "near", "ok", 500);
    add(result, 1, 1, "near", "rejected", 1);
    assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
    assert_int_equal(summary.rejected, 2);
    assert_true(summary.rows[0].rate.ratio == 500.0);
    assert_int_equal(summary.cells[0].verdict, MILL_VERDICT_PASS);
    assert_int_equal(summary.cells[1].verdict, MILL_VERDICT_UNTRUSTED);
    mill_summary_destroy(&summary);
    json_decref(result);
}

/* A document may say anything; a pair a round is formed at the most. */
static void repeated_rounds_make_no_more_pairs(void **state)
{
    (void)state;
    struct mill_summary summary;
    json_t *result = document(cell_json("x", NULL, NULL), cell_json("y", NULL, NULL));
    for (int i = 0; i < 300; i++) {
        add(result, 0, 1, "near", "ok", 200);
        add(result, 1, 1, "near", "ok", 100);
    }
    assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
    assert_int_equal(summary.leader_count, 1);
    assert_in_range(summary.leaders[0].ratio.rounds, 1, 300);
    mill_summary_destroy(&summary);
    json_decref(result);
}

/* Caught it is; but what was measured on a disturbed machine is worth nothing. */
static void an_untrusted_control_keeps_its_finding_alone(void **state)
{
    (void)state;
    struct mill_summary summary;
    json_t *expected = json_pack("{s:s, s:s}", "findings", "lost-update", "why", "w");
    json_t *result = document(cell_json("x", NULL, expected), cell_json("y", NULL, NULL));
    add(result, 0, 1, "near", "check-failed", 100);
    json_t *sample = json_array_get(json_object_get(result, "samples"), 0);
    json_array_append_new(json_object_get(sample, "findings"), json_string("lost-update"));
    json_object_set_new(sample, "trusted", json_false());
    assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
    assert_int_equal(summary.cells[0].verdict, MILL_VERDICT_CAUGHT);
    assert_int_equal(summary.row_count, 0);
    mill_summary_destroy(&summary);
    json_decref(result);
}

static void a_control_is_judged_by_what_it_was_expected_to_show(void **state)
{
    (void)state;
    static const struct {
        const char *finding;
        enum mill_verdict verdict;
    } cases[] = {{"lost-update", MILL_VERDICT_CAUGHT},
                 {NULL, MILL_VERDICT_NOT_CAUGHT},
                 {"corruption", MILL_VERDICT_FOUND}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mill_summary summary;
        json_t *expected = json_pack("{s:s, s:s}", "findings", "lost-update, race", "why", "w");
        json_t *result = document(cell_json("x", NULL, expected), cell_json("y", NULL, NULL));
        add(result, 0, 1, "near", cases[i].finding ? "check-failed" : "ok", 100);
        if (cases[i].finding) {
            json_t *sample = json_array_get(json_object_get(result, "samples"), 0);
            json_array_append_new(json_object_get(sample, "findings"), json_string(cases[i].finding));
        }
        assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
        assert_int_equal(summary.cells[0].verdict, cases[i].verdict);
        mill_summary_destroy(&summary);
        json_decref(result);
    }
}

/* A deadlock that the scenario could not end is ended by the watchdog; that is how it shows. */
static void a_hang_shows_a_deadlock_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *expected;
        enum mill_verdict verdict;
    } cases[] = {{"deadlock", MILL_VERDICT_CAUGHT},
                 {"corruption, lost-wakeup", MILL_VERDICT_CAUGHT},
                 {"corruption", MILL_VERDICT_FOUND},
                 {NULL, MILL_VERDICT_FOUND}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mill_summary summary;
        json_t *expected =
            cases[i].expected ? json_pack("{s:s, s:s}", "findings", cases[i].expected, "why", "w") : NULL;
        json_t *result = document(cell_json("x", NULL, expected), cell_json("y", NULL, NULL));
        json_array_append_new(json_object_get(result, "samples"),
                              json_pack("{s:i, s:i, s:i, s:s, s:s, s:s}", "cell", 0, "round", 1, "attempt", 1,
                                        "kind", "throughput", "status", "hung", "reason",
                                        "no end after 5 s"));
        assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
        assert_int_equal(summary.cells[0].verdict, cases[i].verdict);
        assert_int_equal(summary.row_count, 0);
        mill_summary_destroy(&summary);
        json_decref(result);
    }
}

static void measures_are_medians_by_name(void **state)
{
    (void)state;
    struct mill_summary summary;
    json_t *result = document(cell_json("x", NULL, NULL), cell_json("y", NULL, NULL));
    for (int round = 1; round <= 3; round++) {
        add(result, 0, round, "near", "ok", 100);
        json_t *sample = json_array_get(json_object_get(result, "samples"), (size_t)round - 1);
        json_object_set_new(sample, "measures",
                            json_pack("[{s:s, s:s, s:f}, {s:s, s:s, s:n}]", "name", "idle cpu", "unit", "%",
                                      "value", 10.0 * round, "name", "stale", "unit", "ns", "value"));
    }
    assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
    assert_int_equal(summary.rows[0].measure_count, 2);
    assert_string_equal(summary.rows[0].measures[0].name, "idle cpu");
    assert_true(summary.rows[0].measures[0].median == 20.0);
    assert_true(isnan(summary.rows[0].measures[1].median));
    mill_summary_destroy(&summary);
    json_decref(result);
}

/* The cell of `strategy` at so many threads, of which two have a processor each. */
static json_t *cell_at(const char *strategy, int threads)
{
    json_t *cell = cell_json(strategy, NULL, NULL);
    json_object_set_new(cell, "threads", json_integer(threads));
    json_object_set_new(cell, "oversubscribed", json_boolean(threads > 2));
    return cell;
}

static void collapse_is_told_from_slowness(void **state)
{
    (void)state;
    static const struct {
        double before, after;
        int threads;
        enum mill_verdict verdict;
    } cases[] = {
        {1e6, 9e3, 4, MILL_VERDICT_COLLAPSED},
        {1e6, 11e3, 4, MILL_VERDICT_PASS},
        {1e6, 9e3, 2, MILL_VERDICT_PASS}, /* each had its processor: slow it is */
        {0, 9e3, 4, MILL_VERDICT_PASS},   /* nothing says what it could have reached */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mill_summary summary;
        json_t *result = document(cell_at("x", 1), cell_at("x", cases[i].threads));
        if (cases[i].before > 0) {
            add(result, 0, 1, "near", "ok", cases[i].before);
        }
        add(result, 1, 1, "near", "ok", cases[i].after);
        assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
        assert_int_equal(summary.cells[1].verdict, cases[i].verdict);
        mill_summary_destroy(&summary);
        json_decref(result);
    }
}

/* Without a word on its own best, its neighbours tell; and what completed nothing at all has collapsed too.
 */
static void collapse_is_told_by_neighbours(void **state)
{
    (void)state;
    struct mill_summary summary;
    json_t *result = document(cell_at("x", 4), cell_at("y", 4));
    add(result, 0, 1, "near", "ok", 0);
    complete(result, 0);
    add(result, 1, 1, "near", "ok", 1e6);
    assert_int_equal(mill_summary_make(&summary, result, NULL), 0);
    assert_int_equal(summary.cells[0].verdict, MILL_VERDICT_COLLAPSED);
    assert_int_equal(summary.cells[1].verdict, MILL_VERDICT_PASS);
    assert_int_equal(summary.leader_count, 0);
    mill_summary_destroy(&summary);
    json_decref(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_done_proves_nothing),
        cmocka_unit_test(rows_hold_the_medians),
        cmocka_unit_test(a_winner_needs_an_interval),
        cmocka_unit_test(the_others_are_told_against_the_fastest),
        cmocka_unit_test(only_cells_of_one_shape_are_ranked),
        cmocka_unit_test(equal_strategies_have_no_winner),
        cmocka_unit_test(modes_are_kept_apart),
        cmocka_unit_test(pairs_are_formed_within_a_round_and_mode),
        cmocka_unit_test(rejected_samples_count_and_are_not_used),
        cmocka_unit_test(repeated_rounds_make_no_more_pairs),
        cmocka_unit_test(an_untrusted_control_keeps_its_finding_alone),
        cmocka_unit_test(a_control_is_judged_by_what_it_was_expected_to_show),
        cmocka_unit_test(a_hang_shows_a_deadlock_and_nothing_else),
        cmocka_unit_test(measures_are_medians_by_name),
        cmocka_unit_test(collapse_is_told_from_slowness),
        cmocka_unit_test(collapse_is_told_by_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
