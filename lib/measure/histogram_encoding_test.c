#include "measure/histogram_encoding.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "core/random.h"
#include "measure/base64.h"

#define SEED         303u
#define HEADER_PLAIN 40
#define LENGTH_AT    4 /* of the length of the counts, in the plain header */

/* Made with HdrHistogram_c and with hdr-histogram-js 3.0.1 from the same values: 0 once, 1 three times, 3 200
 * times, 2047 and 2048 once, 1000001 70000 times, 123456789012 5 * 10^9 times and 3600000000000 once. */
static const char by_hdr_histogram_c[] =
    "HISTFAAAADx4nJNpmSzMwMAgxQABzFCaEch0M9ixgMH+A0SAiY1xAvNXeSam/X2MD45y"
    "zOxjajixfoHqdl8mADU+Df8=";
static const char by_hdr_histogram_js[] =
    "HISTFAAAAEF4nJNpmSzMwMAgxcDAwMjAwMDMAAGMDAzMbgY7FjDA+ExsDBOYv8ozMe3v"
    "Y3xwlGNmH1PDifULVLf7MgEADioM0Q==";

static struct mill_histogram *histogram_make(void)
{
    struct mill_histogram *histogram = NULL;
    assert_int_equal(mill_histogram_create(&histogram), 0);
    return histogram;
}

static void put_times(struct mill_histogram *histogram, uint64_t value, uint64_t times)
{
    mill_histogram_record(histogram, value);
    histogram->slots[mill_histogram_slot(value)] += times - 1;
    histogram->count += times - 1;
}

static struct mill_histogram *foreign_values(void)
{
    struct mill_histogram *histogram = histogram_make();
    put_times(histogram, 0, 1);
    put_times(histogram, 1, 3);
    put_times(histogram, 3, 200);
    put_times(histogram, 2047, 1);
    put_times(histogram, 2048, 1);
    put_times(histogram, 1000001, 70000);
    put_times(histogram, 123456789012, 5000000000);
    put_times(histogram, MILL_HISTOGRAM_HIGHEST, 1);
    return histogram;
}

static void assert_same_slots(const struct mill_histogram *left, const struct mill_histogram *right)
{
    assert_int_equal(left->count, right->count);
    assert_memory_equal(left->slots, right->slots, sizeof left->slots);
}

static void assert_empty(const struct mill_histogram *histogram)
{
    struct mill_histogram *empty = histogram_make();
    assert_memory_equal(histogram, empty, sizeof *empty);
    mill_histogram_destroy(empty);
}

static void decode_refuses(const char *text, int status)
{
    struct mill_histogram *histogram = foreign_values();
    struct mill_error error = {0};
    assert_int_equal(mill_histogram_decode(histogram, text, &error), status);
    assert_true(strlen(error.message) > 0);
    assert_empty(histogram);
    mill_histogram_destroy(histogram);
}

/* ---- the layers by hand: plain bytes to text and back ---- */

static void put_big_endian(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

static char *text_of_packed(const uint8_t *packed, size_t length)
{
    char *text = malloc(MILL_BASE64_LENGTH(length) + 1);
    assert_non_null(text);
    mill_base64_encode(text, packed, length);
    return text;
}

static char *text_of_plain(const uint8_t *plain, size_t length)
{
    uLongf packed_length = compressBound(length);
    uint8_t *packed = malloc(8 + packed_length);
    assert_non_null(packed);
    assert_int_equal(compress(packed + 8, &packed_length, plain, length), Z_OK);
    put_big_endian(packed, 0x1c849314, 4);
    put_big_endian(packed + 4, packed_length, 4);
    char *text = text_of_packed(packed, 8 + packed_length);
    free(packed);
    return text;
}

static size_t plain_of_text(const char *text, uint8_t *plain, size_t size)
{
    uint8_t *packed = NULL;
    size_t length = 0;
    assert_int_equal(mill_base64_decode(text, &packed, &length), 0);
    assert_memory_equal(packed, ((const uint8_t[]){0x1c, 0x84, 0x93, 0x14}), 4);
    uLongf plain_length = size;
    assert_int_equal(uncompress(plain, &plain_length, packed + 8, length - 8), Z_OK);
    free(packed);
    return plain_length;
}

/* A whole V2 histogram of these counts, as text. */
static char *text_of_counts(const uint8_t *counts, size_t length)
{
    static const uint8_t header[HEADER_PLAIN] = {
        0x1c, 0x84, 0x93, 0x13, 0, 0, 0,    0,    0,    0,    0,    0,    0,    0,    0, 3, 0, 0, 0, 0,
        0,    0,    0,    1,    0, 0, 0x03, 0x46, 0x30, 0xb8, 0xa0, 0x00, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0,
    };
    uint8_t *plain = malloc(HEADER_PLAIN + length);
    assert_non_null(plain);
    memcpy(plain, header, HEADER_PLAIN);
    memcpy(plain + HEADER_PLAIN, counts, length);
    put_big_endian(plain + LENGTH_AT, length, 4);
    char *text = text_of_plain(plain, HEADER_PLAIN + length);
    free(plain);
    return text;
}

static void refuses_counts(const uint8_t *counts, size_t length, int status)
{
    char *text = text_of_counts(counts, length);
    decode_refuses(text, status);
    free(text);
}

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

/* ---- what is hostile ---- */

static void every_cut_text_is_refused(void **state)
{
    (void)state;
    char text[sizeof by_hdr_histogram_js];
    for (size_t length = 0; length + 1 < sizeof text; length++) {
        memcpy(text, by_hdr_histogram_js, length);
        text[length] = '\0';
        decode_refuses(text, -EBADMSG);
    }
}

static void every_cut_zlib_stream_is_refused(void **state)
{
    (void)state;
    uint8_t *packed = NULL;
    size_t length = 0;
    assert_int_equal(mill_base64_decode(by_hdr_histogram_c, &packed, &length), 0);
    for (size_t cut = 8; cut < length; cut++) {
        put_big_endian(packed + 4, cut - 8, 4);
        char *text = text_of_packed(packed, cut);
        decode_refuses(text, -EBADMSG);
        free(text);
    }
    free(packed);
}

static void every_cut_plain_encoding_is_refused(void **state)
{
    (void)state;
    uint8_t plain[1000];
    size_t length = plain_of_text(by_hdr_histogram_c, plain, sizeof plain);
    for (size_t cut = 0; cut < length; cut++) {
        char *text = text_of_plain(plain, cut);
        decode_refuses(text, -EBADMSG);
        free(text);
    }
}

static void a_wrong_length_of_the_counts_is_refused(void **state)
{
    (void)state;
    uint8_t plain[1000];
    size_t length = plain_of_text(by_hdr_histogram_c, plain, sizeof plain);
    static const int wrong_by[] = {-1, 1, 0x7fffffff};
    for (size_t i = 0; i < sizeof wrong_by / sizeof wrong_by[0]; i++) {
        put_big_endian(plain + LENGTH_AT, length - HEADER_PLAIN + (size_t)wrong_by[i], 4);
        char *text = text_of_plain(plain, length);
        decode_refuses(text, -EBADMSG);
        free(text);
    }
}

static void bytes_after_the_end_are_refused(void **state)
{
    (void)state;
    uint8_t *packed = NULL;
    size_t length = 0;
    assert_int_equal(mill_base64_decode(by_hdr_histogram_c, &packed, &length), 0);
    packed = realloc(packed, length + 1);
    assert_non_null(packed);
    packed[length] = 0;
    char *text = text_of_packed(packed, length + 1);
    decode_refuses(text, -EBADMSG); /* more than the length says */
    free(text);
    put_big_endian(packed + 4, length + 1 - 8, 4);
    text = text_of_packed(packed, length + 1);
    decode_refuses(text, -EBADMSG); /* more than the zlib stream */
    free(text);
    free(packed);
}

static void a_number_cut_off_is_refused(void **state)
{
    (void)state;
    uint8_t number[9];
    memset(number, 0x80, sizeof number);
    for (size_t length = 1; length < sizeof number; length++) {
        refuses_counts(number, length, -EBADMSG);
    }
    /* the ninth byte ends a number whatever its top bit */
    struct mill_histogram *histogram = histogram_make();
    char *text = text_of_counts(number, sizeof number);
    assert_int_equal(mill_histogram_decode(histogram, text, NULL), 0);
    assert_int_equal(histogram->slots[0], UINT64_C(1) << 62);
    free(text);
    mill_histogram_destroy(histogram);
}

static void foreign_cookies_are_refused(void **state)
{
    (void)state;
    uint8_t plain[1000];
    size_t length = plain_of_text(by_hdr_histogram_c, plain, sizeof plain);
    put_big_endian(plain, 0x1c849301, 4); /* V1 */
    char *text = text_of_plain(plain, length);
    decode_refuses(text, -EBADMSG);
    free(text);
    uint8_t *packed = NULL;
    assert_int_equal(mill_base64_decode(by_hdr_histogram_c, &packed, &length), 0);
    put_big_endian(packed, 0x1c849302, 4); /* V1, compressed */
    text = text_of_packed(packed, length);
    decode_refuses(text, -EBADMSG);
    free(text);
    free(packed);
}

static void slots_beyond_the_table_are_refused(void **state)
{
    (void)state;
    /* 33420 empty slots, and then: the last slot; one slot more than that */
    _Static_assert(MILL_HISTOGRAM_SLOTS == 33421, "the numbers below");
    static const uint8_t last[] = {0x97, 0x8a, 0x04, 0x02};
    static const uint8_t one_too_many[] = {0x97, 0x8a, 0x04, 0x02, 0x02};
    static const uint8_t empty_too_many[] = {0x9b, 0x8a, 0x04};
    static const uint8_t huge_run[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct mill_histogram *histogram = histogram_make();
    char *text = text_of_counts(last, sizeof last);
    assert_int_equal(mill_histogram_decode(histogram, text, NULL), 0);
    assert_int_equal(histogram->slots[MILL_HISTOGRAM_SLOTS - 1], 1);
    free(text);
    mill_histogram_destroy(histogram);
    refuses_counts(one_too_many, sizeof one_too_many, -ERANGE);
    refuses_counts(empty_too_many, sizeof empty_too_many, -ERANGE);
    refuses_counts(huge_run, sizeof huge_run, -ERANGE);
}

static void more_values_than_can_be_counted_are_refused(void **state)
{
    (void)state;
    static const uint8_t twice_the_largest[] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct mill_histogram *histogram = histogram_make();
    char *text = text_of_counts(twice_the_largest, sizeof twice_the_largest / 2);
    assert_int_equal(mill_histogram_decode(histogram, text, NULL), 0);
    assert_int_equal(histogram->count, INT64_MAX);
    free(text);
    mill_histogram_destroy(histogram);
    refuses_counts(twice_the_largest, sizeof twice_the_largest, -ERANGE);
}

static void a_stream_that_inflates_without_end_is_refused(void **state)
{
    (void)state;
    size_t length = 32u << 20;
    uint8_t *zeros = calloc(length, 1);
    assert_non_null(zeros);
    refuses_counts(zeros, length, -ERANGE);
    free(zeros);
}

/* Whatever the bytes: refused with a message and nothing left behind, or a histogram whose fields agree. */
static int decode_anything(struct mill_histogram *histogram, const char *text)
{
    struct mill_error error = {0};
    int status = mill_histogram_decode(histogram, text, &error);
    if (status < 0) {
        assert_true(status == -EBADMSG || status == -ERANGE);
        assert_true(strlen(error.message) > 0);
        assert_int_equal(histogram->count, 0);
        return 0;
    }
    uint64_t sum = 0;
    for (size_t slot = 0; slot < MILL_HISTOGRAM_SLOTS; slot++) {
        sum += histogram->slots[slot];
    }
    assert_int_equal(sum, histogram->count);
    if (sum > 0) {
        assert_true(histogram->slots[mill_histogram_slot(histogram->minimum)] > 0);
        assert_true(histogram->slots[mill_histogram_slot(histogram->maximum)] > 0);
    }
    return 1;
}

static void corrupt_texts_do_no_harm(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, SEED, 1);
    struct mill_histogram *histogram = histogram_make();
    char text[sizeof by_hdr_histogram_js];
    for (int round = 0; round < 3000; round++) {
        memcpy(text, by_hdr_histogram_js, sizeof text);
        for (uint64_t i = 1 + mill_random_below(&random, 4); i > 0; i--) {
            text[mill_random_below(&random, sizeof text - 1)] = (char)(1 + mill_random_below(&random, 255));
        }
        decode_anything(histogram, text);
    }
    mill_histogram_destroy(histogram);
}

/* The zlib stream is sound here, so that the corruption reaches what lies beneath it. */
static void corrupt_plain_encodings_do_no_harm(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, SEED, 2);
    struct mill_histogram *histogram = histogram_make();
    uint8_t sound[1000];
    uint8_t plain[1100];
    size_t length = plain_of_text(by_hdr_histogram_js, sound, sizeof sound);
    int accepted = 0;
    for (int round = 0; round < 3000; round++) {
        memcpy(plain, sound, length);
        size_t from = mill_random_below(&random, 4) == 0 ? 0 : HEADER_PLAIN;
        for (uint64_t i = 1 + mill_random_below(&random, 4); i > 0; i--) {
            plain[from + mill_random_below(&random, length - from)] = (uint8_t)mill_random_next(&random);
        }
        char *text = text_of_plain(plain, length);
        accepted += decode_anything(histogram, text);
        free(text);
    }
    assert_in_range(accepted, 1, 2999); /* both ways were met */
    mill_histogram_destroy(histogram);
}

static void random_counts_do_no_harm(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, SEED, 3);
    struct mill_histogram *histogram = histogram_make();
    for (int round = 0; round < 3000; round++) {
        uint8_t counts[64];
        size_t length = mill_random_below(&random, sizeof counts + 1);
        for (size_t i = 0; i < length; i++) {
            counts[i] = (uint8_t)mill_random_next(&random);
        }
        char *text = text_of_counts(counts, length);
        decode_anything(histogram, text);
        free(text);
    }
    mill_histogram_destroy(histogram);
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
        cmocka_unit_test(every_cut_text_is_refused),
        cmocka_unit_test(every_cut_zlib_stream_is_refused),
        cmocka_unit_test(every_cut_plain_encoding_is_refused),
        cmocka_unit_test(a_wrong_length_of_the_counts_is_refused),
        cmocka_unit_test(bytes_after_the_end_are_refused),
        cmocka_unit_test(a_number_cut_off_is_refused),
        cmocka_unit_test(foreign_cookies_are_refused),
        cmocka_unit_test(slots_beyond_the_table_are_refused),
        cmocka_unit_test(more_values_than_can_be_counted_are_refused),
        cmocka_unit_test(a_stream_that_inflates_without_end_is_refused),
        cmocka_unit_test(corrupt_texts_do_no_harm),
        cmocka_unit_test(corrupt_plain_encodings_do_no_harm),
        cmocka_unit_test(random_counts_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
