/* What the tests of the encoding share: texts that others wrote, and the layers of a text taken off and put
 * on by hand. */
#ifndef MILL_MEASURE_TEST_ENCODING_H
#define MILL_MEASURE_TEST_ENCODING_H

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
#include "measure/histogram_encoding.h"

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

static inline struct mill_histogram *histogram_make(void)
{
    struct mill_histogram *histogram = NULL;
    assert_int_equal(mill_histogram_create(&histogram), 0);
    return histogram;
}

static inline void put_times(struct mill_histogram *histogram, uint64_t value, uint64_t times)
{
    mill_histogram_record(histogram, value);
    histogram->slots[mill_histogram_slot(value)] += times - 1;
    histogram->count += times - 1;
}

static inline struct mill_histogram *foreign_values(void)
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

static inline void assert_same_slots(const struct mill_histogram *left, const struct mill_histogram *right)
{
    assert_int_equal(left->count, right->count);
    assert_memory_equal(left->slots, right->slots, sizeof left->slots);
}

static inline void assert_empty(const struct mill_histogram *histogram)
{
    struct mill_histogram *empty = histogram_make();
    assert_memory_equal(histogram, empty, sizeof *empty);
    mill_histogram_destroy(empty);
}

static inline void decode_refuses(const char *text, int status)
{
    struct mill_histogram *histogram = foreign_values();
    struct mill_error error = {0};
    assert_int_equal(mill_histogram_decode(histogram, text, &error), status);
    assert_true(strlen(error.message) > 0);
    assert_empty(histogram);
    mill_histogram_destroy(histogram);
}

/* ---- the layers by hand: plain bytes to text and back ---- */

static inline void put_big_endian(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

static inline char *text_of_packed(const uint8_t *packed, size_t length)
{
    char *text = malloc(MILL_BASE64_LENGTH(length) + 1);
    assert_non_null(text);
    mill_base64_encode(text, packed, length);
    return text;
}

static inline char *text_of_plain(const uint8_t *plain, size_t length)
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

static inline size_t plain_of_text(const char *text, uint8_t *plain, size_t size)
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
static inline char *text_of_counts(const uint8_t *counts, size_t length)
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

static inline void refuses_counts(const uint8_t *counts, size_t length, int status)
{
    char *text = text_of_counts(counts, length);
    decode_refuses(text, status);
    free(text);
}

#endif
