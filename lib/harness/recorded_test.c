/* Calls that a scenario records, and what is made of them; outcomes that it counts. */
#include "harness/recorded.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "harness/worker.h"

static int64_t beginning;

static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    if (one->threads == 1) {
        return NULL;
    }
    *copy = mill_model_counter;
    copy->parameter = beginning;
    return copy;
}

static const struct mill_role roles[] = {{.name = "one"}};
static const struct mill_scenario with_model = {.roles = roles, .role_count = 1, .model = model};
static const struct mill_scenario without = {.roles = roles, .role_count = 1};

struct bench {
    struct mill_case one;
    struct mill_worker workers[2];
    atomic_uint phase;
    struct mill_recorded recorded;
};

static void prepare(struct bench *bench, const struct mill_scenario *scenario, size_t capacity)
{
    beginning = 0;
    *bench = (struct bench){.one = {.scenario = scenario, .threads = 2}};
    if (capacity > 0) {
        assert_int_equal(mill_history_create(2, capacity, MILL_STAMPS_PLAIN, NULL, &bench->one.history), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        mill_worker_init(&bench->workers[i], &bench->one, i, &bench->phase);
    }
}

static void forget(struct bench *bench)
{
    mill_recorded_free(&bench->recorded);
    mill_history_destroy(bench->one.history);
}

static int judge(struct bench *bench)
{
    mill_recorded_free(&bench->recorded);
    struct mill_model copy;
    return mill_recorded_judge(mill_case_model(&bench->one, &copy), bench->one.history, NULL,
                               &bench->recorded, NULL);
}

static void add(struct bench *bench, unsigned thread, int64_t told)
{
    mill_worker_called(&bench->workers[thread], MILL_CALL_COUNTER_ADD_AND_FETCH, 0, 1, 0);
    mill_worker_returned(&bench->workers[thread], told);
}

static void what_is_not_recorded_is_not_judged(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, &with_model, 0);
    assert_false(mill_worker_records(&bench.workers[0]));
    add(&bench, 0, 7);
    assert_int_equal(mill_case_called(&bench.one, 0, 0, 0, 0), MILL_CALL_MISSED);
    mill_case_returned(&bench.one, MILL_CALL_MISSED, 0);
    assert_int_equal(judge(&bench), 0);
    assert_false(bench.recorded.checked);
    forget(&bench);

    prepare(&bench, &without, 4);
    assert_true(mill_worker_records(&bench.workers[0]));
    add(&bench, 0, 7);
    assert_int_equal(judge(&bench), 0);
    assert_false(bench.recorded.checked);
    forget(&bench);

    prepare(&bench, &with_model, 4);
    bench.one.threads = 1; /* a case without a model */
    add(&bench, 0, 7);
    assert_int_equal(judge(&bench), 0);
    assert_false(bench.recorded.checked);
    assert_int_equal(bench.recorded.verdict, MILL_LINEARIZABLE);
    forget(&bench);
}

static void answers_are_held_against_the_model(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, &with_model, 4);
    add(&bench, 0, 1);
    add(&bench, 1, 2);
    assert_int_equal(judge(&bench), 0);
    assert_true(bench.recorded.checked);
    assert_int_equal(bench.recorded.verdict, MILL_LINEARIZABLE);
    assert_int_equal(bench.recorded.calls, 2);
    assert_null(bench.recorded.timeline.text);
    assert_string_equal(bench.recorded.sentence, "");
    add(&bench, 0, 2);
    assert_int_equal(judge(&bench), 0);
    assert_int_equal(bench.recorded.verdict, MILL_NOT_LINEARIZABLE);
    assert_string_equal(bench.recorded.sentence, "counter 0 is not linearizable: 3 of 3 calls show it");
    assert_memory_equal(bench.recorded.timeline.text, bench.recorded.sentence,
                        strlen(bench.recorded.sentence));
    assert_non_null(strstr(bench.recorded.timeline.text, "add_and_fetch(1) → 2"));
    forget(&bench);
}

static void the_model_is_asked_for_when_it_is_judged(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, &with_model, 4);
    beginning = 40;
    add(&bench, 0, 41);
    assert_int_equal(judge(&bench), 0);
    assert_int_equal(bench.recorded.verdict, MILL_LINEARIZABLE);
    forget(&bench);
}

static void other_threads_call_beside(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, &with_model, 4);
    size_t call = mill_case_called(&bench.one, MILL_CALL_COUNTER_ADD_AND_FETCH, 0, 5, 0);
    add(&bench, 0, 6);
    mill_case_returned(&bench.one, call, 5);
    add(&bench, 1, 7);
    assert_int_equal(judge(&bench), 0);
    assert_int_equal(bench.recorded.verdict, MILL_LINEARIZABLE);
    assert_int_equal(bench.recorded.calls, 3);
    forget(&bench);
}

static void an_answer_may_tell_the_object(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, &with_model, 4);
    add(&bench, 0, 1);
    mill_worker_called(&bench.workers[0], MILL_CALL_COUNTER_ADD_AND_FETCH, 0, 1, 0);
    mill_worker_returned_of(&bench.workers[0], 9, 1); /* another counter's first */
    assert_int_equal(judge(&bench), 0);
    assert_int_equal(bench.recorded.verdict, MILL_LINEARIZABLE);
    forget(&bench);
}

static void what_found_no_room_is_counted(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, &with_model, 1);
    add(&bench, 0, 1);
    add(&bench, 0, 1); /* wrong, but not seen */
    assert_int_equal(judge(&bench), 0);
    assert_int_equal(bench.recorded.verdict, MILL_LINEARIZABLE);
    assert_int_equal(bench.recorded.calls, 1);
    assert_int_equal(bench.recorded.missed, 1);
    forget(&bench);
}

static void a_limit_leaves_it_undecided(void **state)
{
    (void)state;
    struct bench bench;
    const struct mill_linearizability_limits limits = {.configurations = 1, .bytes = 1 << 20};
    prepare(&bench, &with_model, 4);
    add(&bench, 0, 1);
    add(&bench, 1, 2);
    assert_int_equal(
        mill_recorded_judge(&mill_model_counter, bench.one.history, &limits, &bench.recorded, NULL), 0);
    assert_int_equal(bench.recorded.verdict, MILL_UNDECIDED);
    forget(&bench);
}

static void what_is_no_history_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    struct mill_error error = {""};
    prepare(&bench, &with_model, 4);
    mill_worker_called(&bench.workers[0], 99, 0, 0, 0);
    assert_int_equal(
        mill_recorded_judge(&mill_model_counter, bench.one.history, NULL, &bench.recorded, &error), -EINVAL);
    assert_true(strlen(error.message) > 0);
    forget(&bench);
}

/* ---- outcomes ---- */

static const struct mill_declared_outcome declared[] = {
    {"fine", MILL_OUTCOME_ACCEPTABLE, "as it should"},
    {"rare", MILL_OUTCOME_INTERESTING, "as it may"},
    {"bad", MILL_OUTCOME_FORBIDDEN, "as it must not"},
};
static const char *came_out;
static int counted;

static const struct mill_declared_outcome *declare(const struct mill_case *one, size_t *count)
{
    (void)one;
    *count = 3;
    return declared;
}

static int count(const struct mill_case *one, struct mill_outcomes *outcomes)
{
    (void)one;
    return counted < 0 ? counted : mill_outcomes_count(outcomes, came_out, 4);
}

static const struct mill_scenario litmus = {
    .roles = roles, .role_count = 1, .outcomes = declare, .count = count};

static void outcomes_are_graded(void **state)
{
    (void)state;
    static const struct {
        const char *outcome;
        unsigned findings;
        const char *message;
    } rows[] = {
        {"fine", 0, ""},
        {"rare", 0, ""},
        {"bad", MILL_FORBIDDEN_OUTCOME, "'bad' came out 4 times: as it must not"},
        {"new", MILL_FORBIDDEN_OUTCOME, "'new' came out 4 times: "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct mill_case one = {.scenario = &litmus, .threads = 2};
        struct mill_check check = {0};
        struct mill_outcomes *outcomes = NULL;
        came_out = rows[i].outcome;
        assert_int_equal(mill_case_outcomes(&one, &check, &outcomes), 0);
        assert_int_equal(check.findings, rows[i].findings);
        assert_memory_equal(check.message, rows[i].message, strlen(rows[i].message));
        assert_int_equal(mill_outcomes_total(outcomes, MILL_OUTCOME_GRADES), 4);
        mill_outcomes_destroy(outcomes);
    }
}

static void a_count_that_fails_is_an_error(void **state)
{
    (void)state;
    const struct mill_case one = {.scenario = &litmus, .threads = 2};
    const struct mill_case other = {.scenario = &without, .threads = 2};
    struct mill_check check = {0};
    struct mill_outcomes *outcomes;
    counted = -EOVERFLOW;
    assert_int_equal(mill_case_outcomes(&one, &check, &outcomes), -EOVERFLOW);
    assert_null(outcomes);
    counted = 0;
    assert_int_equal(mill_case_outcomes(&other, &check, &outcomes), 0);
    assert_null(outcomes);
    assert_int_equal(check.findings, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_recorded_is_not_judged),
        cmocka_unit_test(answers_are_held_against_the_model),
        cmocka_unit_test(the_model_is_asked_for_when_it_is_judged),
        cmocka_unit_test(other_threads_call_beside),
        cmocka_unit_test(an_answer_may_tell_the_object),
        cmocka_unit_test(what_found_no_room_is_counted),
        cmocka_unit_test(a_limit_leaves_it_undecided),
        cmocka_unit_test(what_is_no_history_is_refused),
        cmocka_unit_test(outcomes_are_graded),
        cmocka_unit_test(a_count_that_fails_is_an_error),
    };
    return cmocka_run_group_tests_name("harness/recorded", tests, NULL, NULL);
}
