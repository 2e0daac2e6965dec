#include "measure/rank.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/test_noise.h"

#define SEED 6u

/* Over all ways to deal m + n ranks to two sides: in how many is U at least u? */
static double tail_by_brute_force(unsigned m, unsigned n, unsigned u)
{
    double ways = 0, those = 0;
    for (unsigned first = 0; first < 1u << (m + n); first++) {
        if ((unsigned)__builtin_popcount(first) != m) {
            continue;
        }
        unsigned above = 0;
        for (unsigned i = 0; i < m + n; i++) {
            above += first >> i & 1 ? (unsigned)__builtin_popcount(~first & ((1u << i) - 1)) : 0;
        }
        ways++;
        those += above >= u;
    }
    return those / ways;
}

static void the_distribution_is_that_of_all_ways_to_deal_the_ranks(void **state)
{
    (void)state;
    for (unsigned m = 1; m <= 6; m++) {
        for (unsigned n = 1; n <= 6; n++) {
            for (unsigned u = 0; u <= m * n; u++) {
                assert_true(fabs(mill_rank_tail(m, n, u) - tail_by_brute_force(m, n, u)) < 1e-12);
            }
            assert_true(fabs(mill_rank_tail(m, n, m * n) - mill_rank_least(m, n)) < 1e-12);
            assert_true(mill_rank_tail(m, n, m * n + 1) == 0);
        }
    }
}

/* Printed tables: of 10 and 10, P(U <= 23) = 0.0216, which is P(U >= 77). */
static void the_distribution_has_known_values(void **state)
{
    (void)state;
    assert_true(fabs(mill_rank_tail(10, 10, 77) - 0.0216) < 1e-4);
    assert_true(fabs(mill_rank_tail(5, 8, 40 - 6) - 0.0225) < 2e-4);
    /* where the approximation takes over, it has hardly an edge */
    assert_true(fabs(mill_rank_tail(60, 60, 2200) - mill_rank_tail(61, 60, 2235)) < 2e-3);
    assert_true(mill_rank_tail(200, 200, 26000) < 1e-6);
}

static void chances_count_the_ratios_beyond_each_bound(void **state)
{
    (void)state;
    static const double base[] = {100, 101, 102, 103}, slow[] = {140, 141, 142, 143};
    struct mill_chances chances;
    assert_int_equal(mill_rank_chances(base, 4, slow, 4, false, 0.1, &chances), 0);
    assert_true(fabs(chances.regressed - 1.0 / 70) < 1e-12);
    assert_true(chances.improved == 1 && chances.equivalent == 1);
    assert_int_equal(mill_rank_chances(base, 4, slow, 4, true, 0.1, &chances), 0);
    assert_true(fabs(chances.improved - 1.0 / 70) < 1e-12);
    assert_int_equal(mill_rank_chances(base, 4, base, 4, true, 0.1, &chances), 0);
    assert_true(fabs(chances.equivalent - 1.0 / 70) < 1e-12);
    assert_int_equal(mill_rank_chances(base, 4, slow, 0, true, 0.1, &chances), 0);
    assert_true(chances.regressed == 1 && chances.improved == 1 && chances.equivalent == 1);
}

/* Hollander and Wolfe's example of an interval: of 5 and 4 ratios, two left out at each end cover
 * 1 - 2 P(U <= 2) = 1 - 2 * 4 / 126. */
static void the_interval_has_the_ranks_of_the_distribution(void **state)
{
    (void)state;
    static const double base[] = {1, 10, 100, 1000}, head[] = {2, 20, 200, 2000, 20000};
    struct mill_paired result;
    assert_int_equal(mill_rank_compare(base, 4, head, 5, 0.9, &result), 0);
    /* all ratios: 2 times 10^k, k = -3 (1), -2 (2), -1 (3), 0 (4), 1 (4), 2 (3), 3 (2), 4 (1) */
    assert_true(fabs(result.confidence - (1 - 2 * tail_by_brute_force(4, 5, 20 - 2))) < 1e-12);
    assert_true(result.low == 2e-2 && result.high == 2e3);
    assert_true(fabs(result.ratio - sqrt(2 * 20)) < 1e-9);
    assert_false(result.decided);
    assert_int_equal(mill_rank_compare(base, 2, head, 2, 0.95, &result), 0);
    assert_true(result.low == 0 && isinf(result.high) && result.confidence == 1);
}

static void identical_series_are_called_different_as_seldom_as_promised(void **state)
{
    (void)state;
    enum { experiments = 3000, samples = 12 };
    struct mill_random random;
    size_t regressed = 0, apart = 0;
    mill_random_seed(&random, SEED, 1);
    for (int e = 0; e < experiments; e++) {
        double base[samples], head[samples];
        struct mill_chances chances;
        struct mill_paired ratio;
        for (size_t i = 0; i < samples; i++) {
            base[i] = noise_sample(&random, 100, 0.1);
            head[i] = noise_sample(&random, 110, 0.1);
        }
        assert_int_equal(mill_rank_chances(base, samples, head, samples, false, 0.1, &chances), 0);
        assert_int_equal(mill_rank_compare(base, samples, head, samples, 0.95, &ratio), 0);
        regressed += chances.regressed <= 0.025;
        apart += ratio.low > 1.1 || ratio.high < 1.1;
    }
    assert_in_range(regressed, experiments / 80, experiments * 34 / 1000);
    assert_in_range(apart, experiments / 40, experiments * 64 / 1000);
}

static void bad_values_are_refused(void **state)
{
    (void)state;
    static const double bad[] = {0, -1, NAN, INFINITY};
    static const double good[] = {1, 2};
    struct mill_chances chances;
    struct mill_paired ratio;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mill_rank_chances(&bad[i], 1, good, 2, true, 0.1, &chances), -EINVAL);
        assert_int_equal(mill_rank_chances(good, 2, &bad[i], 1, false, 0.1, &chances), -EINVAL);
        assert_int_equal(mill_rank_chances(good, 2, good, 2, false, bad[i], &chances), -EINVAL);
        assert_int_equal(mill_rank_compare(good, 2, &bad[i], 1, 0.95, &ratio), -EINVAL);
    }
    assert_int_equal(mill_rank_compare(good, 2, good, 2, 1, &ratio), -EINVAL);
    assert_int_equal(mill_rank_compare(&(double){1e-308}, 1, &(double){1e308}, 1, 0.95, &ratio), -ERANGE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_distribution_is_that_of_all_ways_to_deal_the_ranks),
        cmocka_unit_test(the_distribution_has_known_values),
        cmocka_unit_test(chances_count_the_ratios_beyond_each_bound),
        cmocka_unit_test(the_interval_has_the_ranks_of_the_distribution),
        cmocka_unit_test(identical_series_are_called_different_as_seldom_as_promised),
        cmocka_unit_test(bad_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
