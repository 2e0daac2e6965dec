/* A token: the choices of a schedule, and of which program, as text for a command line.
 *
 *     tm1.MZ3Kx0…
 *
 * "tm", the version, a stop, and base64url without padding (RFC 4648) of: eight bytes of the program's hash,
 * for each run of equal choices its choice and its length as variable-length numbers, and a CRC-32 of all of
 * that. It does not say which explorer made the choices: it does not matter any more. Of each list and hash
 * there is one token, and no other text is taken for it. Nothing here blocks or allocates; any thread.
 */
#ifndef MILL_HUNT_TOKEN_H
#define MILL_HUNT_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "hunt/choices.h"

/* Bytes of the token with its final zero. */
size_t mill_token_size(const struct mill_choices *list, uint64_t program);

/* Writes the token; returns its length, or -ENOBUFS when `size` is less than mill_token_size, or -EOVERFLOW
 * when the list has lost choices, so that no token can tell its schedule. */
int mill_token_encode(const struct mill_choices *list, uint64_t program, char *text, size_t size);

/* Reads a token into `list`, which keeps its capacity, and the hash of the program that it is of; whether
 * that is the program at hand is for the caller to see. 0, or with a message in `error` (may be NULL), and
 * the list empty:
 *
 *     -EINVAL            not a token: it begins otherwise, or has a character that is none of base64url
 *     -EPROTONOSUPPORT   of another version
 *     -EBADMSG           damaged: cut short, or changed since it was made
 *     -EPROTO            its sum is right and its content is not: nobody's encoder wrote that
 *     -EOVERFLOW         it has more choices than `list` has room for
 */
int mill_token_decode(const char *text, struct mill_choices *list, uint64_t *program,
                      struct mill_error *error);

#endif
