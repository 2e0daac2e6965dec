/* The encoding, all numbers big-endian:
 *
 *     compressed:  cookie 0x1c849304, length of what follows, zlib stream of
 *     plain:       cookie 0x1c849303, length of the counts, normalizing index offset, digits (4 bytes each),
 *                  lowest value, highest value, conversion ratio as a double (8 bytes each),
 *     counts:      one number a slot, up to the last slot in use; a negative number stands for so many empty
 * slots.
 *
 * A second-lowest hexadecimal digit of 1 in both cookies says that the counts are variable numbers; readers
 * of V2 do not look at it. A count is folded to an unsigned number by ZigZag (0, -1, 1, -2 … become 0, 1, 2,
 * 3 …) and written as LEB128: seven bits a byte from the lowest on, the top bit saying that more follow, but
 * eight bits in a ninth byte.
 */
#include "measure/histogram_encoding.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "measure/base64.h"

#define COOKIE_PLAIN      UINT32_C(0x1c849303)
#define COOKIE_COMPRESSED UINT32_C(0x1c849304)
#define COOKIE_WORD_SIZE  UINT32_C(0xf0)
#define COOKIE_VARIABLE   UINT32_C(0x10)
#define LOWEST            1
#define RATIO_ONE         UINT64_C(0x3ff0000000000000) /* the double 1.0 */
#define HEADER_COMPRESSED 8
#define HEADER_PLAIN      40
#define NUMBER_MAXIMUM    9 /* bytes */
#define PLAIN_MAXIMUM     (HEADER_PLAIN + NUMBER_MAXIMUM * MILL_HISTOGRAM_SLOTS)

static uint8_t *put_fixed(uint8_t *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = bytes; i > 0; i--) {
        *to++ = (uint8_t)(value >> (8 * (i - 1)));
    }
    return to;
}

static uint8_t *put_number(uint8_t *to, uint64_t folded)
{
    for (unsigned i = 1; i < NUMBER_MAXIMUM && folded >= 0x80; i++) {
        *to++ = (uint8_t)(folded | 0x80);
        folded >>= 7;
    }
    *to++ = (uint8_t)folded;
    return to;
}

/* One slot in use, or a run of empty ones. A single empty slot is written as a count of 0, as the reference
 * does. */
static uint8_t *put_counts(uint8_t *to, const struct mill_histogram *histogram, size_t slots)
{
    for (size_t slot = 0; slot < slots;) {
        size_t empty = 0;
        while (slot + empty < slots && histogram->slots[slot + empty] == 0) {
            empty++;
        }
        if (empty > 1) {
            to = put_number(to, 2 * (uint64_t)empty - 1);
            slot += empty;
        } else if (histogram->slots[slot] <= INT64_MAX) {
            to = put_number(to, 2 * histogram->slots[slot]);
            slot++;
        } else {
            return NULL;
        }
    }
    return to;
}

static size_t slots_in_use(const struct mill_histogram *histogram)
{
    size_t slots = MILL_HISTOGRAM_SLOTS;
    while (slots > 1 && histogram->slots[slots - 1] == 0) {
        slots--;
    }
    return slots; /* an empty histogram writes one count of 0 */
}

/* The plain encoding's length, or a negative errno. */
static ptrdiff_t encode_plain(const struct mill_histogram *histogram, uint8_t *plain)
{
    uint8_t *counts = plain + HEADER_PLAIN;
    uint8_t *end = put_counts(counts, histogram, slots_in_use(histogram));
    if (!end) {
        return -ERANGE;
    }
    uint8_t *to = put_fixed(plain, COOKIE_PLAIN | COOKIE_VARIABLE, 4);
    to = put_fixed(to, (uint64_t)(end - counts), 4);
    to = put_fixed(to, 0, 4);
    to = put_fixed(to, MILL_HISTOGRAM_DIGITS, 4);
    to = put_fixed(to, LOWEST, 8);
    to = put_fixed(to, MILL_HISTOGRAM_HIGHEST, 8);
    put_fixed(to, RATIO_ONE, 8);
    return end - plain;
}

int mill_histogram_encode(const struct mill_histogram *histogram, char **text)
{
    int status = -ENOMEM;
    uint8_t *packed = NULL;
    char *made = NULL;
    uint8_t *plain = malloc(PLAIN_MAXIMUM);
    if (!plain) {
        goto out;
    }
    ptrdiff_t plain_length = encode_plain(histogram, plain);
    if (plain_length < 0) {
        status = (int)plain_length;
        goto out;
    }
    uLongf packed_length = compressBound((uLong)plain_length);
    packed = malloc(HEADER_COMPRESSED + packed_length);
    if (!packed || compress2(packed + HEADER_COMPRESSED, &packed_length, plain, (uLong)plain_length,
                             Z_BEST_COMPRESSION) != Z_OK) {
        goto out; /* with room for the worst case, zlib fails only without memory */
    }
    put_fixed(put_fixed(packed, COOKIE_COMPRESSED | COOKIE_VARIABLE, 4), packed_length, 4);
    made = malloc(MILL_BASE64_LENGTH(HEADER_COMPRESSED + packed_length) + 1);
    if (!made) {
        goto out;
    }
    mill_base64_encode(made, packed, HEADER_COMPRESSED + packed_length);
    *text = made;
    status = 0;
out:
    free(packed);
    free(plain);
    return status;
}

/* What is left to read. */
struct bytes {
    const uint8_t *at;
    size_t left;
};

/* `bytes` is known to hold them. */
static uint64_t take_fixed(struct bytes *bytes, unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++) {
        value = value << 8 | bytes->at[i];
    }
    bytes->at += count;
    bytes->left -= count;
    return value;
}

/* False when the bytes end within the number. */
static bool take_number(struct bytes *bytes, uint64_t *folded)
{
    *folded = 0;
    for (unsigned shift = 0;; shift += 7) {
        if (bytes->left == 0) {
            return false;
        }
        uint64_t byte = take_fixed(bytes, 1);
        if (byte < 0x80 || shift == 7 * (NUMBER_MAXIMUM - 1)) {
            *folded |= byte << shift;
            return true;
        }
        *folded |= (byte & 0x7f) << shift;
    }
}

static int take_counts(struct bytes *bytes, struct mill_histogram *histogram, struct mill_error *error)
{
    size_t slot = 0;
    while (bytes->left > 0) {
        uint64_t folded;
        if (!take_number(bytes, &folded)) {
            return mill_error_set(error, -EBADMSG,
                                  "histogram: the counts end within a number, after slot %zu", slot);
        }
        uint64_t half = folded / 2;
        uint64_t steps = folded % 2 != 0 ? half + 1 : 1;
        if (steps > MILL_HISTOGRAM_SLOTS - slot) {
            return mill_error_set(error, -ERANGE, "histogram: %" PRIu64 " more slots after slot %zu, of %zu",
                                  steps, slot, (size_t)MILL_HISTOGRAM_SLOTS);
        }
        if (folded % 2 == 0) {
            if (half > INT64_MAX - histogram->count) {
                return mill_error_set(error, -ERANGE,
                                      "histogram: more than %" PRId64 " values up to slot %zu", INT64_MAX,
                                      slot);
            }
            histogram->slots[slot] = half;
            histogram->count += half;
        }
        slot += (size_t)steps;
    }
    return 0;
}

/* The normalizing index offset and the conversion ratio are not looked at: the offset tells where a writer
 * that shifts its values keeps them in memory (the counts are in their true order, and hdr-histogram-js
 * writes 1 where there is no shift), and the ratio is for histograms of doubles, whose own encoding has
 * another cookie. */
static int decode_plain(struct bytes plain, struct mill_histogram *histogram, struct mill_error *error)
{
    if (plain.left < HEADER_PLAIN) {
        return mill_error_set(error, -EBADMSG, "histogram: %zu bytes inflated, but the header alone has %d",
                              plain.left, HEADER_PLAIN);
    }
    uint32_t cookie = (uint32_t)take_fixed(&plain, 4);
    if ((cookie & ~COOKIE_WORD_SIZE) != COOKIE_PLAIN) {
        return mill_error_set(error, -EBADMSG,
                              "histogram: cookie 0x%08" PRIx32 " inflated, not V2's 0x%08" PRIx32, cookie,
                              COOKIE_PLAIN | COOKIE_VARIABLE);
    }
    uint32_t length = (uint32_t)take_fixed(&plain, 4);
    take_fixed(&plain, 4);
    uint32_t digits = (uint32_t)take_fixed(&plain, 4);
    uint64_t lowest = take_fixed(&plain, 8);
    uint64_t highest = take_fixed(&plain, 8);
    take_fixed(&plain, 8);
    if (length != plain.left) {
        return mill_error_set(error, -EBADMSG, "histogram: %zu bytes of counts, but the header says %" PRIu32,
                              plain.left, length);
    }
    if (digits != MILL_HISTOGRAM_DIGITS || lowest != LOWEST || highest != MILL_HISTOGRAM_HIGHEST) {
        return mill_error_set(error, -ERANGE,
                              "histogram: from %" PRIu64 " to %" PRIu64 " with %" PRIu32
                              " digits; only %d to %" PRIu64 " with %d digits can be read",
                              lowest, highest, digits, LOWEST, MILL_HISTOGRAM_HIGHEST, MILL_HISTOGRAM_DIGITS);
    }
    return take_counts(&plain, histogram, error);
}

/* Inflates into a buffer that holds any histogram of these bounds, however much the stream would give. */
static int decode_compressed(struct bytes packed, struct mill_histogram *histogram, struct mill_error *error)
{
    if (packed.left < HEADER_COMPRESSED) {
        return mill_error_set(error, -EBADMSG, "histogram: %zu bytes, but the header alone has %d",
                              packed.left, HEADER_COMPRESSED);
    }
    uint32_t cookie = (uint32_t)take_fixed(&packed, 4);
    if ((cookie & ~COOKIE_WORD_SIZE) != COOKIE_COMPRESSED) {
        return mill_error_set(error, -EBADMSG,
                              "histogram: cookie 0x%08" PRIx32 ", not compressed V2's 0x%08" PRIx32, cookie,
                              COOKIE_COMPRESSED | COOKIE_VARIABLE);
    }
    uint32_t length = (uint32_t)take_fixed(&packed, 4);
    if (length != packed.left) {
        return mill_error_set(error, -EBADMSG,
                              "histogram: %zu compressed bytes, but the header says %" PRIu32, packed.left,
                              length);
    }
    uint8_t *plain = malloc(PLAIN_MAXIMUM);
    if (!plain) {
        return mill_error_set(error, -ENOMEM, "histogram: out of memory");
    }
    int status;
    uLongf plain_length = PLAIN_MAXIMUM;
    uLong consumed = packed.left;
    switch (uncompress2(plain, &plain_length, packed.at, &consumed)) {
    case Z_OK:
        status = consumed == packed.left
                     ? decode_plain((struct bytes){plain, plain_length}, histogram, error)
                     : mill_error_set(error, -EBADMSG, "histogram: %zu bytes after the compressed ones",
                                      (size_t)(packed.left - consumed));
        break;
    case Z_BUF_ERROR:
        status =
            mill_error_set(error, -ERANGE, "histogram: inflates to more than the %zu bytes of a full one",
                           (size_t)PLAIN_MAXIMUM);
        break;
    case Z_MEM_ERROR:
        status = mill_error_set(error, -ENOMEM, "histogram: out of memory");
        break;
    default:
        status = mill_error_set(error, -EBADMSG, "histogram: the zlib stream is corrupt or cut off");
        break;
    }
    free(plain);
    return status;
}

static void set_extremes(struct mill_histogram *histogram)
{
    if (histogram->count == 0) {
        return;
    }
    size_t first = 0;
    while (histogram->slots[first] == 0) {
        first++;
    }
    histogram->minimum = mill_histogram_slot_value(first);
    histogram->maximum =
        mill_histogram_highest_equivalent(mill_histogram_slot_value(slots_in_use(histogram) - 1));
}

int mill_histogram_decode(struct mill_histogram *histogram, const char *text, struct mill_error *error)
{
    mill_histogram_reset(histogram);
    uint8_t *packed;
    size_t length;
    int status = mill_base64_decode(text, &packed, &length);
    if (status < 0) {
        return mill_error_set(error, status, "histogram: %s",
                              status == -ENOMEM ? "out of memory" : "the text is not padded base64");
    }
    status = decode_compressed((struct bytes){packed, length}, histogram, error);
    free(packed);
    if (status < 0) {
        mill_histogram_reset(histogram);
        return status;
    }
    set_extremes(histogram);
    return 0;
}
