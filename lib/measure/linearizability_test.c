/* The check around the search: what is no history, parts, limits, moments that touch. */
#include "measure/linearizability.h"
#include "measure/test_histories.h"

#define SEED UINT64_C(1993)

#define CALL(who, what, first, answer, from, until)                                              \
    {                                                                                            \
        .thread = (who), .operation = MILL_CALL_##what, .argument = (first), .result = (answer), \
        .invoked = (from), .returned = (until)                                                   \
    }

static enum mill_history_verdict verdict_of(const struct mill_model *model, const struct mill_call *calls,
                                            size_t count)
{
    struct mill_linearizability result;
    struct mill_error error;
    if (mill_linearizability_check(model, calls, count, NULL, &result, &error) < 0) {
        fail_msg("%s", error.message);
    }
    return result.verdict;
}

static void assert_refused(const struct mill_call *calls, size_t count, const char *words)
{
    struct mill_linearizability result;
    struct mill_error error;
    assert_int_equal(mill_linearizability_check(&mill_model_counter, calls, count, NULL, &result, &error),
                     -EINVAL);
    if (!strstr(error.message, words)) {
        fail_msg("'%s' does not say '%s'", error.message, words);
    }
    assert_int_equal(mill_linearizability_check(&mill_model_counter, calls, count, NULL, &result, NULL),
                     -EINVAL);
}

static void what_is_no_history_is_refused(void **state)
{
    static const struct mill_call backwards[] = {CALL(0, COUNTER_READ, 0, 0, 2, 1)};
    static const struct mill_call never[] = {CALL(0, COUNTER_READ, 0, 0, MILL_PENDING, MILL_PENDING)};
    static const struct mill_call strange[] = {{.operation = 99, .invoked = 1, .returned = 2}};
    static const struct mill_call twice[] = {CALL(0, COUNTER_READ, 0, 0, 1, 2),
                                             CALL(0, COUNTER_READ, 0, 0, 1, 2)};
    static const struct mill_call pending_twice[] = {CALL(0, COUNTER_READ, 0, 0, 1, MILL_PENDING),
                                                     CALL(0, COUNTER_READ, 0, 0, 1, MILL_PENDING)};
    static const struct mill_call at_once[] = {CALL(1, COUNTER_READ, 0, 0, 1, 3),
                                               CALL(1, COUNTER_READ, 0, 0, 2, 4)};
    (void)state;
    assert_refused(backwards, 1, "before it was called");
    assert_refused(never, 1, "stamp");
    assert_refused(strange, 1, "no operation 99");
    assert_refused(twice, 2, "under way");
    assert_refused(pending_twice, 2, "under way");
    assert_refused(at_once, 2, "under way");
    assert_refused(NULL, 1, "needs");
}

static void requests_that_make_no_sense_are_refused(void **state)
{
    static const struct mill_linearizability_limits none = {0, 1}, no_bytes = {1, 0};
    struct mill_linearizability result;
    (void)state;
    assert_int_equal(mill_linearizability_check(NULL, NULL, 0, NULL, &result, NULL), -EINVAL);
    assert_int_equal(mill_linearizability_check(&mill_model_counter, NULL, 0, NULL, NULL, NULL), -EINVAL);
    assert_int_equal(mill_linearizability_check(&mill_model_counter, NULL, 0, &none, &result, NULL), -EINVAL);
    assert_int_equal(mill_linearizability_check(&mill_model_counter, NULL, 0, &no_bytes, &result, NULL),
                     -EINVAL);
}

static void a_history_of_nothing_is_linearizable(void **state)
{
    struct mill_linearizability result;
    (void)state;
    assert_int_equal(mill_linearizability_check(&mill_model_counter, NULL, 0, NULL, &result, NULL), 0);
    assert_int_equal(result.verdict, MILL_LINEARIZABLE);
    assert_int_equal(result.parts, 0);
    assert_string_equal(mill_history_verdict_name(result.verdict), "linearizable");
}

static void a_thread_may_go_on_after_a_call_that_stays_pending(void **state)
{
    static const struct mill_call calls[] = {CALL(0, COUNTER_INCREMENT, 0, 0, 1, MILL_PENDING),
                                             CALL(0, COUNTER_READ, 0, 0, 2, 3),
                                             CALL(0, COUNTER_READ, 0, 1, 4, 5)};
    (void)state;
    assert_int_equal(verdict_of(&mill_model_counter, calls, 3), MILL_LINEARIZABLE);
}

static void calls_that_touch_overlap(void **state)
{
    struct mill_call calls[] = {CALL(0, QUEUE_PUT, 1, 0, 1, 5), CALL(1, QUEUE_TRY_GET, 0, -EAGAIN, 5, 6)};
    (void)state;
    assert_int_equal(verdict_of(&mill_model_queue, calls, 2), MILL_LINEARIZABLE);
    calls[0].returned = 4;
    assert_int_equal(verdict_of(&mill_model_queue, calls, 2), MILL_NOT_LINEARIZABLE);
}

static void each_object_is_checked_by_itself(void **state)
{
    struct mill_call calls[] = {
        CALL(0, COUNTER_INCREMENT, 0, 0, 1, 2),
        CALL(0, COUNTER_READ, 0, 0, 3, 4),
        CALL(1, COUNTER_READ, 0, 0, 5, 6),
        CALL(1, COUNTER_READ, 0, 1, 7, 8),
    };
    struct mill_linearizability result;
    (void)state;
    calls[1].object = calls[2].object = -7; /* another counter, which nobody increments */
    assert_int_equal(mill_linearizability_check(&mill_model_counter, calls, 4, NULL, &result, NULL), 0);
    assert_int_equal(result.verdict, MILL_LINEARIZABLE);
    assert_int_equal(result.parts, 2);
    calls[2].object = 0; /* the incremented one is read as 0 */
    assert_int_equal(mill_linearizability_check(&mill_model_counter, calls, 4, NULL, &result, NULL), 0);
    assert_int_equal(result.verdict, MILL_NOT_LINEARIZABLE);
    assert_int_equal(result.broken_parts, 1);
    assert_int_equal(result.broken_key, 0);
    calls[1].object = 0, calls[2].object = -7, calls[1].result = 1, calls[2].result = 1;
    assert_int_equal(mill_linearizability_check(&mill_model_counter, calls, 4, NULL, &result, NULL), 0);
    assert_int_equal(result.broken_parts, 1);
    assert_int_equal(result.broken_key, -7);
}

static void the_order_of_the_calls_does_not_matter(void **state)
{
    struct mill_random random;
    mill_random_seed(&random, SEED, 0);
    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        struct mill_call calls[small_calls_max], mixed[small_calls_max];
        size_t order[small_calls_max];
        size_t count = random_history(&random, &mill_model_stack, 3, small_calls_max, calls);
        for (size_t j = 0; j < count; j++) {
            order[j] = j;
        }
        mill_random_shuffle(&random, order, count);
        for (size_t j = 0; j < count; j++) {
            mixed[j] = calls[order[j]];
        }
        assert_int_equal(verdict_of(&mill_model_stack, calls, count),
                         verdict_of(&mill_model_stack, mixed, count));
    }
}

/* ---- limits ---- */

static void a_search_within_limits_is_undecided_or_right(void **state)
{
    struct mill_random random;
    unsigned undecided = 0, decided = 0;
    mill_random_seed(&random, SEED, 1);
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        struct mill_call calls[small_calls_max];
        struct mill_linearizability result;
        size_t count = random_history(&random, &mill_model_queue, 4, small_calls_max, calls);
        const struct mill_linearizability_limits limits = {
            1 + mill_random_below(&random, 12), i % 2 ? 300 + 50 * mill_random_below(&random, 12) : 1 << 20};
        assert_int_equal(mill_linearizability_check(&mill_model_queue, calls, count, &limits, &result, NULL),
                         0);
        assert_true(result.configurations <= limits.configurations);
        if (result.verdict == MILL_UNDECIDED) {
            assert_int_equal(result.undecided_parts, 1);
            undecided++;
        } else {
            assert_int_equal(result.verdict == MILL_LINEARIZABLE,
                             linearizable_by_all_orders(&mill_model_queue, calls, count));
            decided++;
        }
    }
    assert_true(undecided > 100 && decided > 100);
}

static void not_even_the_beginning_fits(void **state)
{
    static const struct mill_call calls[] = {CALL(0, QUEUE_PUT, 1, 0, 1, 2)};
    static const struct mill_linearizability_limits little = {100, 1};
    struct mill_linearizability result;
    (void)state;
    assert_int_equal(mill_linearizability_check(&mill_model_queue, calls, 1, &little, &result, NULL), 0);
    assert_int_equal(result.verdict, MILL_UNDECIDED);
}

/* Many additions at once to one counter, which no order explains, and a wrong read of another. */
static void a_broken_part_is_found_beside_an_undecided_one(void **state)
{
    struct mill_call calls[22];
    struct mill_linearizability result;
    static const struct mill_linearizability_limits limits = {1000, 1 << 20};
    (void)state;
    for (unsigned i = 0; i < 21; i++) {
        calls[i] = (struct mill_call)CALL(i, COUNTER_ADD, 1 << i, 0, 1, 100);
    }
    calls[20] = (struct mill_call)CALL(20, COUNTER_READ, 0, -1, 1, 100);
    calls[21] = (struct mill_call)CALL(21, COUNTER_READ, 0, 3, 1, 2);
    calls[21].object = 1;
    assert_int_equal(mill_linearizability_check(&mill_model_counter, calls, 22, &limits, &result, NULL), 0);
    assert_int_equal(result.verdict, MILL_NOT_LINEARIZABLE);
    assert_int_equal(result.broken_key, 1);
    assert_int_equal(result.undecided_parts, 1);
    assert_int_equal(mill_linearizability_check(&mill_model_counter, calls, 21, &limits, &result, NULL), 0);
    assert_int_equal(result.verdict, MILL_UNDECIDED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_history_is_refused),
        cmocka_unit_test(requests_that_make_no_sense_are_refused),
        cmocka_unit_test(a_history_of_nothing_is_linearizable),
        cmocka_unit_test(a_thread_may_go_on_after_a_call_that_stays_pending),
        cmocka_unit_test(calls_that_touch_overlap),
        cmocka_unit_test(each_object_is_checked_by_itself),
        cmocka_unit_test(the_order_of_the_calls_does_not_matter),
        cmocka_unit_test(a_search_within_limits_is_undecided_or_right),
        cmocka_unit_test(not_even_the_beginning_fits),
        cmocka_unit_test(a_broken_part_is_found_beside_an_undecided_one),
    };
    return cmocka_run_group_tests_name("linearizability", tests, NULL, NULL);
}
