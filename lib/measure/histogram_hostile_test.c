/* Texts that are cut, corrupt or made to do harm are refused, and leave the histogram empty. */
#include "measure/test_encoding.h"

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
