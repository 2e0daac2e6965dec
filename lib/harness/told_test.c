/* Histories and outcomes of samples, summed up. */
#include "harness/told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static json_t *sample_with(const char *verdict, int calls)
{
    return json_pack("{s:{s:s, s:i}}", "history", "verdict", verdict, "calls", calls);
}

static json_t *row(const char *outcome, int count)
{
    return json_pack("{s:s, s:s, s:s, s:i}", "outcome", outcome, "grade", "acceptable", "sentence", "so",
                     "count", count);
}

static void add(struct mill_told *told, json_t *sample)
{
    assert_non_null(sample);
    assert_int_equal(mill_told_add(told, sample), 0);
    json_decref(sample);
}

static json_int_t count_of(const struct mill_told *told, size_t index)
{
    return json_integer_value(json_object_get(json_array_get(told->outcomes, index), "count"));
}

static void samples_that_tell_nothing_add_nothing(void **state)
{
    (void)state;
    struct mill_told told = {0};
    json_t *object = json_object();
    add(&told, json_object());
    add(&told, json_pack("{s:n}", "history"));
    assert_int_equal(told.linearizable + told.wrong + told.undecided, 0);
    assert_null(told.outcomes);
    assert_int_equal(mill_told_encode(&told, object), 0);
    assert_int_equal(json_object_size(object), 0);
    json_decref(object);
    mill_told_free(&told);
}

static void verdicts_are_counted(void **state)
{
    (void)state;
    struct mill_told told = {0};
    add(&told, sample_with("linearizable", 10));
    add(&told, sample_with("linearizable", 20));
    add(&told, sample_with("not linearizable", 3));
    add(&told, sample_with("undecided", 4));
    assert_int_equal(told.linearizable, 2);
    assert_int_equal(told.wrong, 1);
    assert_int_equal(told.undecided, 1);
    assert_int_equal(told.calls, 37);
    mill_told_free(&told);
}

static void rows_of_one_outcome_are_one(void **state)
{
    (void)state;
    struct mill_told told = {0}, sum = {0};
    json_t *first = json_pack("{s:[o, o]}", "outcomes", row("a", 1), row("b", 2));
    assert_int_equal(mill_told_add(&told, first), 0);
    add(&told, json_pack("{s:[o, o]}", "outcomes", row("b", 40), row("c", 5)));
    assert_int_equal(json_array_size(told.outcomes), 3);
    assert_int_equal(count_of(&told, 0), 1);
    assert_int_equal(count_of(&told, 1), 42);
    assert_int_equal(count_of(&told, 2), 5);
    /* the sample is what it was */
    json_t *own = json_array_get(json_object_get(first, "outcomes"), 1);
    assert_int_equal(json_integer_value(json_object_get(own, "count")), 2);
    assert_int_equal(mill_told_add_all(&sum, &told), 0);
    assert_int_equal(mill_told_add_all(&sum, &told), 0);
    assert_int_equal(count_of(&sum, 1), 84);
    assert_int_equal(count_of(&told, 1), 42);
    json_decref(first);
    mill_told_free(&told);
    mill_told_free(&sum);
}

static void what_is_written_down_can_be_read_back(void **state)
{
    (void)state;
    struct mill_told told = {0}, again;
    json_t *object = json_object();
    add(&told, sample_with("not linearizable", 3));
    add(&told, sample_with("undecided", 4));
    add(&told, json_pack("{s:[o]}", "outcomes", row("a", 7)));
    assert_int_equal(mill_told_encode(&told, object), 0);
    assert_int_equal(mill_told_decode(&again, object), 0);
    assert_int_equal(again.linearizable, 0);
    assert_int_equal(again.wrong, 1);
    assert_int_equal(again.undecided, 1);
    assert_int_equal(again.calls, 7);
    assert_int_equal(count_of(&again, 0), 7);
    json_decref(object);
    mill_told_free(&told);
    mill_told_free(&again);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_that_tell_nothing_add_nothing),
        cmocka_unit_test(verdicts_are_counted),
        cmocka_unit_test(rows_of_one_outcome_are_one),
        cmocka_unit_test(what_is_written_down_can_be_read_back),
    };
    return cmocka_run_group_tests_name("harness/told", tests, NULL, NULL);
}
