#include "core/times.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DRAWS 1000000u
#define MEAN  10000u /* ns */

/* Draws are the same in each run: what is asserted of a million of them holds always or never. The bounds are
 * ten standard errors wide. */
static double mean_of(struct mill_times *times)
{
    double sum = 0;
    for (unsigned i = 0; i < DRAWS; i++) {
        sum += (double)mill_times_next(times);
    }
    return sum / DRAWS;
}

static void assert_near(double value, double expected, double error)
{
    if (value < expected - error || value > expected + error) {
        fail_msg("%g is not %g +- %g", value, expected, error);
    }
}

static void test_refuses_what_is_wrong(void **state)
{
    (void)state;
    struct mill_times times;
    assert_int_equal(mill_times_init(&times, (enum mill_times_shape)3, MEAN, 16, 1, 0), -EINVAL);
    assert_int_equal(mill_times_init(&times, (enum mill_times_shape) - 1, MEAN, 16, 1, 0), -EINVAL);
    assert_int_equal(mill_times_init(&times, MILL_TIMES_BURSTY, MEAN, 0, 1, 0), -EINVAL);
    assert_int_equal(mill_times_init(&times, MILL_TIMES_BURSTY, MEAN, MILL_TIMES_BURST_MAX + 1, 1, 0),
                     -EINVAL);
    assert_int_equal(mill_times_init(&times, MILL_TIMES_FIXED, MILL_TIMES_MEAN_MAX + 1, 1, 1, 0), -EINVAL);
    assert_int_equal(
        mill_times_init(&times, MILL_TIMES_FIXED, MILL_TIMES_MEAN_MAX, MILL_TIMES_BURST_MAX, 1, 0), 0);
}

static void test_shapes_have_names(void **state)
{
    (void)state;
    assert_string_equal(mill_times_shapes[MILL_TIMES_FIXED], "fixed");
    assert_string_equal(mill_times_shapes[MILL_TIMES_EXPONENTIAL], "exponential");
    assert_string_equal(mill_times_shapes[MILL_TIMES_BURSTY], "bursty");
    assert_null(mill_times_shapes[MILL_TIMES_BURSTY + 1]);
}

static void test_nothing_stays_nothing(void **state)
{
    (void)state;
    for (int shape = MILL_TIMES_FIXED; shape <= MILL_TIMES_BURSTY; shape++) {
        struct mill_times times;
        assert_int_equal(mill_times_init(&times, (enum mill_times_shape)shape, 0, 16, 1, 0), 0);
        for (int i = 0; i < 1000; i++) {
            assert_int_equal(mill_times_next(&times), 0);
        }
    }
}

static void test_fixed_is_the_mean(void **state)
{
    (void)state;
    struct mill_times times;
    assert_int_equal(mill_times_init(&times, MILL_TIMES_FIXED, MEAN, 16, 1, 0), 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(mill_times_next(&times), MEAN);
    }
}

/* The mean, and how many are longer than so many means: e^-x of them. */
static void test_exponential(void **state)
{
    (void)state;
    static const struct {
        double means, longer;
    } tails[] = {{0.1, 0.904837}, {0.6931472, 0.5}, {1, 0.367879},
                 {1.5, 0.223130}, {3, 0.0497871},   {5, 0.0067379}};
    struct mill_times times;
    assert_int_equal(mill_times_init(&times, MILL_TIMES_EXPONENTIAL, MEAN, 16, 1, 0), 0);
    assert_near(mean_of(&times), MEAN, 0.01 * MEAN);
    unsigned longer[sizeof tails / sizeof tails[0]] = {0};
    for (unsigned i = 0; i < DRAWS; i++) {
        double drawn = (double)mill_times_next(&times);
        for (size_t t = 0; t < sizeof tails / sizeof tails[0]; t++) {
            longer[t] += drawn > tails[t].means * MEAN;
        }
    }
    for (size_t t = 0; t < sizeof tails / sizeof tails[0]; t++) {
        assert_near((double)longer[t] / DRAWS, tails[t].longer, 0.005);
    }
}

/* Short ones are not rounded down: of a mean of 3 ns as much is left as of a long one. */
static void test_short_ones_keep_their_mean(void **state)
{
    (void)state;
    struct mill_times times;
    assert_int_equal(mill_times_init(&times, MILL_TIMES_EXPONENTIAL, 3, 16, 1, 0), 0);
    assert_near(mean_of(&times), 3, 0.03);
}

static void test_bursty(void **state)
{
    (void)state;
    static const uint32_t bursts[] = {1, 2, 16, 100};
    for (size_t b = 0; b < sizeof bursts / sizeof bursts[0]; b++) {
        struct mill_times times;
        unsigned pauses = 0;
        assert_int_equal(mill_times_init(&times, MILL_TIMES_BURSTY, MEAN, bursts[b], 1, 0), 0);
        for (unsigned i = 0; i < DRAWS; i++) {
            uint64_t drawn = mill_times_next(&times);
            assert_true(drawn == 0 || drawn == (uint64_t)bursts[b] * MEAN);
            pauses += drawn > 0;
        }
        assert_near((double)pauses * bursts[b] / DRAWS, 1, 0.1);
    }
}

static unsigned alike(uint64_t seed, uint64_t stream, uint64_t other_seed, uint64_t other_stream)
{
    struct mill_times one, other;
    unsigned equal = 0;
    assert_int_equal(mill_times_init(&one, MILL_TIMES_EXPONENTIAL, MEAN, 16, seed, stream), 0);
    assert_int_equal(mill_times_init(&other, MILL_TIMES_EXPONENTIAL, MEAN, 16, other_seed, other_stream), 0);
    for (int i = 0; i < 1000; i++) {
        equal += mill_times_next(&one) == mill_times_next(&other);
    }
    return equal;
}

static void test_a_seed_decides(void **state)
{
    (void)state;
    assert_int_equal(alike(7, 3, 7, 3), 1000);
    assert_true(alike(7, 3, 8, 3) < 100);
    assert_true(alike(7, 3, 7, 4) < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_what_is_wrong),
        cmocka_unit_test(test_shapes_have_names),
        cmocka_unit_test(test_nothing_stays_nothing),
        cmocka_unit_test(test_fixed_is_the_mean),
        cmocka_unit_test(test_exponential),
        cmocka_unit_test(test_short_ones_keep_their_mean),
        cmocka_unit_test(test_bursty),
        cmocka_unit_test(test_a_seed_decides),
    };
    return cmocka_run_group_tests_name("times", tests, NULL, NULL);
}
