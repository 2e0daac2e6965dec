#include "measure/fairness.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SLICE_NS 1000u

static void the_index_of_known_shares(void **state)
{
    (void)state;
    assert_true(mill_jain_index((const double[]){7, 7, 7}, 3) == 1);
    assert_true(mill_jain_index((const double[]){0, 0, 5, 0}, 4) == 0.25);
    assert_true(fabs(mill_jain_index((const double[]){3, 1}, 2) - 0.8) < 1e-15);
    assert_true(mill_jain_index((const double[]){42}, 1) == 1);
}

static void the_index_does_not_depend_on_the_unit(void **state)
{
    (void)state;
    static const double units[] = {DBL_MIN * 4, 1e-200, 1e-3, 1e200, DBL_MAX / 4};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        double shares[] = {3 * units[i], units[i]};
        assert_true(fabs(mill_jain_index(shares, 2) - 0.8) < 1e-12);
    }
}

static void nobody_served_has_no_index(void **state)
{
    (void)state;
    assert_true(isnan(mill_jain_index((const double[]){0, 0}, 2)));
    assert_true(isnan(mill_jain_index(NULL, 0)));
}

static void shares_that_are_none_have_no_index(void **state)
{
    (void)state;
    assert_true(isnan(mill_jain_index((const double[]){1, -1}, 2)));
    assert_true(isnan(mill_jain_index((const double[]){1, NAN}, 2)));
    assert_true(isnan(mill_jain_index((const double[]){INFINITY, 1}, 2)));
}

static struct mill_slices *slices_make(size_t threads)
{
    struct mill_slices *slices = NULL;
    assert_int_equal(mill_slices_create(threads, &slices), 0);
    return slices;
}

static void slices_of_no_threads_are_refused(void **state)
{
    (void)state;
    struct mill_slices *slices = NULL;
    assert_int_equal(mill_slices_create(0, &slices), -EINVAL);
    assert_null(slices);
    mill_slices_destroy(slices);
}

static void the_first_totals_are_only_the_origin(void **state)
{
    (void)state;
    struct mill_slices *slices = slices_make(2);
    struct mill_slices_summary summary;
    mill_slices_summarise(slices, &summary);
    assert_int_equal(summary.slices, 0);
    assert_int_equal(mill_slices_add(slices, (const uint64_t[]){1000000, 0}, SLICE_NS), 0);
    mill_slices_summarise(slices, &summary);
    assert_int_equal(summary.slices, 0);
    assert_true(isnan(summary.jain_median));
    assert_true(isnan(summary.jain_worst));
    assert_int_equal(summary.starvation_ns, 0);
    assert_int_equal(mill_slices_add(slices, (const uint64_t[]){1000010, 10}, SLICE_NS), 0);
    mill_slices_summarise(slices, &summary);
    assert_int_equal(summary.slices, 1);
    assert_true(summary.jain_median == 1);
    mill_slices_destroy(slices);
}

static void each_slice_has_its_own_index(void **state)
{
    (void)state;
    static const uint64_t totals[][2] = {{0, 0}, {10, 0}, {10, 10}, {20, 20}, {50, 30}, {50, 30}};
    struct mill_slices *slices = slices_make(2);
    for (size_t i = 0; i < sizeof totals / sizeof totals[0]; i++) {
        assert_int_equal(mill_slices_add(slices, totals[i], SLICE_NS), 0);
    }
    struct mill_slices_summary summary;
    mill_slices_summarise(slices, &summary);
    assert_int_equal(summary.slices, 5);
    assert_true(summary.jain_median ==
                0.5); /* of 0.5, 0.5, 1, 0.8 and 0, although the totals end at 50 and 30 */
    assert_true(summary.jain_worst == 0); /* the last slice, in which nobody advanced */
    mill_slices_destroy(slices);
}

static void starvation_is_the_longest_run_of_one_thread(void **state)
{
    (void)state;
    /* In every slice somebody completes nothing; but the second thread for three slices of unequal length. */
    static const struct {
        uint64_t totals[3];
        uint64_t slice_ns;
    } steps[] = {
        {{0, 0, 0}, 0}, {{1, 1, 0}, 10}, {{2, 1, 1}, 20}, {{3, 1, 2}, 30}, {{3, 1, 3}, 40}, {{3, 2, 3}, 15},
    };
    struct mill_slices *slices = slices_make(3);
    struct mill_slices_summary summary;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_int_equal(mill_slices_add(slices, steps[i].totals, steps[i].slice_ns), 0);
    }
    mill_slices_summarise(slices, &summary);
    assert_int_equal(summary.starvation_ns, 20 + 30 + 40);
    mill_slices_destroy(slices);
}

static void a_total_that_went_down_is_refused_and_nothing_added(void **state)
{
    (void)state;
    struct mill_slices *slices = slices_make(2);
    struct mill_slices_summary summary;
    assert_int_equal(mill_slices_add(slices, (const uint64_t[]){5, 5}, SLICE_NS), 0);
    assert_int_equal(mill_slices_add(slices, (const uint64_t[]){6, 4}, SLICE_NS), -EINVAL);
    assert_int_equal(mill_slices_add(slices, (const uint64_t[]){6, 6}, SLICE_NS), 0);
    mill_slices_summarise(slices, &summary);
    assert_int_equal(summary.slices, 1);
    assert_true(summary.jain_worst == 1);
    mill_slices_destroy(slices);
}

static void many_slices_fit(void **state)
{
    (void)state;
    enum { slices_wanted = 1000 };
    struct mill_slices *slices = slices_make(1);
    for (uint64_t i = 0; i <= slices_wanted; i++) {
        assert_int_equal(mill_slices_add(slices, &i, SLICE_NS), 0);
    }
    struct mill_slices_summary summary;
    mill_slices_summarise(slices, &summary);
    assert_int_equal(summary.slices, slices_wanted);
    assert_true(summary.jain_worst == 1);
    assert_int_equal(summary.starvation_ns, 0);
    mill_slices_destroy(slices);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_of_known_shares),
        cmocka_unit_test(the_index_does_not_depend_on_the_unit),
        cmocka_unit_test(nobody_served_has_no_index),
        cmocka_unit_test(shares_that_are_none_have_no_index),
        cmocka_unit_test(slices_of_no_threads_are_refused),
        cmocka_unit_test(the_first_totals_are_only_the_origin),
        cmocka_unit_test(each_slice_has_its_own_index),
        cmocka_unit_test(starvation_is_the_longest_run_of_one_thread),
        cmocka_unit_test(a_total_that_went_down_is_refused_and_nothing_added),
        cmocka_unit_test(many_slices_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
