#include "hunt/token.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#define VERSION    1
#define PREFIX     "tm1."
#define HASH_BYTES 8
#define SUM_BYTES  4

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static uint32_t add_to_sum(uint32_t sum, uint8_t byte)
{
    sum ^= byte;
    for (int bit = 0; bit < 8; bit++) {
        sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
    }
    return sum;
}

/* ---- writing ---- */

struct writer {
    char *text; /* NULL: only counts */
    size_t length;
    uint32_t sum;
    uint32_t bits; /* not yet written */
    unsigned bit_count;
};

static void write_digit(struct writer *writer, unsigned digit)
{
    if (writer->text) {
        writer->text[writer->length] = alphabet[digit];
    }
    writer->length++;
}

static void write_byte(struct writer *writer, uint8_t byte)
{
    writer->sum = add_to_sum(writer->sum, byte);
    writer->bits = (writer->bits << 8 | byte) & 0xffff;
    writer->bit_count += 8;
    while (writer->bit_count >= 6) {
        writer->bit_count -= 6;
        write_digit(writer, writer->bits >> writer->bit_count & 63);
    }
}

static void write_number(struct writer *writer, uint32_t number)
{
    while (number >= 128) {
        write_byte(writer, (uint8_t)(number | 128));
        number >>= 7;
    }
    write_byte(writer, (uint8_t)number);
}

/* The flags beside the value in the lowest bits, so that numbers of small threads are short. */
static uint32_t pack(uint32_t item)
{
    return item << 2 | item >> 30;
}

static uint32_t unpack(uint32_t packed)
{
    return packed >> 2 | packed << 30;
}

/* Returns the length; the text is not ended. */
static size_t write_token(char *text, const struct mill_choices *list, uint64_t program)
{
    struct writer writer = {.text = text, .length = strlen(PREFIX), .sum = UINT32_MAX};
    for (size_t i = 0; text && i < strlen(PREFIX); i++) {
        text[i] = PREFIX[i];
    }
    for (int i = 0; i < HASH_BYTES; i++) {
        write_byte(&writer, (uint8_t)(program >> 8 * i));
    }
    for (uint32_t at = 0; at < list->count;) {
        struct mill_choices_run run = mill_choices_run(list, at);
        write_number(&writer, pack(run.item));
        write_number(&writer, run.length - 1);
        at += run.length;
    }
    uint32_t sum = ~writer.sum;
    for (int i = 0; i < SUM_BYTES; i++) {
        write_byte(&writer, (uint8_t)(sum >> 8 * i));
    }
    if (writer.bit_count > 0) {
        write_digit(&writer, writer.bits << (6 - writer.bit_count) & 63);
    }
    return writer.length;
}

size_t mill_token_size(const struct mill_choices *list, uint64_t program)
{
    return write_token(NULL, list, program) + 1;
}

int mill_token_encode(const struct mill_choices *list, uint64_t program, char *text, size_t size)
{
    if (list->lost > 0) {
        return -EOVERFLOW;
    }
    size_t needed = mill_token_size(list, program);
    if (needed > size || needed > INT_MAX) {
        return -ENOBUFS;
    }
    size_t length = write_token(text, list, program);
    text[length] = '\0';
    return (int)length;
}

/* ---- reading ---- */

/* The six bits of a character, or -1. */
static int digit_of(char character)
{
    if (character >= 'A' && character <= 'Z') {
        return character - 'A';
    }
    if (character >= 'a' && character <= 'z') {
        return character - 'a' + 26;
    }
    if (character >= '0' && character <= '9') {
        return character - '0' + 52;
    }
    return character == '-' ? 62 : character == '_' ? 63 : -1;
}

/* Of digits that are known to be good. */
static uint8_t byte_at(const char *digits, size_t index)
{
    size_t bit = 8 * index;
    unsigned two = (unsigned)digit_of(digits[bit / 6]) << 6 | (unsigned)digit_of(digits[bit / 6 + 1]);
    return (uint8_t)(two >> (4 - bit % 6));
}

static int check_prefix(const char *text, struct mill_error *error)
{
    size_t length = 2;
    while (strncmp(text, "tm", 2) == 0 && text[length] >= '0' && text[length] <= '9' && length < 8) {
        length++;
    }
    if (length == 2 || text[length] != '.') {
        return mill_error_set(error, -EINVAL, "'%.40s' is not a token: one begins with '%s'", text, PREFIX);
    }
    if (strncmp(text, PREFIX, strlen(PREFIX)) != 0) {
        return mill_error_set(error, -EPROTONOSUPPORT,
                              "token '%.40s' is of version %.*s, and this reads version %d: replay it with "
                              "the threadmill that printed it",
                              text, (int)length - 2, text + 2, VERSION);
    }
    return 0;
}

/* Are all digits good, and the sum? Sets how many bytes there are before the sum. */
static int check_digits(const char *digits, size_t *bytes, struct mill_error *error)
{
    size_t count = 0;
    for (; digits[count] != '\0'; count++) {
        if (digit_of(digits[count]) < 0) {
            return mill_error_set(error, -EINVAL,
                                  "character %zu of the token is none that a token has: "
                                  "copy it whole, without spaces or quotes",
                                  strlen(PREFIX) + count + 1);
        }
    }
    size_t all = count * 6 / 8;
    unsigned spare = count * 6 % 8;
    bool whole = count % 4 != 1 && all >= HASH_BYTES + SUM_BYTES &&
                 (spare == 0 || ((unsigned)digit_of(digits[count - 1]) & ((1u << spare) - 1)) == 0);
    uint32_t sum = UINT32_MAX;
    for (size_t i = 0; whole && i < all - SUM_BYTES; i++) {
        sum = add_to_sum(sum, byte_at(digits, i));
    }
    for (size_t i = 0; whole && i < SUM_BYTES; i++) {
        whole = byte_at(digits, all - SUM_BYTES + i) == (uint8_t)(~sum >> 8 * i);
    }
    if (!whole) {
        return mill_error_set(error, -EBADMSG,
                              "the token is damaged: it was cut short or changed; copy it again, whole");
    }
    *bytes = all - SUM_BYTES;
    return 0;
}

/* Reads a variable-length number in its shortest form. */
static bool read_number(const char *digits, size_t bytes, size_t *at, uint32_t *number)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35 && *at < bytes; shift += 7) {
        uint8_t byte = byte_at(digits, (*at)++);
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *number = (uint32_t)value;
            return value <= UINT32_MAX && (byte != 0 || shift == 0);
        }
    }
    return false;
}

static int read_runs(const char *digits, size_t bytes, struct mill_choices *list, struct mill_error *error)
{
    for (size_t at = HASH_BYTES; at < bytes;) {
        uint32_t packed = 0;
        uint32_t more = 0;
        if (!read_number(digits, bytes, &at, &packed) || !read_number(digits, bytes, &at, &more)) {
            return mill_error_set(error, -EPROTO, "the token makes no sense: a number has no end");
        }
        struct mill_choices_run run = {.item = unpack(packed), .length = more};
        if ((run.item & MILL_CHOICE_DATA) && (run.item & MILL_CHOICE_PREEMPTS)) {
            return mill_error_set(error, -EPROTO, "the token makes no sense: a way preempts nobody");
        }
        if (list->count > 0 && run.item == (list->items[list->count - 1] & ~MILL_CHOICE_PREEMPTS)) {
            return mill_error_set(error, -EPROTO, "the token makes no sense: a run goes on in the next one");
        }
        if (more >= list->capacity - list->count) {
            return mill_error_set(error, -EOVERFLOW, "the token has more than %u choices", list->capacity);
        }
        run.length++;
        mill_choices_add_run(list, run);
    }
    return 0;
}

int mill_token_decode(const char *text, struct mill_choices *list, uint64_t *program,
                      struct mill_error *error)
{
    mill_choices_clear(list);
    size_t bytes = 0;
    int status = check_prefix(text, error);
    if (status == 0) {
        status = check_digits(text + strlen(PREFIX), &bytes, error);
    }
    if (status < 0) {
        return status;
    }
    const char *digits = text + strlen(PREFIX);
    *program = 0;
    for (size_t i = 0; i < HASH_BYTES; i++) {
        *program |= (uint64_t)byte_at(digits, i) << 8 * i;
    }
    status = read_runs(digits, bytes, list, error);
    if (status < 0) {
        mill_choices_clear(list);
    }
    return status;
}
