/* Judging what was recorded, and counting outcomes, when memory is out. */
#include "core/test_exhaustion.h"

#include <string.h>

#include "harness/recorded.h"

static struct mill_history *history;

/* A violation is told although there is no memory to show it; nothing is taken for one that is none. */
static int judge(void *context)
{
    enum mill_history_verdict truth = *(enum mill_history_verdict *)context;
    struct mill_recorded recorded;
    int status = mill_recorded_judge(&mill_model_counter, history, NULL, &recorded, NULL);
    assert_true(status < 0 || recorded.verdict == truth);
    assert_true(status == 0 || recorded.verdict == MILL_LINEARIZABLE);
    assert_true(status < 0 || (truth == MILL_NOT_LINEARIZABLE) == (recorded.sentence[0] != '\0'));
    mill_recorded_free(&recorded);
    return status;
}

static void while_a_history_is_judged(void **state)
{
    (void)state;
    enum mill_history_verdict truth = MILL_LINEARIZABLE;
    assert_int_equal(mill_history_create(1, 4, MILL_STAMPS_PLAIN, NULL, &history), 0);
    for (int told = 1; told <= 2; told++) {
        mill_history_call(history, 0, MILL_CALL_COUNTER_ADD_AND_FETCH, 0, 1, 0);
        mill_history_return(history, 0, told);
    }
    assert_true(mill_exhaust(judge, &truth) > 5);
    mill_history_call(history, 0, MILL_CALL_COUNTER_ADD_AND_FETCH, 0, 1, 0);
    mill_history_return(history, 0, 1);
    truth = MILL_NOT_LINEARIZABLE;
    assert_true(mill_exhaust(judge, &truth) > 20);
    mill_history_destroy(history);
}

static const struct mill_declared_outcome *outcomes(const struct mill_case *one, size_t *count)
{
    static const struct mill_declared_outcome declared[] = {{"bad", MILL_OUTCOME_FORBIDDEN, "why"}};
    (void)one;
    *count = 1;
    return declared;
}

static int count(const struct mill_case *one, struct mill_outcomes *table)
{
    (void)one;
    return mill_outcomes_count(table, "bad", 1);
}

static const struct mill_scenario litmus = {.outcomes = outcomes, .count = count};

static int count_outcomes(void *context)
{
    const struct mill_case one = {.scenario = &litmus, .threads = 1};
    struct mill_check check = {0};
    struct mill_outcomes *table;
    (void)context;
    int status = mill_case_outcomes(&one, &check, &table);
    assert_int_equal(status == 0, table != NULL);
    assert_int_equal(status == 0, check.findings == MILL_FORBIDDEN_OUTCOME);
    mill_outcomes_destroy(table);
    return status;
}

static void while_outcomes_are_counted(void **state)
{
    (void)state;
    assert_true(mill_exhaust(count_outcomes, NULL) > 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_a_history_is_judged),
        cmocka_unit_test(while_outcomes_are_counted),
    };
    return cmocka_run_group_tests_name("harness/recorded_exhaustion", tests, NULL, NULL);
}
