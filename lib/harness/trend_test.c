#include "harness/trend.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What a made-up run differs in. */
struct made {
    int day;
    double rate;
    const char *processor, *mode, *commit, *status;
};

/* A result of one cell and one sample, with what a summary reads. */
static json_t *make(const struct made *made)
{
    char created[32];
    bool ok = !made->status || strcmp(made->status, "ok") == 0;
    (void)snprintf(created, sizeof created, "2026-01-%02dT00:00:00Z", made->day);
    json_t *result = json_pack(
        "{s:s, s:s, s:i, s:{s:s, s:s}, s:{s:s, s:s?}, s:{s:s, s:f}, s:[{s:s, s:s, s:s, s:i, s:{s:s}, s:b}], "
        "s:[{s:i, s:i, s:s, s:s, s:s?, s:[], s:s, s:i, s:f, s:{s:f}, s:[]}]}",
        "created", created, "command", "threadmill run", "seed", made->day, "machine", "processor",
        made->processor ? made->processor : "P", "topology", "2 cores", "build", "flavour", "plain", "commit",
        made->commit, "settings", "pin", "spread", "rate", 0.0, "cells", "scenario", "counter", "family",
        "counter", "strategy", "mutex", "threads", 2, "parameters", "think", "0ns", "checked", 1, "samples",
        "cell", 0, "round", 1, "kind", "throughput", "status", ok ? "ok" : made->status, "reason",
        ok ? NULL : "lost", "findings", "mode", made->mode ? made->mode : "near", "operations", 1000,
        "operations_per_second", made->rate, "fairness", "jain", 0.5, "threads");
    assert_non_null(result);
    return result;
}

static void add(struct mill_trends *trends, const char *path, const struct made *made)
{
    struct mill_error error = {""};
    json_t *result = make(made);
    if (mill_trends_add(trends, path, result, &error) != 0) {
        fail_msg("%s", error.message);
    }
    json_decref(result);
}

static struct mill_trends *open_trends(const char *metric)
{
    struct mill_trends *trends;
    assert_non_null(mill_trend_metric(metric));
    assert_int_equal(mill_trends_create(&trends, mill_trend_metric(metric)), 0);
    return trends;
}

/* Twelve runs, given in no order; from the eighth day on a fifth slower. */
static struct mill_trends *slower_since_the_eighth(double factor)
{
    struct mill_trends *trends = open_trends("throughput");
    for (int i = 0; i < 12; i++) {
        int day = 1 + (i * 5) % 12;
        char commit[16], path[32];
        (void)snprintf(commit, sizeof commit, "c%02d", day);
        (void)snprintf(path, sizeof path, "day-%d.json", day);
        add(trends, path,
            &(struct made){.day = day,
                           .commit = commit,
                           .rate = 1e6 * (1 + 0.01 * (day % 3)) * (day >= 8 ? factor : 1)});
    }
    assert_int_equal(mill_trends_judge(trends, 0.1, NULL), 0);
    return trends;
}

static void a_change_lies_between_two_commits(void **state)
{
    (void)state;
    struct mill_trends *trends = slower_since_the_eighth(0.8);
    assert_int_equal(trends->run_count, 12);
    assert_int_equal(trends->series_count, 1);
    const struct mill_trend_series *series = &trends->series[0];
    assert_int_equal(series->point_count, 12);
    assert_string_equal(series->points[0].run->commit, "c01");
    assert_string_equal(trends->runs[11]->commit, "c12");
    assert_int_equal(series->change_count, 1);
    const struct mill_trend_change *change = &series->changes[0];
    assert_string_equal(series->points[change->at - 1].run->commit, "c07");
    assert_string_equal(series->points[change->at].run->commit, "c08");
    assert_int_equal(change->runs_before, 7);
    assert_int_equal(change->runs_since, 5);
    assert_int_equal(change->verdict, MILL_TREND_REGRESSED);
    assert_true(mill_trend_regressed(series));
    mill_trends_destroy(trends);
}

/* What the margin and the direction make of a change. */
static void a_change_is_judged_by_the_margin(void **state)
{
    (void)state;
    static const struct {
        double factor;
        enum mill_trend_verdict verdict;
    } cases[] = {{0.92, MILL_TREND_SHIFTED}, {0.85, MILL_TREND_REGRESSED}, {1.2, MILL_TREND_IMPROVED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mill_trends *trends = slower_since_the_eighth(cases[i].factor);
        assert_int_equal(trends->series[0].change_count, 1);
        assert_int_equal(trends->series[0].changes[0].verdict, cases[i].verdict);
        assert_int_equal(mill_trend_regressed(&trends->series[0]), cases[i].verdict == MILL_TREND_REGRESSED);
        mill_trends_destroy(trends);
    }
    assert_true(mill_trend_metric("throughput")->higher_is_better &&
                mill_trend_metric("fairness")->higher_is_better);
    assert_true(!mill_trend_metric("p50")->higher_is_better && !mill_trend_metric("p99")->higher_is_better);
    assert_null(mill_trend_metric("speed"));
}

static void machines_and_modes_are_series_of_their_own(void **state)
{
    (void)state;
    struct mill_trends *trends = open_trends("throughput");
    for (int day = 1; day <= 8; day++) { /* the near mode is four times the far one, and Q twice P */
        bool far = day % 2;
        add(trends, "p", &(struct made){.day = day, .rate = far ? 1e6 : 4e6, .mode = far ? "far" : "near"});
        add(trends, "q", &(struct made){.day = day + 10, .rate = 8e6, .processor = "Q"});
    }
    assert_int_equal(mill_trends_judge(trends, 0.1, NULL), 0);
    assert_int_equal(trends->series_count, 3);
    size_t points = 0;
    for (size_t i = 0; i < trends->series_count; i++) {
        points += trends->series[i].point_count;
        assert_int_equal(trends->series[i].change_count, 0);
    }
    assert_int_equal(points, 16);
    mill_trends_destroy(trends);
}

static void what_did_not_pass_has_no_number(void **state)
{
    (void)state;
    struct mill_trends *trends = open_trends("throughput");
    add(trends, "bad", &(struct made){.day = 1, .rate = 1e6, .status = "check-failed"});
    assert_int_equal(trends->series_count, 0);
    add(trends, "huge", &(struct made){.day = 2, .rate = 1e300});
    assert_int_equal(trends->series_count, 0);
    assert_int_equal(trends->without, 1);
    add(trends, "good", &(struct made){.day = 3, .rate = 1e6});
    assert_int_equal(trends->series_count, 1);
    assert_int_equal(mill_trends_judge(trends, 0.1, NULL), 0);
    mill_trends_destroy(trends);
    trends = open_trends("p99"); /* it was not measured */
    add(trends, "good", &(struct made){.day = 3, .rate = 1e6});
    assert_int_equal(trends->without, 1);
    assert_int_equal(mill_trends_judge(trends, 0.1, NULL), 0);
    mill_trends_destroy(trends);
}

static void a_document_given_twice_counts_once(void **state)
{
    (void)state;
    struct mill_trends *trends = open_trends("fairness");
    add(trends, "a", &(struct made){.day = 1, .rate = 1e6});
    add(trends, "./a", &(struct made){.day = 1, .rate = 1e6});
    add(trends, "b", &(struct made){.day = 2, .rate = 1e6});
    assert_int_equal(trends->given_twice, 1);
    assert_int_equal(trends->run_count, 2);
    assert_int_equal(trends->series[0].point_count, 2);
    assert_true(trends->series[0].points[0].value == 0.5);
    mill_trends_destroy(trends);
}

static void runs_that_began_together_elsewhere_all_count(void **state)
{
    (void)state;
    struct mill_trends *trends = open_trends("throughput");
    add(trends, "a", &(struct made){.day = 1, .rate = 1e6, .commit = "c"});
    add(trends, "b", &(struct made){.day = 1, .rate = 1e6, .commit = "c", .processor = "Q"});
    add(trends, "c", &(struct made){.day = 1, .rate = 1e6, .commit = "d"});
    assert_int_equal(trends->given_twice, 0);
    assert_int_equal(trends->run_count, 3);
    assert_int_equal(trends->series_count, 2);
    mill_trends_destroy(trends);
}

static void it_is_encoded_whole(void **state)
{
    (void)state;
    struct mill_trends *trends = slower_since_the_eighth(0.8);
    json_t *document = mill_trends_encode(trends);
    assert_non_null(document);
    const json_t *series = json_array_get(json_object_get(document, "series"), 0);
    const json_t *change = json_array_get(json_object_get(series, "changes"), 0);
    assert_int_equal(json_array_size(json_object_get(series, "points")), 12);
    assert_int_equal(json_integer_value(json_object_get(change, "at")), 7);
    assert_string_equal(json_string_value(json_object_get(json_object_get(change, "first"), "commit")),
                        "c08");
    assert_string_equal(json_string_value(json_object_get(change, "verdict")), "regressed");
    json_decref(document);
    mill_trends_destroy(trends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_lies_between_two_commits),
        cmocka_unit_test(a_change_is_judged_by_the_margin),
        cmocka_unit_test(machines_and_modes_are_series_of_their_own),
        cmocka_unit_test(what_did_not_pass_has_no_number),
        cmocka_unit_test(a_document_given_twice_counts_once),
        cmocka_unit_test(runs_that_began_together_elsewhere_all_count),
        cmocka_unit_test(it_is_encoded_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
