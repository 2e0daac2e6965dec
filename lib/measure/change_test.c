#include "measure/change.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/test_noise.h"

#define SEED 6u

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

/* Over all 2^n outcomes, each with its own chance. */
static double tail_by_brute_force(size_t n, double chance, size_t k)
{
    double sum = 0;
    for (unsigned outcome = 0; outcome < 1u << n; outcome++) {
        size_t ones = (size_t)__builtin_popcount(outcome);
        if (ones >= k) {
            sum += pow(chance, (double)ones) * pow(1 - chance, (double)(n - ones));
        }
    }
    return sum;
}

static void the_binomial_tail_is_that_of_all_outcomes(void **state)
{
    (void)state;
    static const double chances[] = {0.01, 0.3, 0.5, 0.8, 0.999};
    for (size_t n = 1; n <= 12; n++) {
        for (size_t c = 0; c < sizeof chances / sizeof chances[0]; c++) {
            for (size_t k = 0; k <= n; k++) {
                assert_true(
                    near(mill_binomial_tail(n, chances[c], k), tail_by_brute_force(n, chances[c], k)));
            }
        }
    }
    assert_true(mill_binomial_tail(5, 0.5, 6) == 0);
    assert_true(mill_binomial_tail(5, 0, 0) == 1 && mill_binomial_tail(5, 0, 1) == 0);
    assert_true(mill_binomial_tail(5, 1, 5) == 1);
    assert_true(mill_binomial_tail(0, 0.5, 0) == 1 && mill_binomial_tail(0, 0.5, 1) == 0);
}

/* Printed values: 26 of 40 is 0.0403; and for large n the two tails still make one. */
static void the_binomial_tail_has_known_values(void **state)
{
    (void)state;
    assert_true(fabs(mill_binomial_tail(40, 0.5, 26) - 0.0403452339) < 1e-9);
    assert_true(near(mill_binomial_tail(40, 0.5, 40), 0x1p-40));
    assert_true(near(mill_binomial_tail(100000, 0.5, 50001) + mill_binomial_tail(100000, 0.5, 50000), 1));
    assert_true(mill_binomial_tail(100000, 0.5, 52000) > 0);
}

static void chances_count_what_is_beyond_each_bound(void **state)
{
    (void)state;
    /* margin 0.25: bounds 0.8 and 1.25. Above 1.25: 2; below 0.8: 1; on the bounds: one each. */
    static const double costs[] = {1.3, 1.4, 1.25, 1.0, 1.0, 0.8, 0.7};
    struct mill_chances chances;
    assert_int_equal(mill_chances_of(costs, 7, 0.25, &chances), 0);
    assert_true(near(chances.regressed, mill_binomial_tail(7, 0.5, 2)));
    assert_true(near(chances.improved, mill_binomial_tail(7, 0.5, 1)));
    /* below 1.25: 4, above 0.8: 5; the worse of the two counts */
    assert_true(near(chances.equivalent, mill_binomial_tail(7, 0.5, 4)));
    assert_int_equal(mill_chances_of(costs, 0, 0.25, &chances), 0);
    assert_true(chances.regressed == 1 && chances.improved == 1 && chances.equivalent == 1);
}

static void a_metric_that_is_better_when_high_has_the_reciprocal_cost(void **state)
{
    (void)state;
    double cost;
    assert_int_equal(mill_costs(&(double){100}, &(double){80}, 1, true, &cost), 0);
    assert_true(cost == 1.25);
    assert_int_equal(mill_costs(&(double){100}, &(double){80}, 1, false, &cost), 0);
    assert_true(cost == 0.8);
}

static void bad_values_and_margins_are_refused(void **state)
{
    (void)state;
    static const double bad[] = {0, -1, NAN, INFINITY};
    double cost;
    struct mill_chances chances;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mill_costs(&bad[i], &(double){1}, 1, true, &cost), -EINVAL);
        assert_int_equal(mill_costs(&(double){1}, &bad[i], 1, false, &cost), -EINVAL);
        assert_int_equal(mill_chances_of(&(double){1}, 1, bad[i], &chances), -EINVAL);
    }
    assert_int_equal(mill_costs(&(double){1e-308}, &(double){1e308}, 1, false, &cost), -ERANGE);
}

/* Holm's own steps: 0.01 * 4, 0.013 * 3 (but no less than the one before), 0.04 * 2, 0.05 * 1. */
static void holm_multiplies_by_what_is_left_and_never_falls(void **state)
{
    (void)state;
    static const double p[] = {0.04, 0.01, 0.05, 0.013};
    static const double expected[] = {0.08, 0.04, 0.08, 0.04};
    double adjusted[4];
    assert_int_equal(mill_holm(p, 4, adjusted), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_true(near(adjusted[i], expected[i]));
    }
    double one = 0.6;
    assert_int_equal(mill_holm(&one, 1, &one), 0);
    assert_true(one == 0.6);
    assert_int_equal(mill_holm((const double[]){0.6, 0.7}, 2, adjusted), 0);
    assert_true(adjusted[0] == 1 && adjusted[1] == 1);
    assert_int_equal(mill_holm(p, 0, adjusted), 0);
}

static void rows_that_cannot_be_decided_do_not_count(void **state)
{
    (void)state;
    static const double same[] = {1e-6, 1e-6, 1e-6};
    static const double mixed[] = {1e-6, 0.125, 1e-6, 0.25, 0.5};
    static const double few[] = {0.5, 0.25};
    bool able[5];
    assert_int_equal(mill_testable(same, 3, 0.025, able), 3);
    assert_int_equal(mill_testable(mixed, 5, 0.025, able), 2);
    assert_true(able[0] && !able[1] && able[2] && !able[3] && !able[4]);
    assert_int_equal(mill_testable(few, 2, 0.025, able), 0);
    assert_false(able[0] || able[1]);
    assert_int_equal(mill_testable(few, 0, 0.025, able), 0);
    /* 0.01 is small enough for two rows at 0.025, and four would be too many */
    static const double between[] = {0.01, 0.01, 1e-6, 1e-6};
    assert_int_equal(mill_testable(between, 4, 0.025, able), 2);
    assert_true(!able[0] && !able[1] && able[2] && able[3]);
}

static void so_many_pairs_decide_and_one_less_does_not(void **state)
{
    (void)state;
    for (size_t rows = 1; rows < 300; rows += 7) {
        size_t pairs = mill_pairs_to_decide(rows, 0.025);
        assert_true(mill_binomial_tail(pairs, 0.5, pairs) * (double)rows <= 0.025);
        assert_true(mill_binomial_tail(pairs - 1, 0.5, pairs - 1) * (double)rows > 0.025);
    }
    assert_int_equal(mill_pairs_to_decide(1, 0.025), 6);
    assert_int_equal(mill_pairs_to_decide(160, 0.025), 13); /* of 40 */
}

static void a_statement_is_made_when_one_alone_is_proven(void **state)
{
    (void)state;
    assert_int_equal(mill_change_of(&(struct mill_chances){0.02, 1, 1}, 0.025), MILL_CHANGE_REGRESSED);
    assert_int_equal(mill_change_of(&(struct mill_chances){1, 0.02, 1}, 0.025), MILL_CHANGE_IMPROVED);
    assert_int_equal(mill_change_of(&(struct mill_chances){1, 1, 0.02}, 0.025), MILL_CHANGE_EQUIVALENT);
    assert_int_equal(mill_change_of(&(struct mill_chances){0.026, 1, 0.9}, 0.025), MILL_CHANGE_INCONCLUSIVE);
    assert_int_equal(mill_change_of(&(struct mill_chances){0.01, 0.01, 1}, 0.025), MILL_CHANGE_INCONCLUSIVE);
}

/* ---- synthetic machines ---- */

enum {
    table_rows = 8,
    rounds = 40,
};

static const double margin = 0.1, alpha = 0.025;

struct verdicts {
    size_t tables[4]; /* in which some row has it, by enum mill_change */
    size_t rows[4];
};

/* Tables of eight rows of `count` rounds, each side of each row a noisy sample; head costs `slowdown`. */
static struct verdicts play(size_t tables, size_t count, double slowdown, double deviation, uint64_t stream)
{
    struct verdicts verdicts = {0};
    struct mill_random random;
    mill_random_seed(&random, SEED, stream);
    for (size_t t = 0; t < tables; t++) {
        struct mill_chances chances[table_rows];
        double regressed[table_rows], improved[table_rows], equivalent[table_rows];
        bool seen[4] = {false};
        for (size_t r = 0; r < table_rows; r++) {
            double base[rounds], head[rounds], costs[rounds];
            for (size_t i = 0; i < count; i++) {
                double drift = exp(noise_normal(&random)); /* of the machine: both sides of a round see it */
                base[i] = noise_sample(&random, 100 * drift, deviation);
                head[i] = noise_sample(&random, 100 * drift * slowdown, deviation);
            }
            assert_int_equal(mill_costs(base, head, count, false, costs), 0);
            assert_int_equal(mill_chances_of(costs, count, margin, &chances[r]), 0);
            regressed[r] = chances[r].regressed;
            improved[r] = chances[r].improved;
            equivalent[r] = chances[r].equivalent;
        }
        mill_holm(regressed, table_rows, regressed);
        mill_holm(improved, table_rows, improved);
        mill_holm(equivalent, table_rows, equivalent);
        for (size_t r = 0; r < table_rows; r++) {
            const struct mill_chances adjusted = {regressed[r], improved[r], equivalent[r]};
            enum mill_change change = mill_change_of(&adjusted, alpha);
            verdicts.rows[change]++;
            seen[change] = true;
        }
        for (size_t i = 0; i < 4; i++) {
            verdicts.tables[i] += seen[i];
        }
    }
    return verdicts;
}

/* As noisy as the worst machine: each sample off by a factor of three or so. The promise is alpha; a test of
 * 4000 tables finds it broken by a quarter. */
static void identical_sides_regress_as_seldom_as_promised_on_the_worst_machine(void **state)
{
    (void)state;
    struct verdicts verdicts = play(4000, rounds, 1, 1, 1);
    assert_in_range(verdicts.tables[MILL_CHANGE_REGRESSED], 0, 125);
    assert_in_range(verdicts.tables[MILL_CHANGE_IMPROVED], 0, 125);
    assert_int_equal(verdicts.rows[MILL_CHANGE_EQUIVALENT], 0);
}

/* On the bound itself the null hypothesis is as true as it can be, and the test uses up what it was given. */
static void a_change_of_just_the_margin_regresses_as_seldom_as_promised(void **state)
{
    (void)state;
    struct verdicts verdicts = play(4000, rounds, 1.1, 0.05, 2);
    assert_in_range(verdicts.tables[MILL_CHANGE_REGRESSED], 40, 125);
    assert_in_range(verdicts.rows[MILL_CHANGE_EQUIVALENT], 0, 125);
}

static void identical_sides_never_regress_on_a_common_machine(void **state)
{
    (void)state;
    struct verdicts verdicts = play(1000, rounds, 1, 0.08, 3);
    assert_int_equal(verdicts.rows[MILL_CHANGE_REGRESSED], 0);
    assert_int_equal(verdicts.rows[MILL_CHANGE_IMPROVED], 0);
    assert_in_range(verdicts.rows[MILL_CHANGE_EQUIVALENT], 1000 * table_rows * 60 / 100, 1000 * table_rows);
}

static void a_quarter_more_is_called_regressed(void **state)
{
    (void)state;
    struct verdicts verdicts = play(500, rounds, 1.25, 0.08, 4);
    assert_in_range(verdicts.rows[MILL_CHANGE_REGRESSED], 500 * table_rows * 95 / 100, 500 * table_rows);
    assert_int_equal(verdicts.rows[MILL_CHANGE_EQUIVALENT] + verdicts.rows[MILL_CHANGE_IMPROVED], 0);
    verdicts = play(500, rounds, 1 / 1.25, 0.08, 5);
    assert_in_range(verdicts.rows[MILL_CHANGE_IMPROVED], 500 * table_rows * 95 / 100, 500 * table_rows);
}

/* Nine pairs of one mind are what eight rows need. */
static void too_few_rounds_decide_nothing(void **state)
{
    (void)state;
    struct verdicts verdicts = play(50, 8, 20, 0.01, 6);
    assert_int_equal(verdicts.rows[MILL_CHANGE_INCONCLUSIVE], 50 * table_rows);
    verdicts = play(50, 9, 20, 0.01, 6);
    assert_int_equal(verdicts.rows[MILL_CHANGE_REGRESSED], 50 * table_rows);
}

/* What is said to be detectable with a chance of 0.8 is detected about so often; half of it is not. */
static void what_is_said_to_be_detectable_is_detected(void **state)
{
    (void)state;
    enum { experiments = 400 };
    struct mill_random random;
    double costs[rounds];
    double sum = 0;
    mill_random_seed(&random, SEED, 7);
    for (int e = 0; e < experiments; e++) {
        for (size_t i = 0; i < rounds; i++) {
            costs[i] = exp(0.15 * noise_normal(&random));
        }
        sum += mill_detectable(costs, rounds, margin, alpha, 0.8);
    }
    double detectable = sum / experiments;
    size_t detected[2] = {0};
    for (int e = 0; e < experiments; e++) {
        for (int weaker = 0; weaker < 2; weaker++) {
            struct mill_chances chances;
            double shift = weaker ? sqrt((1 + margin) * detectable) : detectable;
            for (size_t i = 0; i < rounds; i++) {
                costs[i] = shift * exp(0.15 * noise_normal(&random));
            }
            assert_int_equal(mill_chances_of(costs, rounds, margin, &chances), 0);
            detected[weaker] += chances.regressed <= alpha;
        }
    }
    assert_in_range(detected[0], experiments * 70 / 100, experiments * 95 / 100);
    assert_in_range(detected[1], 0, experiments * 60 / 100);
    assert_true(isinf(mill_detectable(costs, 5, margin, alpha, 0.8)));
    /* without noise all that is beyond the margin is */
    for (size_t i = 0; i < rounds; i++) {
        costs[i] = 1;
    }
    assert_true(near(mill_detectable(costs, rounds, margin, alpha, 0.8), 1 + margin));
}

static void the_rounds_that_are_said_to_be_needed_decide(void **state)
{
    (void)state;
    enum { experiments = 300, seen = 20 };
    struct mill_random random;
    static double costs[20000];
    mill_random_seed(&random, SEED, 8);
    /* 15 of 20 beyond the margin: not enough for eight rows */
    for (size_t i = 0; i < seen; i++) {
        costs[i] = i < 15 ? 1.2 : 1.0;
    }
    size_t needed = mill_pairs_needed(costs, seen, margin, alpha / table_rows, 0.8, 20000);
    assert_in_range(needed, seen + 1, 100);
    size_t decided = 0;
    for (int e = 0; e < experiments; e++) {
        struct mill_chances chances;
        for (size_t i = 0; i < needed; i++) {
            costs[i] = noise_uniform(&random) < 15.5 / 21 ? 1.2 : 1.0;
        }
        assert_int_equal(mill_chances_of(costs, needed, margin, &chances), 0);
        decided += chances.regressed <= alpha / table_rows;
    }
    assert_in_range(decided, experiments * 75 / 100, experiments * 90 / 100);
    /* as often on one side of the bound as on the other: no number of rounds decides */
    for (size_t i = 0; i < seen; i++) {
        costs[i] = i % 2 ? 1.05 : 1.15;
    }
    assert_int_equal(mill_pairs_needed(costs, seen, margin, alpha, 0.8, 1000), 0);
    assert_int_equal(mill_pairs_needed(costs, 0, margin, alpha, 0.8, 1000), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_binomial_tail_is_that_of_all_outcomes),
        cmocka_unit_test(the_binomial_tail_has_known_values),
        cmocka_unit_test(chances_count_what_is_beyond_each_bound),
        cmocka_unit_test(a_metric_that_is_better_when_high_has_the_reciprocal_cost),
        cmocka_unit_test(bad_values_and_margins_are_refused),
        cmocka_unit_test(holm_multiplies_by_what_is_left_and_never_falls),
        cmocka_unit_test(rows_that_cannot_be_decided_do_not_count),
        cmocka_unit_test(so_many_pairs_decide_and_one_less_does_not),
        cmocka_unit_test(a_statement_is_made_when_one_alone_is_proven),
        cmocka_unit_test(identical_sides_regress_as_seldom_as_promised_on_the_worst_machine),
        cmocka_unit_test(a_change_of_just_the_margin_regresses_as_seldom_as_promised),
        cmocka_unit_test(identical_sides_never_regress_on_a_common_machine),
        cmocka_unit_test(a_quarter_more_is_called_regressed),
        cmocka_unit_test(too_few_rounds_decide_nothing),
        cmocka_unit_test(what_is_said_to_be_detectable_is_detected),
        cmocka_unit_test(the_rounds_that_are_said_to_be_needed_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
