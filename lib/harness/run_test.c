/* The engine against children that go wrong: each loses its own sample, is reported for what it was, and the
 * run goes on. Started with the argument "sample", this program is such a child. */
#include "harness/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "harness/child.h"
#include "harness/result.h"
#include "harness/summary.h"
#include "harness/test_scenarios.h"

/* Long enough that on a loaded machine every thread comes to its first operation. */
static const uint64_t patient_window_ns = 300 * MILL_NS_PER_MS;

static const struct mill_run_settings brief = {
    .rounds = 1,
    .attempts = 1,
    .throughput = true,
    .warmup_ns = MILL_NS_PER_MS,
    .window_ns = 20 * MILL_NS_PER_MS,
    .slice_ns = 5 * MILL_NS_PER_MS,
    .grace_ns = 60 * MILL_NS_PER_S,
    .seed = 1,
};

/* Plans, runs and summarises; everything is released by forget(). */
struct outcome {
    struct mill_plan plan;
    json_t *result;
    struct mill_summary summary;
};

static void run_ways(struct outcome *outcome, const char *strategies, const char *threads,
                     const struct mill_run_settings *settings, const struct mill_run_observer *observer)
{
    struct mill_error error = {""};
    const struct mill_request request = {.strategies = strategies, .threads = threads};
    assert_int_equal(mill_plan_make(&outcome->plan, &request, &test_list, 2, &error), 0);
    outcome->result = mill_result_create(&outcome->plan, "test", settings->seed, json_object(), json_object(),
                                         mill_run_settings_encode(settings));
    assert_non_null(outcome->result);
    if (mill_run(&outcome->plan, settings, observer, outcome->result, &error) != 0) {
        fail_msg("%s", error.message);
    }
    if (mill_summary_make(&outcome->summary, outcome->result, &error) != 0) {
        fail_msg("%s", error.message);
    }
}

static void forget(struct outcome *outcome)
{
    mill_summary_destroy(&outcome->summary);
    json_decref(outcome->result);
    mill_plan_destroy(&outcome->plan);
}

static const struct mill_run_observer nobody;

static const json_t *sample_of(const struct outcome *outcome, size_t i)
{
    return json_array_get(json_object_get(outcome->result, "samples"), i);
}

static const char *member(const json_t *sample, const char *name)
{
    const char *text = json_string_value(json_object_get(sample, name));
    return text ? text : "";
}

static void each_way_is_reported_for_what_it_was(void **state)
{
    (void)state;
    static const struct {
        const char *strategy, *status, *in_reason;
        enum mill_verdict verdict;
    } expected[] = {
        {"fine", "ok", "", MILL_VERDICT_PASS},
        {"kill", "killed", "SIGKILL", MILL_VERDICT_FOUND},
        {"exit", "crashed", "exit code 7", MILL_VERDICT_FOUND},
        {"setup-fails", "failed", "setup failed: No such file", MILL_VERDICT_FOUND},
        {"operation-fails", "failed", "operation failed: Protocol error", MILL_VERDICT_FOUND},
        {"no-threads", "failed", "starting the threads failed: ", MILL_VERDICT_FOUND},
        {"wrong", "check-failed", "lost 3 of 7", MILL_VERDICT_FOUND},
        {"caught", "check-failed", "lost 3 of 7", MILL_VERDICT_CAUGHT},
        {"missed", "ok", "", MILL_VERDICT_NOT_CAUGHT},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct outcome outcome;
        struct mill_run_settings settings = brief;
        /* a thread that is not let in within a short window does nothing */
        if (strcmp(expected[i].strategy, "kill") != 0) {
            settings.window_ns = patient_window_ns;
        }
        run_ways(&outcome, expected[i].strategy, "1", &settings, &nobody);
        assert_string_equal(member(sample_of(&outcome, 0), "status"), expected[i].status);
        assert_non_null(strstr(member(sample_of(&outcome, 0), "reason"), expected[i].in_reason));
        assert_int_equal(outcome.summary.cells[0].verdict, expected[i].verdict);
        forget(&outcome);
    }
}

/* Sanitizers have their own way to end a process that crashes; what they say is then the reason. */
static void crashes_are_reported(void **state)
{
    (void)state;
    static const char *const crashing[] = {"crash", "abort"};
    for (size_t i = 0; i < 2; i++) {
        struct outcome outcome;
        run_ways(&outcome, crashing[i], "1", &brief, &nobody);
        const char *status = member(sample_of(&outcome, 0), "status");
        bool sanitized = MILL_UNDER_TSAN || MILL_UNDER_ASAN;
        assert_true(strcmp(status, "crashed") == 0 || (sanitized && strcmp(status, "sanitizer") == 0));
        assert_int_equal(outcome.summary.cells[0].verdict, MILL_VERDICT_FOUND);
        forget(&outcome);
    }
}

static void a_hung_child_leaves_its_stacks_behind(void **state)
{
    (void)state;
    struct outcome outcome;
    struct mill_run_settings impatient = brief;
    impatient.window_ns = patient_window_ns;
    impatient.grace_ns = MILL_UNDER_TSAN || MILL_UNDER_ASAN ? 5 * MILL_NS_PER_S : MILL_NS_PER_S;
    run_ways(&outcome, "hang", "2", &impatient, &nobody);
    assert_string_equal(member(sample_of(&outcome, 0), "status"), "hung");
    const char *stacks = member(sample_of(&outcome, 0), "stacks");
    /* Both threads wait in the same place; a third is the engine's. */
    const char *first = strstr(stacks, "wait_for_ever_here");
    if (!first || !strstr(first + 1, "wait_for_ever_here")) {
        fail_msg("the stacks do not show where both threads wait:\n%s", stacks);
    }
    assert_non_null(strstr(stacks, "test_scenarios.h:"));
    forget(&outcome);
}

/* The end of its pipes is not the end of a child. */
static void a_child_that_closes_its_pipes_is_still_watched(void **state)
{
    (void)state;
    struct outcome outcome;
    struct mill_run_settings impatient = brief;
    impatient.grace_ns = MILL_UNDER_TSAN || MILL_UNDER_ASAN ? 5 * MILL_NS_PER_S : MILL_NS_PER_S;
    run_ways(&outcome, "closes", "1", &impatient, &nobody);
    assert_string_equal(member(sample_of(&outcome, 0), "status"), "hung");
    assert_int_equal(outcome.summary.cells[0].verdict, MILL_VERDICT_FOUND);
    forget(&outcome);
}

static void one_bad_cell_does_not_end_the_run(void **state)
{
    (void)state;
    struct outcome outcome;
    struct mill_run_settings settings = brief;
    settings.rounds = 2;
    settings.latency_every = 1;
    run_ways(&outcome, "exit,fine,kill,missing,one-thread", "2", &settings, &nobody);
    assert_int_equal(outcome.summary.samples, 3 * 2 * 2);
    assert_int_equal(outcome.summary.bad, 2 * 2 * 2);
    assert_int_equal(outcome.summary.row_count, 1);
    assert_int_equal(outcome.summary.rows[0].samples, 2);
    assert_int_equal(outcome.summary.rows[0].latency_samples, 2);
    forget(&outcome);
}

static void what_a_child_prints_is_kept_and_harms_nothing(void **state)
{
    (void)state;
    struct outcome outcome;
    run_ways(&outcome, "chatty", "1", &brief, &nobody);
    assert_string_equal(member(sample_of(&outcome, 0), "status"), "ok");
    assert_non_null(strstr(member(sample_of(&outcome, 0), "stderr"), "said to standard output"));
    assert_non_null(strstr(member(sample_of(&outcome, 0), "stderr"), "said to standard error"));
    forget(&outcome);
}

/* The order of two runs with one seed is the same, and the rounds of one run differ in theirs. */
static void the_seed_decides_the_order(void **state)
{
    (void)state;
    struct outcome one, two;
    struct mill_run_settings settings = brief;
    settings.rounds = 4;
    settings.window_ns = 2 * MILL_NS_PER_MS;
    settings.slice_ns = MILL_NS_PER_MS;
    run_ways(&one, "fine,chatty,caught", "1,2", &settings, &nobody);
    run_ways(&two, "fine,chatty,caught", "1,2", &settings, &nobody);
    bool rounds_differ = false;
    for (size_t i = 0; i < one.summary.samples; i++) {
        json_int_t cell = json_integer_value(json_object_get(sample_of(&one, i), "cell"));
        assert_int_equal(cell, json_integer_value(json_object_get(sample_of(&two, i), "cell")));
        assert_int_equal(json_integer_value(json_object_get(sample_of(&one, i), "seed")),
                         json_integer_value(json_object_get(sample_of(&two, i), "seed")));
        if (i >= 6) {
            rounds_differ =
                rounds_differ || cell != json_integer_value(json_object_get(sample_of(&one, i - 6), "cell"));
        }
    }
    assert_true(rounds_differ);
    forget(&one);
    forget(&two);
}

static json_int_t number(const json_t *sample, const char *name)
{
    return json_integer_value(json_object_get(sample, name));
}

/* Two blocks of three cells each: their samples are next to each other, of one seed, and in the second round
 * in the reverse of the first one's order. */
static void what_is_compared_is_measured_side_by_side(void **state)
{
    (void)state;
    enum { cells = 6, block = 3, rounds = 6 };
    struct mill_plan plan;
    struct mill_error error;
    struct mill_run_settings settings = brief;
    const struct mill_request request = {.strategies = "fine", .threads = "1,2,3,4,5,6"};
    settings.rounds = rounds;
    settings.window_ns = 2 * MILL_NS_PER_MS;
    settings.slice_ns = MILL_NS_PER_MS;
    assert_int_equal(mill_plan_make(&plan, &request, &test_list, 2, &error), 0);
    assert_int_equal(plan.count, cells);
    for (size_t i = 0; i < cells; i++) {
        plan.cells[i].beside_previous = i % block != 0;
    }
    struct outcome outcome = {.result = mill_result_create(&plan, "test", 1, json_object(), json_object(),
                                                           mill_run_settings_encode(&settings))};
    assert_int_equal(mill_run(&plan, &settings, &nobody, outcome.result, &error), 0);
    json_int_t order[rounds][2][block];
    bool orders_differ = false, blocks_differ = false;
    for (size_t i = 0; i < (size_t)rounds * cells; i++) {
        const json_t *sample = sample_of(&outcome, i);
        const json_t *first = sample_of(&outcome, i - i % block);
        json_int_t cell = number(sample, "cell");
        assert_int_equal(number(sample, "round"), i / cells + 1);
        assert_int_equal(cell / block, number(first, "cell") / block);
        assert_int_equal(number(sample, "seed"), number(first, "seed"));
        order[i / cells][cell / block][i % block] = cell;
        blocks_differ = blocks_differ ||
                        (i % cells == 0 && cell / block != number(sample_of(&outcome, 0), "cell") / block);
    }
    for (size_t round = 0; round < rounds; round++) {
        for (size_t b = 0; b < 2; b++) {
            for (size_t i = 0; i < block; i++) {
                if (round % 2 == 1) {
                    assert_int_equal(order[round][b][i], order[round - 1][b][block - 1 - i]);
                } else {
                    orders_differ = orders_differ || order[round][b][i] != order[0][b][i];
                }
            }
        }
    }
    assert_true(orders_differ);
    assert_true(blocks_differ);
    json_decref(outcome.result);
    mill_plan_destroy(&plan);
}

/* One side's program is another, which is told by what becomes of its sample. */
static void each_cell_has_its_own_program(void **state)
{
    (void)state;
    struct mill_plan plan;
    struct mill_error error;
    static const struct mill_launch other = {.program = "/bin/false"};
    const struct mill_request request = {.strategies = "fine", .threads = "1,2"};
    assert_int_equal(mill_plan_make(&plan, &request, &test_list, 2, &error), 0);
    plan.cells[1].launch = &other;
    struct outcome outcome = {.result = mill_result_create(&plan, "test", 1, json_object(), json_object(),
                                                           mill_run_settings_encode(&brief))};
    assert_int_equal(mill_run(&plan, &brief, &nobody, outcome.result, &error), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(member(sample_of(&outcome, i), "status"),
                            number(sample_of(&outcome, i), "cell") == 1 ? "crashed" : "ok");
    }
    json_decref(outcome.result);
    mill_plan_destroy(&plan);
}

/* Says stop once a number of samples has been seen. */
struct stopper {
    size_t seen, enough;
};

static void count_samples(void *context, const struct mill_run_event *event)
{
    ((struct stopper *)context)->seen += event->sample != NULL;
}

static bool seen_enough(void *context)
{
    return ((struct stopper *)context)->seen >= ((struct stopper *)context)->enough;
}

static void an_interrupted_run_keeps_what_it_has(void **state)
{
    (void)state;
    struct outcome outcome;
    struct stopper stopper = {.enough = 3};
    struct mill_run_settings settings = brief;
    const struct mill_run_observer observer = {count_samples, seen_enough, &stopper};
    settings.rounds = 100;
    run_ways(&outcome, "fine", "1", &settings, &observer);
    assert_int_equal(outcome.summary.samples, 3);
    assert_true(json_is_true(json_object_get(outcome.result, "interrupted")));
    forget(&outcome);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_is_reported_for_what_it_was),
        cmocka_unit_test(crashes_are_reported),
        cmocka_unit_test(a_hung_child_leaves_its_stacks_behind),
        cmocka_unit_test(a_child_that_closes_its_pipes_is_still_watched),
        cmocka_unit_test(one_bad_cell_does_not_end_the_run),
        cmocka_unit_test(what_a_child_prints_is_kept_and_harms_nothing),
        cmocka_unit_test(the_seed_decides_the_order),
        cmocka_unit_test(what_is_compared_is_measured_side_by_side),
        cmocka_unit_test(each_cell_has_its_own_program),
        cmocka_unit_test(an_interrupted_run_keeps_what_it_has),
    };
    if (argc == 2 && strcmp(argv[1], "sample") == 0) {
        return mill_child_main(&test_list);
    }
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
