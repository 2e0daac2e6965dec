#include "measure/change_points.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"
#include "measure/paired.h"

enum {
    values_max = 400,
    brute_max = 12,
};

static double unit(struct mill_random *random)
{
    return (double)((mill_random_next(random) >> 11) + 1) * 0x1p-53;
}

static double normal(struct mill_random *random)
{
    double radius = sqrt(-2 * log(unit(random)));
    return radius * cos(6.283185307179586 * unit(random));
}

/* ---- against every segmentation there is ---- */

static double cost_of_segment(const double *values, size_t begin, size_t end)
{
    double median = mill_median(values + begin, end - begin), cost = 0;
    for (size_t i = begin; i < end; i++) {
        cost += fabs(values[i] - median);
    }
    return cost;
}

/* What a segmentation costs; infinite when a segment is too short. */
static double cost_of(const double *values, size_t count, const size_t *points, size_t point_count,
                      const struct mill_change_settings *settings)
{
    double cost = settings->penalty * (double)point_count;
    for (size_t i = 0; i <= point_count; i++) {
        size_t begin = i > 0 ? points[i - 1] : 0, end = i < point_count ? points[i] : count;
        if (end < begin + settings->shortest) {
            return INFINITY;
        }
        cost += cost_of_segment(values, begin, end) / settings->scale;
    }
    return cost;
}

static double least_cost(const double *values, size_t count, const struct mill_change_settings *settings)
{
    double least = INFINITY;
    for (unsigned cuts = 0; cuts < 1u << (count - 1); cuts++) {
        size_t points[brute_max], point_count = 0;
        for (size_t i = 1; i < count; i++) {
            if (cuts & 1u << (i - 1)) {
                points[point_count++] = i;
            }
        }
        least = fmin(least, cost_of(values, count, points, point_count, settings));
    }
    return least;
}

/* Small series of few different values (many ties) and of many, with every least length and penalties from
 * none up: no segmentation costs less than the one that was found. */
static void no_segmentation_is_better(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, 20240607, 0);
    for (int series = 0; series < 600; series++) {
        double values[brute_max];
        size_t count = 2 + mill_random_next(&random) % (brute_max - 1);
        const struct mill_change_settings settings = {
            .scale = 0.5 + unit(&random),
            .penalty = series % 5 == 0 ? 0 : 4 * unit(&random),
            .shortest = 1 + mill_random_next(&random) % 4,
        };
        for (size_t i = 0; i < count; i++) {
            values[i] = series % 2 ? (double)(mill_random_next(&random) % 4) : 3 * normal(&random);
        }
        size_t *points, point_count;
        assert_int_equal(mill_change_points(values, count, &settings, &points, &point_count), 0);
        if (count >= settings.shortest) {
            double found = cost_of(values, count, points, point_count, &settings);
            double least = least_cost(values, count, &settings);
            if (!(found <= least + 1e-9)) {
                fail_msg("series %d of %zu values, segments of %zu: cost %g, and %g would do", series, count,
                         settings.shortest, found, least);
            }
        }
        free(points);
    }
}

/* ---- known series ---- */

static void expect_points(const double *values, size_t count, const size_t *expected, size_t expected_count)
{
    size_t *points, point_count;
    struct mill_change_settings settings =
        mill_change_defaults(count, mill_change_noise(values, count), 0.01);
    assert_int_equal(mill_change_points(values, count, &settings, &points, &point_count), 0);
    if (point_count != expected_count) {
        fail_msg("%zu changes, and not %zu; the first at %zu", point_count, expected_count,
                 point_count > 0 ? points[0] : 0);
    }
    for (size_t i = 0; i < expected_count; i++) {
        assert_int_equal(points[i], expected[i]);
    }
    assert_true((points == NULL) == (point_count == 0));
    free(points);
}

static void levels_are_found_where_they_begin(void **state)
{
    (void)state;
    struct mill_random random;
    double values[values_max];
    mill_random_seed(&random, 7, 0);
    for (size_t i = 0; i < 60; i++) {
        values[i] = (i < 20 ? 1.0 : i < 45 ? 1.5 : 0.8) + 0.03 * normal(&random);
    }
    expect_points(values, 60, (const size_t[]){20, 45}, 2);
    expect_points(values, 20, NULL, 0);
    expect_points(values, 48, (const size_t[]){20, 45}, 2); /* three values of the last level are enough */
    expect_points(values, 46, (const size_t[]){20}, 1);     /* one is not */
}

/* A value may be as wild as it likes: alone among others it is no level. */
static void wild_values_are_no_change(void **state)
{
    (void)state;
    struct mill_random random;
    double values[40];
    mill_random_seed(&random, 11, 0);
    for (size_t i = 0; i < 40; i++) {
        values[i] = 1 + 0.03 * normal(&random);
    }
    values[9] = 0.01;
    values[25] = 2;
    expect_points(values, 40, NULL, 0);
}

static void steps_without_noise_are_found(void **state)
{
    (void)state;
    const double values[] = {5, 5, 5, 5, 5, 7, 7, 7, 7};
    expect_points(values, 9, (const size_t[]){5}, 1);
    expect_points(values, 5, NULL, 0);
    expect_points(values, 0, NULL, 0);
    expect_points(values, 1, NULL, 0);
}

/* What the header says of the defaults, with room for chance: 400 series of each length. */
static void quiet_series_seldom_seem_to_change(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, 99, 0);
    for (size_t count = 6; count <= 96; count *= 2) {
        int alarms = 0;
        for (int series = 0; series < 400; series++) {
            double values[96];
            for (size_t i = 0; i < count; i++) {
                values[i] = 0.05 * normal(&random);
            }
            size_t *points, point_count;
            struct mill_change_settings settings =
                mill_change_defaults(count, mill_change_noise(values, count), 0.001);
            assert_int_equal(mill_change_points(values, count, &settings, &points, &point_count), 0);
            alarms += point_count > 0;
            free(points);
        }
        if (alarms > 16) {
            fail_msg("%d of 400 series of %zu values without a change seem to have one", alarms, count);
        }
    }
}

static void the_noise_is_that_of_a_level(void **state)
{
    (void)state;
    struct mill_random random;
    double values[values_max];
    mill_random_seed(&random, 3, 0);
    for (size_t i = 0; i < values_max; i++) {
        values[i] = (i < 200 ? 0 : 50) + 2 * normal(&random);
    }
    double noise = mill_change_noise(values, values_max);
    assert_true(noise > 1.7 && noise < 2.3);
    assert_true(mill_change_noise(values, 1) == 0);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    size_t *points, count;
    double values[] = {1, 2, NAN, 4};
    const struct mill_change_settings good = {.scale = 1, .penalty = 1, .shortest = 1};
    const struct mill_change_settings bad[] = {
        {.scale = 0, .penalty = 1, .shortest = 1},  {.scale = NAN, .penalty = 1, .shortest = 1},
        {.scale = 1, .penalty = -1, .shortest = 1}, {.scale = 1, .penalty = INFINITY, .shortest = 1},
        {.scale = 1, .penalty = 1, .shortest = 0},
    };
    assert_int_equal(mill_change_points(values, 4, &good, &points, &count), -EINVAL);
    values[2] = INFINITY;
    assert_int_equal(mill_change_points(values, 4, &good, &points, &count), -EINVAL);
    values[2] = 1e308;
    assert_int_equal(mill_change_points(values, 4, &good, &points, &count), -EINVAL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mill_change_points(values, 2, &bad[i], &points, &count), -EINVAL);
    }
    double *many = calloc(MILL_CHANGE_VALUES_MAX + 1, sizeof *many);
    assert_non_null(many);
    assert_int_equal(mill_change_points(many, MILL_CHANGE_VALUES_MAX + 1, &good, &points, &count), -E2BIG);
    assert_null(points);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_segmentation_is_better),
        cmocka_unit_test(levels_are_found_where_they_begin),
        cmocka_unit_test(wild_values_are_no_change),
        cmocka_unit_test(steps_without_noise_are_found),
        cmocka_unit_test(quiet_series_seldom_seem_to_change),
        cmocka_unit_test(the_noise_is_that_of_a_level),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
