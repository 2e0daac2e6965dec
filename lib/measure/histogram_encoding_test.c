/* What is written comes back, and what others wrote is read. histogram_hostile_test.c has what is refused. */
#include "measure/test_encoding.h"

/* ---- what is written ---- */

static void the_encoding_byte_by_byte(void **state)
{
    (void)state;
    static const uint8_t expected[] = {
        0x1c, 0x84, 0x93, 0x13,                         /* cookie */
        0,    0,    0,    11,                           /* bytes of counts */
        0,    0,    0,    0,                            /* normalizing index offset */
        0,    0,    0,    3,                            /* digits */
        0,    0,    0,    0,    0,    0,    0,    1,    /* lowest */
        0,    0,    0x03, 0x46, 0x30, 0xb8, 0xa0, 0x00, /* highest */
        0x3f, 0xf0, 0,    0,    0,    0,    0,    0,    /* ratio 1.0 */
        0x02, 0x06, 0x00, 0x90, 0x03,                   /* 0 once, 1 three times, 2 never, 3 200 times */
        0xf5, 0x1f,                                     /* 2043 empty slots */
        0x02, 0x80, 0x80, 0x01,                         /* 2047 once, 2048 8192 times */
    };
    struct mill_histogram *histogram = histogram_make();
    put_times(histogram, 0, 1);
    put_times(histogram, 1, 3);
    put_times(histogram, 3, 200);
    put_times(histogram, 2047, 1);
    put_times(histogram, 2048, 8192);
    char *text = NULL;
    assert_int_equal(mill_histogram_encode(histogram, &text), 0);
    uint8_t plain[1000];
    assert_int_equal(plain_of_text(text, plain, sizeof plain), sizeof expected);
    assert_memory_equal(plain, expected, sizeof expected);
    free(text);
    mill_histogram_destroy(histogram);
}

static void an_empty_histogram_comes_back_empty(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    char *text = NULL;
    assert_int_equal(mill_histogram_encode(histogram, &text), 0);
    mill_histogram_record(histogram, 1);
    assert_int_equal(mill_histogram_decode(histogram, text, NULL), 0);
    assert_empty(histogram);
    free(text);
    mill_histogram_destroy(histogram);
}

static void whatever_was_recorded_comes_back(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, SEED, 0);
    struct mill_histogram *histogram = histogram_make();
    struct mill_histogram *back = histogram_make();
    for (int round = 0; round < 50; round++) {
        mill_histogram_reset(histogram);
        for (uint64_t i = mill_random_below(&random, 3000); i > 0; i--) {
            uint64_t value = mill_random_next(&random) >> (22 + mill_random_below(&random, 42));
            put_times(histogram, value < MILL_HISTOGRAM_HIGHEST ? value : MILL_HISTOGRAM_HIGHEST,
                      1 + (mill_random_next(&random) >> (16 + mill_random_below(&random, 48))));
        }
        char *text = NULL;
        assert_int_equal(mill_histogram_encode(histogram, &text), 0);
        assert_int_equal(mill_histogram_decode(back, text, NULL), 0);
        assert_same_slots(back, histogram);
        if (back->count > 0) {
            assert_int_equal(back->minimum, mill_histogram_lowest_equivalent(histogram->minimum));
            assert_int_equal(back->maximum, mill_histogram_highest_equivalent(histogram->maximum));
        }
        free(text);
    }
    mill_histogram_destroy(histogram);
    mill_histogram_destroy(back);
}

static void a_full_histogram_fits(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    struct mill_histogram *back = histogram_make();
    for (size_t slot = 0; slot < MILL_HISTOGRAM_SLOTS; slot++) {
        put_times(histogram, mill_histogram_slot_value(slot), INT64_MAX / MILL_HISTOGRAM_SLOTS - slot);
    }
    char *text = NULL;
    assert_int_equal(mill_histogram_encode(histogram, &text), 0);
    assert_int_equal(mill_histogram_decode(back, text, NULL), 0);
    assert_same_slots(back, histogram);
    free(text);
    mill_histogram_destroy(histogram);
    mill_histogram_destroy(back);
}

/* More values than can be counted, which the decoder refuses; but the encoder has room for every slot. */
static void every_slot_at_its_largest_is_written(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    for (size_t slot = 0; slot < MILL_HISTOGRAM_SLOTS; slot++) {
        histogram->slots[slot] = INT64_MAX;
    }
    char *text = NULL;
    assert_int_equal(mill_histogram_encode(histogram, &text), 0);
    size_t size = HEADER_PLAIN + 9 * MILL_HISTOGRAM_SLOTS;
    uint8_t *plain = malloc(size);
    assert_non_null(plain);
    assert_int_equal(plain_of_text(text, plain, size), size);
    decode_refuses(text, -ERANGE);
    free(plain);
    free(text);
    mill_histogram_destroy(histogram);
}

static void the_largest_count_fits_and_a_larger_one_is_refused(void **state)
{
    (void)state;
    struct mill_histogram *histogram = histogram_make();
    char *text = NULL;
    put_times(histogram, 5, INT64_MAX);
    assert_int_equal(mill_histogram_encode(histogram, &text), 0);
    assert_int_equal(mill_histogram_decode(histogram, text, NULL), 0);
    assert_int_equal(histogram->count, INT64_MAX);
    uint8_t plain[1000];
    assert_int_equal(plain_of_text(text, plain, sizeof plain),
                     HEADER_PLAIN + 1 + 9); /* a run, and nine bytes */
    free(text);
    text = NULL;
    put_times(histogram, 5, 1);
    assert_int_equal(mill_histogram_encode(histogram, &text), -ERANGE);
    assert_null(text);
    mill_histogram_destroy(histogram);
}

/* ---- what others wrote ---- */

static void histograms_of_other_implementations_are_read(void **state)
{
    (void)state;
    static const char *const texts[] = {by_hdr_histogram_c, by_hdr_histogram_js};
    struct mill_histogram *expected = foreign_values();
    struct mill_histogram *histogram = histogram_make();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct mill_error error;
        assert_int_equal(mill_histogram_decode(histogram, texts[i], &error), 0);
        assert_same_slots(histogram, expected);
        assert_int_equal(histogram->minimum, 0);
        assert_int_equal(histogram->maximum, mill_histogram_highest_equivalent(MILL_HISTOGRAM_HIGHEST));
        assert_int_equal(histogram->beyond, 0);
    }
    mill_histogram_destroy(histogram);
    mill_histogram_destroy(expected);
}

static void other_bounds_are_refused(void **state)
{
    (void)state;
    /* By HdrHistogram_c: up to 3.6 s, two digits, and a value of 73 minutes, which its table still has a slot
     * for. */
    decode_refuses("HISTFAAAACJ4nJNpmSzMwMDAxAABzFCaEURcm7yEwf4DRICTCQBaQgSU", -ERANGE);
    decode_refuses("HISTFAAAACN4nJNpmSzMwMDAxAABMJqRgYHZzWDHAgb7DxABTiYAVw4EVw==", -ERANGE);
    decode_refuses("HISTFAAAACV4nJNpmSzMwMDAwgABzFCaEch0M9ixgMH+A0Tgbz8LEwBlpAXh", -ERANGE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_encoding_byte_by_byte),
        cmocka_unit_test(an_empty_histogram_comes_back_empty),
        cmocka_unit_test(whatever_was_recorded_comes_back),
        cmocka_unit_test(a_full_histogram_fits),
        cmocka_unit_test(every_slot_at_its_largest_is_written),
        cmocka_unit_test(the_largest_count_fits_and_a_larger_one_is_refused),
        cmocka_unit_test(histograms_of_other_implementations_are_read),
        cmocka_unit_test(other_bounds_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
