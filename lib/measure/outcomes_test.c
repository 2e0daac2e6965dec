#include "measure/outcomes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct mill_declared_outcome declared[] = {
    {"1, 0", MILL_OUTCOME_ACCEPTABLE, "the writer came first"},
    {"0, 1", MILL_OUTCOME_INTERESTING, "the stores were seen in the other order"},
    {"0, 0", MILL_OUTCOME_FORBIDDEN, "both reads were older than both writes"},
};

static struct mill_outcomes *make(const struct mill_declared_outcome *some, size_t count)
{
    struct mill_outcomes *outcomes = NULL;
    assert_int_equal(mill_outcomes_create(some, count, &outcomes), 0);
    return outcomes;
}

static void assert_row(const struct mill_outcomes *outcomes, size_t row, const char *outcome,
                       enum mill_outcome_grade grade, uint64_t count)
{
    struct mill_outcome_count found;
    assert_int_equal(mill_outcomes_row(outcomes, row, &found), 0);
    assert_string_equal(found.outcome, outcome);
    assert_int_equal(found.grade, grade);
    assert_int_equal(found.count, count);
    assert_true(strlen(found.sentence) > 0);
}

static void declarations_that_are_none_are_refused(void **state)
{
    static const struct mill_declared_outcome bad[][2] = {
        {{NULL, MILL_OUTCOME_ACCEPTABLE, "why"}, {"b", MILL_OUTCOME_ACCEPTABLE, "why"}},
        {{"", MILL_OUTCOME_ACCEPTABLE, "why"}, {"b", MILL_OUTCOME_ACCEPTABLE, "why"}},
        {{"a", MILL_OUTCOME_ACCEPTABLE, NULL}, {"b", MILL_OUTCOME_ACCEPTABLE, "why"}},
        {{"a", MILL_OUTCOME_ACCEPTABLE, ""}, {"b", MILL_OUTCOME_ACCEPTABLE, "why"}},
        {{"a", MILL_OUTCOME_UNKNOWN, "why"}, {"b", MILL_OUTCOME_ACCEPTABLE, "why"}},
        {{"a", MILL_OUTCOME_ACCEPTABLE, "why"}, {"a", MILL_OUTCOME_FORBIDDEN, "why"}},
    };
    (void)state;
    struct mill_outcomes *outcomes = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mill_outcomes_create(bad[i], 2, &outcomes), -EINVAL);
    }
    assert_int_equal(mill_outcomes_create(NULL, 1, &outcomes), -EINVAL);
    assert_int_equal(mill_outcomes_create(declared, 3, NULL), -EINVAL);
    assert_null(outcomes);
    mill_outcomes_destroy(NULL);
}

static void each_outcome_is_counted_in_its_row(void **state)
{
    (void)state;
    struct mill_outcomes *outcomes = make(declared, 3);
    assert_int_equal(mill_outcomes_count(outcomes, "0, 0", 2), 0);
    assert_int_equal(mill_outcomes_count(outcomes, "1, 0", 5), 0);
    assert_int_equal(mill_outcomes_count(outcomes, "0, 0", 1), 0);
    assert_int_equal(mill_outcomes_rows(outcomes), 3);
    assert_row(outcomes, 0, "1, 0", MILL_OUTCOME_ACCEPTABLE, 5);
    assert_row(outcomes, 1, "0, 1", MILL_OUTCOME_INTERESTING, 0);
    assert_row(outcomes, 2, "0, 0", MILL_OUTCOME_FORBIDDEN, 3);
    assert_int_equal(mill_outcomes_total(outcomes, MILL_OUTCOME_FORBIDDEN), 3);
    assert_int_equal(mill_outcomes_total(outcomes, MILL_OUTCOME_GRADES), 8);
    struct mill_outcome_count none;
    assert_int_equal(mill_outcomes_row(outcomes, 3, &none), -ENOENT);
    mill_outcomes_destroy(outcomes);
}

static void what_nobody_declared_is_counted_as_unknown(void **state)
{
    (void)state;
    struct mill_outcomes *outcomes = make(declared, 3);
    char words[] = "7, 7";
    assert_int_equal(mill_outcomes_count(outcomes, words, 1), 0);
    words[0] = '8';
    assert_int_equal(mill_outcomes_count(outcomes, words, 2), 0);
    assert_int_equal(mill_outcomes_rows(outcomes), 5);
    assert_row(outcomes, 3, "7, 7", MILL_OUTCOME_UNKNOWN, 1);
    assert_row(outcomes, 4, "8, 7", MILL_OUTCOME_UNKNOWN, 2);
    assert_int_equal(mill_outcomes_total(outcomes, MILL_OUTCOME_UNKNOWN), 3);
    assert_string_equal(mill_outcome_grade_name(MILL_OUTCOME_UNKNOWN), "unknown");
    assert_string_equal(mill_outcome_grade_name(MILL_OUTCOME_FORBIDDEN), "forbidden");
    mill_outcomes_destroy(outcomes);
}

static void what_cannot_be_named_is_counted_as_refused(void **state)
{
    (void)state;
    struct mill_outcomes *outcomes = make(NULL, 0);
    char words[300];
    memset(words, 'x', sizeof words);
    words[MILL_OUTCOME_LENGTH_MAX + 1] = '\0';
    assert_int_equal(mill_outcomes_count(outcomes, NULL, 1), -EINVAL);
    assert_int_equal(mill_outcomes_count(outcomes, "", 1), -EINVAL);
    assert_int_equal(mill_outcomes_count(outcomes, words, 1), -ENAMETOOLONG);
    words[MILL_OUTCOME_LENGTH_MAX] = '\0';
    assert_int_equal(mill_outcomes_count(outcomes, words, 1), 0);
    assert_int_equal(mill_outcomes_refused(outcomes), 3);
    assert_int_equal(mill_outcomes_total(outcomes, MILL_OUTCOME_GRADES), 4);
    mill_outcomes_destroy(outcomes);
}

static void too_many_unknown_ones_are_refused_and_those_known_still_counted(void **state)
{
    (void)state;
    struct mill_outcomes *outcomes = make(declared, 3);
    char words[16];
    for (unsigned i = 0; i < MILL_OUTCOMES_UNKNOWN_MAX; i++) {
        (void)snprintf(words, sizeof words, "%u", i);
        assert_int_equal(mill_outcomes_count(outcomes, words, 1), 0);
    }
    assert_int_equal(mill_outcomes_count(outcomes, "one more", 1), -ENOSPC);
    assert_int_equal(mill_outcomes_count(outcomes, "17", 1), 0);
    assert_int_equal(mill_outcomes_count(outcomes, "0, 0", 1), 0);
    assert_row(outcomes, 3 + 17, "17", MILL_OUTCOME_UNKNOWN, 2);
    assert_int_equal(mill_outcomes_refused(outcomes), 1);
    struct mill_outcomes *other = make(NULL, 0);
    assert_int_equal(mill_outcomes_count(other, "two more", 1), 0);
    assert_int_equal(mill_outcomes_add(outcomes, other), -ENOSPC);
    assert_int_equal(mill_outcomes_rows(outcomes), 3 + MILL_OUTCOMES_UNKNOWN_MAX);
    mill_outcomes_destroy(other);
    mill_outcomes_destroy(outcomes);
}

static void tables_are_added_together(void **state)
{
    static const struct mill_declared_outcome others[] = {
        {"0, 0", MILL_OUTCOME_FORBIDDEN, "both reads were older than both writes"},
        {"1, 1", MILL_OUTCOME_ACCEPTABLE, "both came late"},
    };
    (void)state;
    struct mill_outcomes *into = make(declared, 3), *from = make(others, 2);
    assert_int_equal(mill_outcomes_count(into, "0, 0", 1), 0);
    assert_int_equal(mill_outcomes_count(into, "1, 1", 2), 0); /* unknown here, declared there */
    assert_int_equal(mill_outcomes_count(into, "odd", 3), 0);
    assert_int_equal(mill_outcomes_count(from, "0, 0", 10), 0);
    assert_int_equal(mill_outcomes_count(from, "1, 1", 20), 0);
    assert_int_equal(mill_outcomes_count(from, "odd", 30), 0);
    assert_int_equal(mill_outcomes_count(from, "1, 0", 40), 0); /* declared here, unknown there */
    assert_int_equal(mill_outcomes_count(from, "new", 50), 0);
    assert_int_equal(mill_outcomes_count(from, "", 1), -EINVAL);
    assert_int_equal(mill_outcomes_add(into, from), 0);
    mill_outcomes_destroy(from); /* the words are copies */
    assert_int_equal(mill_outcomes_rows(into), 6);
    assert_row(into, 0, "1, 0", MILL_OUTCOME_ACCEPTABLE, 40);
    assert_row(into, 1, "0, 1", MILL_OUTCOME_INTERESTING, 0);
    assert_row(into, 2, "0, 0", MILL_OUTCOME_FORBIDDEN, 11);
    assert_row(into, 3, "1, 1", MILL_OUTCOME_ACCEPTABLE, 22);
    assert_row(into, 4, "odd", MILL_OUTCOME_UNKNOWN, 33);
    assert_row(into, 5, "new", MILL_OUTCOME_UNKNOWN, 50);
    assert_int_equal(mill_outcomes_refused(into), 1);
    assert_int_equal(mill_outcomes_total(into, MILL_OUTCOME_GRADES), 157);
    mill_outcomes_destroy(into);
}

static void tables_that_disagree_are_not_added(void **state)
{
    static const struct mill_declared_outcome others[] = {
        {"fresh", MILL_OUTCOME_ACCEPTABLE, "why"},
        {"0, 0", MILL_OUTCOME_ACCEPTABLE, "why not"},
    };
    (void)state;
    struct mill_outcomes *into = make(declared, 3), *from = make(others, 2);
    assert_int_equal(mill_outcomes_count(from, "fresh", 7), 0);
    assert_int_equal(mill_outcomes_add(into, from), -EINVAL);
    assert_int_equal(mill_outcomes_rows(into), 3);
    assert_int_equal(mill_outcomes_total(into, MILL_OUTCOME_GRADES), 0);
    mill_outcomes_destroy(from);
    mill_outcomes_destroy(into);
}

static void counts_do_not_wrap_around(void **state)
{
    (void)state;
    struct mill_outcomes *into = make(declared, 3), *from = make(declared, 3);
    assert_int_equal(mill_outcomes_count(into, "0, 0", UINT64_MAX - 1), 0);
    assert_int_equal(mill_outcomes_count(into, "1, 0", 2), -EOVERFLOW);
    assert_int_equal(mill_outcomes_count(from, "1, 0", 2), 0);
    assert_int_equal(mill_outcomes_add(into, from), -EOVERFLOW);
    assert_int_equal(mill_outcomes_count(into, "1, 0", 1), 0);
    assert_true(mill_outcomes_total(into, MILL_OUTCOME_GRADES) == UINT64_MAX);
    mill_outcomes_destroy(from);
    mill_outcomes_destroy(into);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(declarations_that_are_none_are_refused),
        cmocka_unit_test(each_outcome_is_counted_in_its_row),
        cmocka_unit_test(what_nobody_declared_is_counted_as_unknown),
        cmocka_unit_test(what_cannot_be_named_is_counted_as_refused),
        cmocka_unit_test(too_many_unknown_ones_are_refused_and_those_known_still_counted),
        cmocka_unit_test(tables_are_added_together),
        cmocka_unit_test(tables_that_disagree_are_not_added),
        cmocka_unit_test(counts_do_not_wrap_around),
    };
    return cmocka_run_group_tests_name("outcomes", tests, NULL, NULL);
}
