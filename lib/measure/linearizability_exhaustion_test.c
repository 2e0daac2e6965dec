/* Recording, checking, explaining and counting when memory is out: an error, nothing leaked, nothing wrong.
 */
#include "core/test_exhaustion.h"

#include <string.h>

#include "measure/counterexample.h"
#include "measure/outcomes.h"

#define CALL(who, what, first, answer, from, until)                                              \
    {                                                                                            \
        .thread = (who), .operation = MILL_CALL_##what, .argument = (first), .result = (answer), \
        .invoked = (from), .returned = (until)                                                   \
    }

static const struct mill_call wrong[] = {
    CALL(0, QUEUE_PUT, 1, 0, 1, 2), CALL(0, QUEUE_PUT, 2, 0, 3, 4),  CALL(1, QUEUE_GET, 0, 2, 5, 8),
    CALL(2, QUEUE_PUT, 3, 0, 6, 7), CALL(2, QUEUE_GET, 0, 1, 9, 10), CALL(1, QUEUE_GET, 0, 3, 11, 12),
};
enum { wrong_count = sizeof wrong / sizeof wrong[0] };

static int record(void *context)
{
    struct mill_history *history;
    struct mill_calls calls;
    (void)context;
    int status = mill_history_create(3, 10, MILL_STAMPS_PLAIN, NULL, &history);
    if (status < 0) {
        return status;
    }
    assert_int_equal(mill_history_call(history, 2, 0, 0, 0, 0), 0);
    status = mill_history_collect(history, &calls);
    assert_true(status < 0 || calls.count == 1);
    mill_calls_free(&calls);
    mill_history_destroy(history);
    return status;
}

static int check(void *context)
{
    struct mill_linearizability result;
    (void)context;
    int status = mill_linearizability_check(&mill_model_queue, wrong, wrong_count, NULL, &result, NULL);
    assert_true(status < 0 || result.verdict == MILL_NOT_LINEARIZABLE);
    return status;
}

/* So many configurations that their table grows, and more than one block of them is needed. */
static int check_much(void *context)
{
    struct mill_call calls[14];
    struct mill_linearizability result;
    (void)context;
    for (unsigned i = 0; i < 14; i++) {
        calls[i] = (struct mill_call)CALL(i, COUNTER_ADD, 1 << i, 0, 1, 100);
    }
    calls[13] = (struct mill_call)CALL(13, COUNTER_READ, 0, -1, 1, 100);
    int status = mill_linearizability_check(&mill_model_counter, calls, 14, NULL, &result, NULL);
    assert_true(status < 0 || (result.verdict == MILL_NOT_LINEARIZABLE && result.configurations == 1 << 13));
    return status;
}

static int keep_nothing(void *context, const char *line, size_t size)
{
    (void)context;
    assert_int_equal(line[size - 1], '\n');
    return 0;
}

static int explain(void *context)
{
    struct mill_counterexample example;
    (void)context;
    int status = mill_counterexample_make(&mill_model_queue, wrong, wrong_count, 0, NULL, &example, NULL);
    if (status == 0) {
        status = mill_counterexample_print(&mill_model_queue, &example, keep_nothing, NULL);
        mill_counterexample_free(&example);
    }
    return status;
}

/* Long enough that its beginning is left away. */
static int explain_much(void *context)
{
    struct mill_call calls[20];
    struct mill_counterexample example;
    (void)context;
    for (unsigned i = 0; i < 20; i++) {
        calls[i] = (struct mill_call)CALL(0, COUNTER_ADD_AND_FETCH, 1, i + 1, 2 * i + 1, 2 * i + 2);
    }
    calls[19].result = 7;
    int status = mill_counterexample_make(&mill_model_counter, calls, 20, 0, NULL, &example, NULL);
    if (status == 0) {
        assert_true(example.begun);
        mill_counterexample_free(&example);
    }
    return status;
}

static int count(void *context)
{
    static const struct mill_declared_outcome declared[] = {{"a", MILL_OUTCOME_ACCEPTABLE, "why"}};
    struct mill_outcomes *into, *from = NULL;
    (void)context;
    int status = mill_outcomes_create(declared, 1, &into);
    if (status < 0) {
        return status;
    }
    status = mill_outcomes_create(NULL, 0, &from);
    for (char name[] = "b"; status == 0 && name[0] < 'z'; name[0]++) {
        status = mill_outcomes_count(from, name, 1);
        assert_true(mill_outcomes_total(from, MILL_OUTCOME_GRADES) == (uint64_t)(name[0] - 'a'));
    }
    if (status == 0) {
        status = mill_outcomes_add(into, from);
        assert_int_equal(mill_outcomes_total(into, MILL_OUTCOME_UNKNOWN), status < 0 ? 0 : 24);
        assert_int_equal(mill_outcomes_rows(into), status < 0 ? 1 : 25);
    }
    mill_outcomes_destroy(from);
    mill_outcomes_destroy(into);
    return status;
}

static void memory_runs_out(int (*attempt)(void *context), int at_least)
{
    assert_true(mill_exhaust(attempt, NULL) >= at_least);
}

static void while_a_history_is_recorded(void **state)
{
    (void)state;
    memory_runs_out(record, 6);
}

static void while_a_history_is_checked(void **state)
{
    (void)state;
    memory_runs_out(check, 10);
    memory_runs_out(check_much, 15);
}

static void while_a_counterexample_is_made_and_printed(void **state)
{
    (void)state;
    memory_runs_out(explain, 50);
    memory_runs_out(explain_much, 50);
}

static void while_outcomes_are_counted(void **state)
{
    (void)state;
    memory_runs_out(count, 50);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_a_history_is_recorded),
        cmocka_unit_test(while_a_history_is_checked),
        cmocka_unit_test(while_a_counterexample_is_made_and_printed),
        cmocka_unit_test(while_outcomes_are_counted),
    };
    return cmocka_run_group_tests_name("linearizability_exhaustion", tests, NULL, NULL);
}
