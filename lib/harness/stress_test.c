/* Stress runs: what becomes of samples of each kind, in documents made by hand; perturbed crews; children
 * that go wrong under a launch. Started with the argument "sample", this program is such a child. */
#include "harness/stress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "harness/child.h"
#include "harness/perturb.h"
#include "harness/result.h"
#include "harness/test_reports.h"
#include "harness/test_scenarios.h"

/* ---- documents made by hand ---- */

static json_t *cell_of(const char *strategy, const char *expected, bool must_show)
{
    json_t *cell = json_pack("{s:s, s:s, s:i, s:{}, s:n, s:b, s:n, s:b}", "scenario", "hand", "strategy",
                             strategy, "threads", 2, "parameters", "expected", "must_show", must_show,
                             "unsupported", "unavailable", 0);
    if (expected) {
        json_object_set_new(cell, "expected", json_pack("{s:s, s:s}", "findings", expected, "why", "so"));
    }
    return cell;
}

static json_t *sample_of(int cell, const char *status, const char *text)
{
    return json_pack("{s:i, s:i, s:s, s:s, s:[], s:I, s:s}", "cell", cell, "seed", 5, "status", status,
                     "reason", "as it was", "findings", "completed", (json_int_t)100, "stderr", text);
}

/* A result with one sample of one cell. */
static json_t *result_of(json_t *cell, json_t *sample)
{
    json_t *result = json_pack("{s:{s:i}, s:b, s:[o], s:[]}", "settings", "rounds_done", 1, "interrupted", 0,
                               "cells", cell, "samples");
    if (sample) {
        json_array_append_new(json_object_get(result, "samples"), sample);
    }
    return result;
}

static void open_stress(struct mill_stress *stress)
{
    assert_int_equal(mill_stress_open(stress, "test", 1, json_object(), json_object(), json_object()), 0);
}

static const json_t *entry(const struct mill_stress *stress, const char *list, size_t index)
{
    const json_t *found = json_array_get(json_object_get(stress->document, list), index);
    assert_non_null(found);
    return found;
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void each_sample_is_judged(void **state)
{
    (void)state;
    static const struct {
        const char *status, *text, *expected; /* NULL status: never run */
        bool must_show;
        const char *verdict;
        size_t findings;
    } rows[] = {
        {"ok", "", NULL, false, "pass", 0},
        {"ok", "", "race", true, "NOT CAUGHT", 0},
        {"ok", "", "race", false, "pass", 0}, /* too few processors for it to show */
        {"sanitizer", text_race_tsan, NULL, false, "FOUND", 1},
        {"sanitizer", text_race_tsan, "lost-update, race", true, "caught", 1},
        {"sanitizer", text_race_tsan, "lost-update", true, "FOUND", 1}, /* a control of something else */
        {"sanitizer", text_order_tsan, "deadlock", true, "caught", 1},
        {"sanitizer", text_leak_asan, "race, corruption", true, "FOUND", 1}, /* no control is to leak */
        {"sanitizer", "what a tool never says", NULL, false, "FOUND", 1},
        {"ok", text_over_asan, NULL, false, "FOUND", 1}, /* a report, whatever the exit code */
        {"crashed", "", "race", true, "FOUND", 1},
        {"failed", "", NULL, false, "FOUND", 1},
        {"hung", "", NULL, false, "FOUND", 1},
        {"hung", "", "deadlock", true, "caught", 1},
        {"rejected", "", NULL, false, "not run", 0},
        {"rejected", "", "race", true, "NOT CAUGHT", 0},
        {NULL, "", NULL, false, "not run", 0},
        {NULL, "", "race", true, "NOT CAUGHT", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mill_stress stress;
        json_t *sample = rows[i].status ? sample_of(0, rows[i].status, rows[i].text) : NULL;
        json_t *result = result_of(cell_of("one", rows[i].expected, rows[i].must_show), sample);
        open_stress(&stress);
        assert_int_equal(mill_stress_add(&stress, MILL_TSAN, result, NULL), 0);
        if (strcmp(member(entry(&stress, "cells", 0), "verdict"), rows[i].verdict) != 0 ||
            json_array_size(json_object_get(stress.document, "findings")) != rows[i].findings) {
            fail_msg("row %zu is '%s' with %zu findings", i, member(entry(&stress, "cells", 0), "verdict"),
                     json_array_size(json_object_get(stress.document, "findings")));
        }
        mill_stress_close(&stress);
        json_decref(result);
    }
}

static void what_verify_found_counts_beside_the_tool(void **state)
{
    (void)state;
    struct mill_stress stress;
    json_t *sample = sample_of(0, "sanitizer", text_race_tsan);
    json_array_append_new(json_object_get(sample, "findings"), json_string("lost-update"));
    json_array_append_new(json_object_get(sample, "findings"), json_string("race")); /* the report's */
    json_t *result = result_of(cell_of("one", "race", true), sample);
    open_stress(&stress);
    assert_int_equal(mill_stress_add(&stress, MILL_TSAN, result, NULL), 0);
    assert_int_equal(json_array_size(json_object_get(stress.document, "findings")), 2);
    assert_true(json_is_true(json_object_get(entry(&stress, "findings", 0), "expected")));
    assert_string_equal(member(entry(&stress, "findings", 1), "kind"), "lost-update");
    assert_false(json_is_true(json_object_get(entry(&stress, "findings", 1), "expected")));
    assert_string_equal(member(entry(&stress, "cells", 0), "verdict"), "FOUND");
    mill_stress_close(&stress);
    json_decref(result);
}

/* Histories and outcomes go into the cell, and a wrong answer's timeline stands where a stack would. */
static void what_a_sample_tells_is_kept(void **state)
{
    (void)state;
    struct mill_stress stress;
    json_t *sample = sample_of(0, "check-failed", "");
    json_array_append_new(json_object_get(sample, "findings"), json_string("wrong-answer"));
    json_object_set_new(
        sample, "history",
        json_pack("{s:s, s:i, s:s}", "verdict", "not linearizable", "calls", 9, "timeline", "how it went"));
    json_object_set_new(sample, "outcomes",
                        json_pack("[{s:s, s:s, s:s, s:i}]", "outcome", "1, 0", "grade", "acceptable",
                                  "sentence", "so", "count", 8));
    json_t *result = result_of(cell_of("one", NULL, false), sample);
    json_array_append(json_object_get(result, "samples"), sample);
    open_stress(&stress);
    assert_int_equal(mill_stress_add(&stress, MILL_TSAN, result, NULL), 0);
    const json_t *cell = entry(&stress, "cells", 0), *finding = entry(&stress, "findings", 0);
    assert_int_equal(number(json_object_get(cell, "histories"), "not_linearizable"), 2);
    assert_int_equal(number(json_object_get(cell, "histories"), "calls"), 18);
    assert_int_equal(number(json_array_get(json_object_get(cell, "outcomes"), 0), "count"), 16);
    assert_string_equal(member(cell, "verdict"), "FOUND");
    assert_string_equal(member(finding, "kind"), "wrong-answer");
    assert_string_equal(member(finding, "evidence"), "how it went");
    assert_int_equal(number(finding, "count"), 2);
    mill_stress_close(&stress);
    json_decref(result);
}

static void one_stack_is_one_finding_wherever_it_was_seen(void **state)
{
    (void)state;
    struct mill_stress stress;
    json_t *result = result_of(cell_of("one", NULL, false), sample_of(0, "sanitizer", text_race_tsan));
    json_array_append_new(json_object_get(result, "cells"), cell_of("two", NULL, false));
    json_array_append_new(json_object_get(result, "cells"), cell_of("control", "race", true));
    for (int cell = 0; cell < 3; cell++) {
        json_array_append_new(json_object_get(result, "samples"),
                              sample_of(cell, "sanitizer", text_race_tsan));
    }
    open_stress(&stress);
    assert_int_equal(mill_stress_add(&stress, MILL_TSAN, result, NULL), 0);
    /* that of a control is another: it is expected */
    assert_int_equal(json_array_size(json_object_get(stress.document, "findings")), 2);
    const json_t *finding = entry(&stress, "findings", 0);
    assert_int_equal(number(finding, "count"), 3);
    assert_int_equal(json_array_size(json_object_get(finding, "where")), 2);
    const json_t *place = json_array_get(json_object_get(finding, "where"), 0);
    assert_string_equal(member(place, "strategy"), "one");
    assert_int_equal(number(place, "count"), 2);
    assert_int_equal(number(place, "seed"), 5);
    /* and under another tool it is another */
    assert_int_equal(mill_stress_add(&stress, MILL_ASAN, result, NULL), 0);
    assert_int_equal(json_array_size(json_object_get(stress.document, "findings")), 4);
    mill_stress_close(&stress);
    json_decref(result);
}

static void a_tool_that_failed_found_nothing(void **state)
{
    (void)state;
    struct mill_stress stress;
    struct mill_stress_count count;
    static const char words[] = "==9==FATAL: ThreadSanitizer: unexpected memory mapping\n";
    json_t *result = result_of(cell_of("one", NULL, false), sample_of(0, "sanitizer", words));
    open_stress(&stress);
    assert_int_equal(mill_stress_add(&stress, MILL_TSAN, result, words), 0);
    assert_int_equal(mill_stress_unavailable(&stress, MILL_DRD, "it is not here"), 0);
    mill_stress_counted(stress.document, &count);
    assert_int_equal(count.failed, 1);
    assert_int_equal(count.unavailable, 1);
    assert_int_equal(count.unexpected, 0);
    assert_int_equal(count.cells[MILL_VERDICT_NOT_RUN], 1);
    assert_string_equal(member(entry(&stress, "cells", 0), "reason"), "the tool failed before its turn");
    mill_stress_close(&stress);
    json_decref(result);
}

/* ---- runs ---- */

static const struct mill_run_settings brief = {
    .rounds = 1,
    .attempts = 3,
    .throughput = true,
    .warmup_ns = MILL_NS_PER_MS,
    .window_ns = 20 * MILL_NS_PER_MS,
    .slice_ns = 20 * MILL_NS_PER_MS,
    .grace_ns = 60 * MILL_NS_PER_S,
    .seed = 1,
};

static void run_ways(struct mill_stress *stress, const char *strategies,
                     const struct mill_run_settings *settings)
{
    struct mill_error error = {""};
    struct mill_plan plan;
    const struct mill_run_observer nobody = {0};
    const struct mill_launch launch = {.tool = MILL_ASAN, .steady = true}; /* this program again */
    const struct mill_request request = {.strategies = strategies, .threads = "1", .tool = MILL_ASAN};
    assert_int_equal(mill_plan_make(&plan, &request, &test_list, 2, &error), 0);
    open_stress(stress);
    if (mill_stress_tool(stress, &launch, &plan, settings, &nobody, &error) != 0) {
        fail_msg("%s", error.message);
    }
    mill_plan_destroy(&plan);
}

static void a_run_judges_its_cells(void **state)
{
    (void)state;
    struct mill_stress stress;
    run_ways(&stress, "fine,caught,wrong,exit", &brief);
    assert_string_equal(member(entry(&stress, "cells", 0), "verdict"), "pass");
    assert_string_equal(member(entry(&stress, "cells", 1), "verdict"), "FOUND"); /* exit */
    assert_string_equal(member(entry(&stress, "cells", 2), "verdict"), "FOUND"); /* wrong */
    assert_string_equal(member(entry(&stress, "cells", 3), "verdict"), "caught");
    assert_false(json_is_true(json_object_get(stress.document, "interrupted")));
    mill_stress_close(&stress);
}

static void a_control_that_was_not_found_is_run_longer(void **state)
{
    (void)state;
    struct mill_stress stress;
    struct mill_run_settings settings = brief;
    settings.window_ns = settings.slice_ns = MILL_NS_PER_MS;
    run_ways(&stress, "missed,fine", &settings);
    assert_string_equal(member(entry(&stress, "cells", 1), "verdict"), "NOT CAUGHT");
    assert_int_equal(number(entry(&stress, "cells", 1), "samples"), 4);
    assert_string_equal(member(entry(&stress, "cells", 0), "verdict"), "pass");
    mill_stress_close(&stress);
}

static void without_time_nothing_is_run_and_controls_are_not_found(void **state)
{
    (void)state;
    struct mill_stress stress;
    struct mill_run_settings settings = brief;
    settings.budget_ns = 1;
    run_ways(&stress, "fine,caught", &settings);
    assert_string_equal(member(entry(&stress, "cells", 0), "verdict"), "not run");
    assert_string_equal(member(entry(&stress, "cells", 1), "verdict"), "NOT CAUGHT");
    assert_string_equal(member(entry(&stress, "cells", 1), "reason"), "the time was over before its turn");
    mill_stress_close(&stress);
}

/* ---- perturbation ---- */

static void a_seed_decides_the_perturbation(void **state)
{
    (void)state;
    struct mill_random one, same, other;
    unsigned differ = 0, yields = 0, longs = 0;
    unsigned threads[3] = {0};
    mill_random_seed(&one, 7, 0);
    mill_random_seed(&same, 7, 0);
    mill_random_seed(&other, 8, 0);
    for (unsigned i = 0; i < 1000; i++) {
        struct mill_perturbation a = mill_perturbation_next(&one, 3), b = mill_perturbation_next(&same, 3),
                                 c = mill_perturbation_next(&other, 3);
        assert_true(a.pause_ns == b.pause_ns && a.thread == b.thread && a.sleep_ns == b.sleep_ns);
        assert_true(a.thread < 3);
        assert_true(a.sleep_ns <= 4 * MILL_NS_PER_MS); /* fits into a signal's integer */
        differ += a.pause_ns != c.pause_ns;
        yields += a.sleep_ns == 0;
        longs += a.sleep_ns >= MILL_NS_PER_MS;
        threads[a.thread]++;
    }
    assert_true(differ > 900);
    assert_true(yields > 300 && yields < 700);
    assert_true(longs > 20);
    assert_true(threads[0] > 100 && threads[1] > 100 && threads[2] > 100);
}

/* Naps that a signal broke off; nothing else sends one. */
static atomic_uint broken_naps;

static int nap(struct mill_worker *worker)
{
    const struct timespec long_enough = {.tv_nsec = (long)(5 * MILL_NS_PER_MS)};
    (void)worker;
    if (nanosleep(&long_enough, NULL) < 0 && errno == EINTR) {
        atomic_fetch_add(&broken_naps, 1);
    }
    return MILL_DONE;
}

static void threads_are_interrupted_wherever_they_are(void **state)
{
    (void)state;
    static const struct mill_role roles[] = {{.name = "napper", .summary = "naps", .operation = nap}};
    const struct mill_scenario scenario = {.name = "nap", .roles = roles, .role_count = 1};
    struct mill_clock clock;
    mill_clock_open(&clock);
    const struct mill_case one = {.scenario = &scenario, .clock = &clock, .threads = 2};
    const struct mill_sample_spec spec = {.scenario = &scenario, .threads = 2, .every = 1, .window_ns = 1};
    const int place[] = {-1, -1};
    struct mill_crew crew;
    struct mill_perturber *perturber;
    assert_int_equal(mill_crew_start(&crew, &spec, &one, place), 0);
    assert_int_equal(mill_perturber_start(&perturber, &crew, 1), 0);
    uint64_t until_ns = mill_now_ns() + 60 * MILL_NS_PER_S;
    while (atomic_load(&broken_naps) < 5 && mill_now_ns() < until_ns) {
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS);
    }
    mill_perturber_stop(perturber);
    assert_int_equal(mill_crew_finish(&crew), 0);
    assert_true(atomic_load(&broken_naps) >= 5);
    mill_crew_destroy(&crew);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sample_is_judged),
        cmocka_unit_test(what_verify_found_counts_beside_the_tool),
        cmocka_unit_test(what_a_sample_tells_is_kept),
        cmocka_unit_test(one_stack_is_one_finding_wherever_it_was_seen),
        cmocka_unit_test(a_tool_that_failed_found_nothing),
        cmocka_unit_test(a_run_judges_its_cells),
        cmocka_unit_test(a_control_that_was_not_found_is_run_longer),
        cmocka_unit_test(without_time_nothing_is_run_and_controls_are_not_found),
        cmocka_unit_test(a_seed_decides_the_perturbation),
        cmocka_unit_test(threads_are_interrupted_wherever_they_are),
    };
    if (argc > 1 && strcmp(argv[1], "sample") == 0) {
        return mill_child_main(&test_list);
    }
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
