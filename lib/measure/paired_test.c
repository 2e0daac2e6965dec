#include "measure/paired.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/random.h"

#define SEED 41u

/* values[i] = i + 1 in a random order: an order statistic is then its own rank. */
static void ranks(double *values, size_t count)
{
    struct mill_random random;
    size_t order[2000];
    mill_random_seed(&random, SEED, count);
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
    mill_random_shuffle(&random, order, count);
    for (size_t i = 0; i < count; i++) {
        values[i] = (double)(order[i] + 1);
    }
}

static void the_median_is_the_middle_or_between_the_two_middle_ones(void **state)
{
    (void)state;
    assert_true(mill_median((const double[]){3, 1, 2}, 3) == 2);
    assert_true(mill_median((const double[]){4, 1, 3, 2}, 4) == 2.5);
    assert_true(mill_median((const double[]){-7}, 1) == -7);
    assert_true(mill_median((const double[]){0x1.8p1023, 0x1.8p1023, 0x1p1023, 0x1p1023}, 4) == 0x1.4p1023);
    assert_true(mill_median((const double[]){INFINITY, 1, INFINITY, INFINITY}, 4) == INFINITY);
}

static void the_median_of_nothing_or_of_nan_is_nan(void **state)
{
    (void)state;
    assert_true(isnan(mill_median(NULL, 0)));
    assert_true(isnan(mill_median((const double[]){1, NAN, 2}, 3)));
}

static void the_median_leaves_the_values_as_they_were(void **state)
{
    (void)state;
    double values[] = {3, 1, 2};
    mill_median(values, 3);
    assert_memory_equal(values, ((const double[]){3, 1, 2}), sizeof values);
}

/* The ranks and the coverage follow from the binomial distribution with p = 1/2; they are also those of
 * printed tables. */
static void intervals_have_the_ranks_of_the_binomial_distribution(void **state)
{
    (void)state;
    static const struct {
        size_t count;
        double confidence;
        size_t low, high;
        double covers;
    } expected[] = {
        {4, 0.3, 2, 3, 0.375},
        {6, 0.95, 1, 6, 0.96875},
        {6, 0.96875, 1, 6, 0.96875},
        {8, 0.95, 1, 8, 0.9921875},
        {9, 0.95, 2, 8, 0.9609375},
        {10, 0.95, 2, 9, 0.978515625},
        {20, 0.95, 6, 15, 0.9586105346679688},
        {20, 0.99, 4, 17, 0.9974231719970703},
        {25, 0.95, 8, 18, 0.9567147493362427},
        {40, 0.95, 14, 27, 0.9615226917157997},
        {100, 0.95, 40, 61, 0.9647997997822952},
        {2000, 0.95, 956, 1045, 0.9534471795082162},
        {2000, 0.999, 926, 1075, 0.9991413021074106},
    };
    double values[2000];
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct mill_paired result;
        ranks(values, expected[i].count);
        assert_int_equal(mill_median_interval(values, expected[i].count, expected[i].confidence, &result), 0);
        assert_int_equal(result.rounds, expected[i].count);
        assert_true(result.low == (double)expected[i].low);
        assert_true(result.high == (double)expected[i].high);
        assert_true(fabs(result.confidence - expected[i].covers) < 1e-12);
        assert_true(result.ratio == ((double)expected[i].count + 1) / 2);
        assert_false(result.decided);
    }
}

static void too_few_values_have_an_infinite_interval(void **state)
{
    (void)state;
    static const double values[] = {2, 3, 4, 5, 6, 7};
    static const double ones[] = {1, 1, 1, 1, 1, 1};
    struct mill_paired result;
    assert_int_equal(mill_paired_compare(values, ones, 5, 0.95, &result), 0);
    assert_true(result.ratio == 4);
    assert_true(result.low == 0);
    assert_true(isinf(result.high));
    assert_true(result.confidence == 1);
    assert_false(result.decided);
    /* one more decides; a hair more of confidence than six can give does not */
    assert_int_equal(mill_paired_compare(values, ones, 6, 0.96875, &result), 0);
    assert_true(result.decided);
    assert_int_equal(mill_paired_compare(values, ones, 6, nextafter(0.96875, 1), &result), 0);
    assert_false(result.decided);
    assert_int_equal(mill_median_interval(values, 5, 0.95, &result), 0);
    assert_true(isinf(result.low) && result.low < 0);
    assert_true(isinf(result.high) && result.high > 0);
}

static void no_rounds_give_no_ratio(void **state)
{
    (void)state;
    struct mill_paired result;
    assert_int_equal(mill_paired_compare(NULL, NULL, 0, 0.95, &result), 0);
    assert_int_equal(result.rounds, 0);
    assert_true(isnan(result.ratio));
    assert_true(result.low == 0);
    assert_true(isinf(result.high));
    assert_false(result.decided);
}

static void a_drift_that_both_sides_share_cancels(void **state)
{
    (void)state;
    double a[12];
    double b[12];
    for (int i = 0; i < 12; i++) {
        b[i] = 100 * exp(0.3 * i); /* each round a third faster than the one before */
        a[i] = b[i] * (1.1 + 0.001 * i);
    }
    struct mill_paired result;
    assert_int_equal(mill_paired_compare(a, b, 12, 0.95, &result), 0);
    assert_true(result.decided);
    assert_true(result.low > 1.099 && result.high < 1.112);
    assert_true(result.low < result.ratio && result.ratio < result.high);
    assert_int_equal(mill_paired_compare(b, b, 12, 0.95, &result), 0);
    assert_true(result.low == 1 && result.ratio == 1 && result.high == 1);
    assert_false(result.decided);
}

static void swapping_the_sides_gives_the_reciprocal(void **state)
{
    (void)state;
    double a[30];
    double b[30];
    struct mill_random random;
    mill_random_seed(&random, SEED, 0);
    for (int i = 0; i < 30; i++) {
        a[i] = 1 + (double)mill_random_below(&random, 1000);
        b[i] = 1 + (double)mill_random_below(&random, 1000);
    }
    struct mill_paired there;
    struct mill_paired back;
    assert_int_equal(mill_paired_compare(a, b, 30, 0.9, &there), 0);
    assert_int_equal(mill_paired_compare(b, a, 30, 0.9, &back), 0);
    assert_true(fabs(there.ratio * back.ratio - 1) < 1e-12);
    assert_true(fabs(there.low * back.high - 1) < 1e-12);
    assert_true(fabs(there.high * back.low - 1) < 1e-12);
    assert_true(there.confidence == back.confidence);
}

static void equal_sides_are_called_different_as_seldom_as_promised(void **state)
{
    (void)state;
    enum { experiments = 4000, rounds = 20 };
    struct mill_random random;
    mill_random_seed(&random, SEED, 1);
    int decided = 0;
    for (int i = 0; i < experiments; i++) {
        double a[rounds];
        double b[rounds];
        for (int j = 0; j < rounds; j++) {
            a[j] = 1 + (double)mill_random_below(&random, 1000000);
            b[j] = 1 + (double)mill_random_below(&random, 1000000);
        }
        struct mill_paired result;
        assert_int_equal(mill_paired_compare(a, b, rounds, 0.95, &result), 0);
        decided += result.decided;
    }
    /* 4.14% by the binomial distribution; the bounds are four standard deviations away */
    assert_in_range(decided, experiments * 28 / 1000, experiments * 55 / 1000);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    static const double bad[] = {0, -1, NAN, INFINITY};
    double good[] = {1, 2, 3};
    struct mill_paired result;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double mixed[] = {1, bad[i], 3};
        assert_int_equal(mill_paired_compare(mixed, good, 3, 0.95, &result), -EINVAL);
        assert_int_equal(mill_paired_compare(good, mixed, 3, 0.95, &result), -EINVAL);
    }
    assert_int_equal(mill_paired_compare(&(double){1e308}, &(double){1e-308}, 1, 0.95, &result), -ERANGE);
    assert_int_equal(mill_paired_compare(&(double){1e-308}, &(double){1e308}, 1, 0.95, &result), -ERANGE);
    assert_int_equal(mill_median_interval(&(double){NAN}, 1, 0.95, &result), -EINVAL);
    assert_int_equal(mill_median_interval(&(double){INFINITY}, 1, 0.95, &result), -EINVAL);
    static const double confidences[] = {0, 1, -0.5, 95, NAN};
    for (size_t i = 0; i < sizeof confidences / sizeof confidences[0]; i++) {
        assert_int_equal(mill_paired_compare(good, good, 3, confidences[i], &result), -EINVAL);
        assert_int_equal(mill_median_interval(good, 3, confidences[i], &result), -EINVAL);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_median_is_the_middle_or_between_the_two_middle_ones),
        cmocka_unit_test(the_median_of_nothing_or_of_nan_is_nan),
        cmocka_unit_test(the_median_leaves_the_values_as_they_were),
        cmocka_unit_test(intervals_have_the_ranks_of_the_binomial_distribution),
        cmocka_unit_test(too_few_values_have_an_infinite_interval),
        cmocka_unit_test(no_rounds_give_no_ratio),
        cmocka_unit_test(a_drift_that_both_sides_share_cancels),
        cmocka_unit_test(swapping_the_sides_gives_the_reciprocal),
        cmocka_unit_test(equal_sides_are_called_different_as_seldom_as_promised),
        cmocka_unit_test(bad_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
