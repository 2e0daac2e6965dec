#include "measure/histogram.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/cacheline.h"
#include "core/random.h"

#define SEED 20240521u

static struct mill_histogram *histogram_make(void)
{
    struct mill_histogram *histogram = NULL;
    assert_int_equal(mill_histogram_create(&histogram), 0);
    return histogram;
}

/* A value with a random number of bits, so that every bucket is met. */
static uint64_t random_value(struct mill_random *random)
{
    uint64_t value = mill_random_next(random) >> (22 + mill_random_below(random, 42));
    return value < MILL_HISTOGRAM_HIGHEST ? value : MILL_HISTOGRAM_HIGHEST;
}

/* HdrHistogram's counts-array index, from its definition: the bucket by doubling, the base of the bucket, and
 * the offset of the sub-bucket from the middle. */
static size_t reference_index(uint64_t value)
{
    size_t bucket = 0;
    while (value >= UINT64_C(2048) << bucket) {
        bucket++;
    }
    size_t base = (bucket + 1) * 1024;
    return base + (size_t)(value >> bucket) - 1024;
}

static void slots_are_those_of_hdr_histogram(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, SEED, 0);
    for (int i = 0; i < 200000; i++) {
        uint64_t value = random_value(&random);
        assert_int_equal(mill_histogram_slot(value), reference_index(value));
    }
    for (unsigned bit = 0; bit < 42; bit++) {
        uint64_t power = UINT64_C(1) << bit;
        assert_int_equal(mill_histogram_slot(power - 1), reference_index(power - 1));
        assert_int_equal(mill_histogram_slot(power), reference_index(power));
    }
}

static void slots_cover_every_value_once(void **state)
{
    (void)state;
    uint64_t next = 0;
    for (size_t slot = 0; slot < MILL_HISTOGRAM_SLOTS; slot++) {
        uint64_t lowest = mill_histogram_slot_value(slot);
        uint64_t highest = mill_histogram_highest_equivalent(lowest);
        assert_int_equal(lowest, next);
        assert_int_equal(mill_histogram_slot(lowest), slot);
        assert_int_equal(mill_histogram_slot(highest), slot);
        assert_int_equal(mill_histogram_lowest_equivalent(highest), lowest);
        assert_true((highest - lowest) * 1000 <= lowest);
        next = highest + 1;
    }
    assert_true(next > MILL_HISTOGRAM_HIGHEST);
}

static void the_table_ends_with_the_slot_of_one_hour(void **state)
{
    (void)state;
    assert_int_equal(mill_histogram_slot(MILL_HISTOGRAM_HIGHEST), MILL_HISTOGRAM_SLOTS - 1);
}

static void a_new_histogram_is_empty_and_isolated(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    assert_int_equal((uintptr_t)histogram % MILL_ISOLATION, 0);
    assert_int_equal(histogram->count, 0);
    assert_int_equal(histogram->minimum, UINT64_MAX);
    assert_int_equal(histogram->maximum, 0);
    assert_int_equal(mill_histogram_percentile(histogram, 50), 0);
    assert_true(mill_histogram_mean(histogram) == 0);
    mill_histogram_destroy(histogram);
}

static void recording_keeps_the_exact_extremes(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    mill_histogram_record(histogram, 1000001);
    assert_int_equal(histogram->minimum, 1000001);
    assert_int_equal(histogram->maximum, 1000001);
    mill_histogram_record(histogram, 0);
    mill_histogram_record(histogram, 123456789);
    assert_int_equal(histogram->minimum, 0);
    assert_int_equal(histogram->maximum, 123456789);
    assert_int_equal(histogram->count, 3);
    assert_int_equal(histogram->slots[0], 1);
    assert_int_equal(histogram->slots[mill_histogram_slot(1000001)], 1);
    assert_int_equal(histogram->beyond, 0);
    mill_histogram_destroy(histogram);
}

static void a_value_beyond_one_hour_is_counted_and_its_maximum_kept(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    mill_histogram_record(histogram, MILL_HISTOGRAM_HIGHEST);
    assert_int_equal(histogram->beyond, 0);
    mill_histogram_record(histogram, MILL_HISTOGRAM_HIGHEST + 1);
    mill_histogram_record(histogram, UINT64_MAX);
    mill_histogram_record(histogram, MILL_HISTOGRAM_HIGHEST + 2);
    assert_int_equal(histogram->beyond, 3);
    assert_int_equal(histogram->count, 4);
    assert_int_equal(histogram->maximum, UINT64_MAX);
    assert_int_equal(histogram->slots[MILL_HISTOGRAM_SLOTS - 1], 4);
    assert_int_equal(mill_histogram_percentile(histogram, 100),
                     mill_histogram_highest_equivalent(MILL_HISTOGRAM_HIGHEST));
    mill_histogram_destroy(histogram);
}

static void only_values_beyond_one_hour_still_have_percentiles(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    mill_histogram_record(histogram, UINT64_MAX);
    assert_int_equal(mill_histogram_percentile(histogram, 50),
                     mill_histogram_highest_equivalent(MILL_HISTOGRAM_HIGHEST));
    mill_histogram_destroy(histogram);
}

static void percentiles_of_one_to_a_thousand(void **state)
{
    (void)state;
    static const struct {
        double percent;
        uint64_t value;
    } expected[] = {
        {0, 1},    {0.05, 1},   {0.1, 1},      {0.10001, 2}, {33.3, 333}, {50, 500},   {50.01, 501},
        {99, 990}, {99.9, 999}, {99.91, 1000}, {100, 1000},  {-1, 1},     {101, 1000}, /* the nearer end */
    };
    struct mill_histogram *histogram = histogram_make();
    for (uint64_t value = 1; value <= 1000; value++) {
        mill_histogram_record(histogram, value);
    }
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(mill_histogram_percentile(histogram, expected[i].percent), expected[i].value);
    }
    mill_histogram_destroy(histogram);
}

/* 0.07 * 10000 / 100 is a hair more than 7 in doubles. */
static void a_percentile_is_not_rounded_up_by_its_last_bit(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    for (uint64_t value = 1; value <= 10000; value++) {
        mill_histogram_record(histogram, value);
    }
    assert_int_equal(mill_histogram_percentile(histogram, 0.07), 7);
    mill_histogram_destroy(histogram);
}

static void no_percentile_is_outside_of_the_extremes(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    mill_histogram_record(histogram, 1000001); /* alone in its slot, which is 512 wide */
    for (int percent = 0; percent <= 100; percent++) {
        assert_int_equal(mill_histogram_percentile(histogram, percent), 1000001);
    }
    mill_histogram_record(histogram, 5000009);
    mill_histogram_record(histogram, 9000001);
    assert_int_equal(mill_histogram_percentile(histogram, 0), 1000001);
    assert_int_equal(mill_histogram_percentile(histogram, 1e-9), mill_histogram_highest_equivalent(1000001));
    assert_int_equal(mill_histogram_percentile(histogram, 50), mill_histogram_highest_equivalent(5000009));
    assert_int_equal(mill_histogram_percentile(histogram, 99.9), 9000001);
    assert_int_equal(mill_histogram_percentile(histogram, 100), 9000001);
    mill_histogram_destroy(histogram);
}

static int by_value(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void percentiles_are_those_of_the_sorted_values(void **state)
{
    (void)state;
    static const uint64_t ten_thousandths[] = {1, 100, 2500, 5000, 9000, 9900, 9975, 9990, 9999, 10000};
    static uint64_t values[20000];
    struct mill_random random;
    mill_random_seed(&random, SEED, 1);
    struct mill_histogram *histogram = histogram_make();
    for (size_t count = 1; count <= sizeof values / sizeof values[0]; count = count * 7 / 3 + 1) {
        mill_histogram_reset(histogram);
        for (size_t i = 0; i < count; i++) {
            values[i] = random_value(&random);
            mill_histogram_record(histogram, values[i]);
        }
        qsort(values, count, sizeof values[0], by_value);
        for (size_t i = 0; i < sizeof ten_thousandths / sizeof ten_thousandths[0]; i++) {
            uint64_t rank = (ten_thousandths[i] * count + 9999) / 10000;
            uint64_t highest = mill_histogram_highest_equivalent(values[rank - 1]);
            assert_int_equal(mill_histogram_percentile(histogram, (double)ten_thousandths[i] / 100),
                             highest < values[count - 1] ? highest : values[count - 1]);
        }
    }
    mill_histogram_destroy(histogram);
}

static void adding_is_as_recording_into_one(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, SEED, 2);
    struct mill_histogram *parts[3] = {histogram_make(), histogram_make(), histogram_make()};
    struct mill_histogram *sum = histogram_make();
    struct mill_histogram *whole = histogram_make();
    for (int i = 0; i < 30000; i++) {
        /* the second part stays empty */
        uint64_t value = i % 1000 == 0 ? MILL_HISTOGRAM_HIGHEST + (uint64_t)i : random_value(&random);
        mill_histogram_record(parts[i % 2 * 2], value);
        mill_histogram_record(whole, value);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mill_histogram_add(sum, parts[i]), 0);
        mill_histogram_destroy(parts[i]);
    }
    assert_memory_equal(sum, whole, sizeof *sum);
    mill_histogram_destroy(sum);
    mill_histogram_destroy(whole);
}

static void extremes_set_from_outside_lose_no_values(void **state)
{
    (void)state;
    struct mill_histogram *part = histogram_make();
    struct mill_histogram *sum = histogram_make();
    mill_histogram_record(part, 10);
    mill_histogram_record(part, 20);
    mill_histogram_record(part, 30);
    part->minimum = 15;
    part->maximum = 25;
    assert_int_equal(mill_histogram_add(sum, part), 0);
    assert_int_equal(sum->slots[10] + sum->slots[20] + sum->slots[30], 3);
    assert_int_equal(mill_histogram_percentile(part, 1), 10);
    assert_int_equal(mill_histogram_percentile(part, 100), 30);
    assert_true(mill_histogram_mean(part) == 20);
    mill_histogram_destroy(part);
    mill_histogram_destroy(sum);
}

/* Counts as a file may hold them: together they are more than a number holds. */
static void counts_that_overflow_are_refused_whole(void **state)
{
    (void)state;
    struct mill_histogram *sum = histogram_make();
    struct mill_histogram *half = histogram_make();
    struct mill_histogram *before = histogram_make();
    mill_histogram_record(half, 7);
    half->slots[7] = half->count = (uint64_t)INT64_MAX / 2 + 1;
    assert_int_equal(mill_histogram_add(sum, half), 0);
    memcpy(before, sum, sizeof *before);
    assert_int_equal(mill_histogram_add(sum, half), -EOVERFLOW);
    assert_memory_equal(sum, before, sizeof *sum);
    half->slots[7] = half->count = (uint64_t)INT64_MAX / 2;
    assert_int_equal(mill_histogram_add(sum, half), 0);
    assert_int_equal(sum->count, INT64_MAX);
    mill_histogram_destroy(sum);
    mill_histogram_destroy(half);
    mill_histogram_destroy(before);
}

static void a_reset_histogram_is_as_new(void **state)
{
    (void)state;
    struct mill_histogram *used = histogram_make();
    struct mill_histogram *fresh = histogram_make();
    mill_histogram_record(used, 77);
    mill_histogram_record(used, UINT64_MAX);
    mill_histogram_reset(used);
    assert_memory_equal(used, fresh, sizeof *used);
    mill_histogram_destroy(used);
    mill_histogram_destroy(fresh);
}

static void the_mean_is_of_the_slots_middles(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    for (uint64_t value = 1; value <= 100; value++) {
        mill_histogram_record(histogram, value);
    }
    assert_true(mill_histogram_mean(histogram) == 50.5);
    mill_histogram_reset(histogram);
    mill_histogram_record(histogram, 8192); /* its slot holds 8192 … 8199 */
    assert_true(mill_histogram_mean(histogram) == 8196);
    mill_histogram_destroy(histogram);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_those_of_hdr_histogram),
        cmocka_unit_test(slots_cover_every_value_once),
        cmocka_unit_test(the_table_ends_with_the_slot_of_one_hour),
        cmocka_unit_test(a_new_histogram_is_empty_and_isolated),
        cmocka_unit_test(recording_keeps_the_exact_extremes),
        cmocka_unit_test(a_value_beyond_one_hour_is_counted_and_its_maximum_kept),
        cmocka_unit_test(only_values_beyond_one_hour_still_have_percentiles),
        cmocka_unit_test(percentiles_of_one_to_a_thousand),
        cmocka_unit_test(a_percentile_is_not_rounded_up_by_its_last_bit),
        cmocka_unit_test(no_percentile_is_outside_of_the_extremes),
        cmocka_unit_test(percentiles_are_those_of_the_sorted_values),
        cmocka_unit_test(adding_is_as_recording_into_one),
        cmocka_unit_test(extremes_set_from_outside_lose_no_values),
        cmocka_unit_test(counts_that_overflow_are_refused_whole),
        cmocka_unit_test(a_reset_histogram_is_as_new),
        cmocka_unit_test(the_mean_is_of_the_slots_middles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
