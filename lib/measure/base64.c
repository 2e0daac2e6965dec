#include "measure/base64.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void mill_base64_encode(char *text, const uint8_t *data, size_t length)
{
    for (size_t at = 0; at < length; at += 3) {
        size_t left = length - at;
        uint32_t group = (uint32_t)data[at] << 16;
        group |= left > 1 ? (uint32_t)data[at + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)data[at + 2] : 0;
        *text++ = alphabet[group >> 18];
        *text++ = alphabet[group >> 12 & 63];
        *text++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *text++ = left > 2 ? alphabet[group & 63] : '=';
    }
    *text = '\0';
}

/* The six bits of a character, or -1. */
static int digit_of(char character)
{
    const char *found = character != '\0' ? strchr(alphabet, character) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

/* Decodes four characters, the last `padding` of which are '='. */
static int decode_group(const char *text, size_t padding, uint8_t *data)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < 4 - padding ? digit_of(text[i]) : 0;
        if (digit < 0) {
            return -EBADMSG;
        }
        group = group << 6 | (uint32_t)digit;
    }
    for (size_t i = 0; i < 3; i++) {
        uint8_t byte = (uint8_t)(group >> (16 - 8 * i));
        if (i < 3 - padding) {
            data[i] = byte;
        } else if (byte != 0) {
            return -EBADMSG;
        }
    }
    return 0;
}

int mill_base64_decode(const char *text, uint8_t **data, size_t *length)
{
    size_t characters = strlen(text);
    if (characters % 4 != 0) {
        return -EBADMSG;
    }
    size_t padding = 0;
    while (padding < 2 && padding < characters && text[characters - 1 - padding] == '=') {
        padding++;
    }
    size_t bytes = characters / 4 * 3 - padding;
    uint8_t *decoded = malloc(bytes > 0 ? bytes : 1);
    if (!decoded) {
        return -ENOMEM;
    }
    for (size_t group = 0; group < characters / 4; group++) {
        size_t padded = group + 1 == characters / 4 ? padding : 0;
        if (decode_group(text + 4 * group, padded, decoded + 3 * group) < 0) {
            free(decoded);
            return -EBADMSG;
        }
    }
    *data = decoded;
    *length = bytes;
    return 0;
}
