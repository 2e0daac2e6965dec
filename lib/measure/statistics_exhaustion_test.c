/* Numbers about numbers when memory is out: an error or NaN, and never another number. */
#include "core/test_exhaustion.h"

#include <math.h>

#include "measure/change.h"
#include "measure/change_points.h"
#include "measure/fairness.h"
#include "measure/paired.h"
#include "measure/rank.h"

enum { count = 12 };

/* Three levels, so that there are changes to find. */
static const double values[count] = {1, 1.1, 0.9, 1, 5, 5.1, 4.9, 5, 9, 9.1, 8.9, 9};
static const double others[count] = {2, 2.2, 1.8, 2, 11, 10, 10.1, 10.2, 17, 18, 18.5, 19};

/* NaN: there was no memory for the number. */
static int is(double number, double right)
{
    assert_true(isnan(number) || fabs(number - right) < 1e-9);
    return isnan(number) ? -ENOMEM : 0;
}

static int pairs(void *context)
{
    struct mill_paired result;
    (void)context;
    int status = mill_paired_compare(others, values, count, 0.9, &result);
    assert_true(status < 0 || (result.decided && result.rounds == count && result.ratio > 1.9));
    if (status == 0) {
        status = mill_median_interval(values, count, 0.9, &result);
        assert_true(status < 0 || fabs(result.ratio - 5) < 1e-9);
    }
    return status < 0 ? status : is(mill_median(values, count), 5);
}

static int ranks(void *context)
{
    struct mill_chances chances;
    struct mill_paired result;
    (void)context;
    int status = is(mill_rank_tail(2, 2, 4), 1.0 / 6);
    if (status == 0) {
        status = mill_rank_chances(values, 4, others + 4, 4, false, 0.1, &chances);
        assert_true(status < 0 || fabs(chances.regressed - 1.0 / 70) < 1e-9);
    }
    if (status == 0) {
        status = mill_rank_compare(values, 4, others + 4, 4, 0.9, &result);
        assert_true(status < 0 || (result.decided && result.low > 1));
    }
    return status;
}

static int table(void *context)
{
    const double p[] = {0.01, 0.04, 0.03};
    double adjusted[3];
    (void)context;
    int status = mill_holm(p, 3, adjusted);
    assert_true(status < 0 || (fabs(adjusted[0] - 0.03) < 1e-9 && fabs(adjusted[1] - 0.06) < 1e-9));
    if (status == 0) {
        double least = mill_detectable(others, count, 0.1, 0.05, 0.5);
        assert_true(isnan(least) || least > 1);
        status = isnan(least) ? -ENOMEM : 0;
    }
    return status;
}

static int levels(void *context)
{
    size_t *points = NULL, found = 0;
    (void)context;
    double noise = mill_change_noise(values, count);
    if (isnan(noise)) {
        return -ENOMEM;
    }
    const struct mill_change_settings settings = {.scale = noise, .penalty = 3, .shortest = 2};
    int status = mill_change_points(values, count, &settings, &points, &found);
    if (status == 0) {
        assert_int_equal(found, 2);
        assert_int_equal(points[0], 4);
        assert_int_equal(points[1], 8);
        free(points);
    }
    return status;
}

static int slices(void *context)
{
    struct mill_slices *slices;
    (void)context;
    int status = mill_slices_create(2, &slices);
    if (status < 0) {
        return status;
    }
    for (uint64_t i = 0; status == 0 && i < 3; i++) {
        status = mill_slices_add(slices, (const uint64_t[]){i, 2 * i}, 100);
    }
    mill_slices_destroy(slices);
    return status;
}

static void while_pairs_are_compared(void **state)
{
    (void)state;
    assert_int_equal(mill_exhaust(pairs, NULL), 3);
}

static void while_series_are_compared(void **state)
{
    (void)state;
    assert_true(mill_exhaust(ranks, NULL) >= 6);
}

static void while_a_table_is_corrected(void **state)
{
    (void)state;
    assert_int_equal(mill_exhaust(table, NULL), 3);
}

static void while_levels_are_looked_for(void **state)
{
    (void)state;
    assert_true(mill_exhaust(levels, NULL) >= 6);
}

static void while_slices_are_kept(void **state)
{
    (void)state;
    assert_true(mill_exhaust(slices, NULL) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_pairs_are_compared),   cmocka_unit_test(while_series_are_compared),
        cmocka_unit_test(while_a_table_is_corrected), cmocka_unit_test(while_levels_are_looked_for),
        cmocka_unit_test(while_slices_are_kept),
    };
    return cmocka_run_group_tests_name("statistics_exhaustion", tests, NULL, NULL);
}
