/* Base64 (RFC 4648, the standard alphabet, padded, without line breaks). Pure functions; any thread. */
#ifndef MILL_MEASURE_BASE64_H
#define MILL_MEASURE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* The characters that `length` bytes take, the closing zero not counted. */
#define MILL_BASE64_LENGTH(length) (((length) + 2) / 3 * 4)

/* Writes MILL_BASE64_LENGTH(length) characters and a closing zero. */
void mill_base64_encode(char *text, const uint8_t *data, size_t length);

/* Decodes the whole of `text` into *data, which the caller frees. 0, -ENOMEM, or -EBADMSG for anything that
 * is not exactly what mill_base64_encode writes: a foreign character, white space, missing padding, bits left
 * over. */
int mill_base64_decode(const char *text, uint8_t **data, size_t *length);

#endif
