/* Shared by wire_read*.c: a text to a tree of JSON, and members of an object to members of a struct. */
#ifndef MILL_DEVICE_WIRE_JSON_H
#define MILL_DEVICE_WIRE_JSON_H

#include <stddef.h>

#include <jansson.h>

#include "core/error.h"

/* Parses a text that is at most `limit` bytes long. 0, -EMSGSIZE, -EBADMSG, -ENOMEM; the caller owns *root.
 */
int mill_json_parse(const char *text, size_t length, size_t limit, json_t **root, struct mill_error *error);

enum mill_json_type {
    MILL_JSON_NUMBER,   /* double */
    MILL_JSON_INTEGER,  /* int64_t */
    MILL_JSON_UNSIGNED, /* uint64_t; not negative */
    MILL_JSON_BOOL,
    MILL_JSON_STRING, /* char[room] */
};

struct mill_json_member {
    const char *key;
    enum mill_json_type type;
    size_t offset; /* of the struct's member */
    size_t room;   /* of a string, with its NUL */
};

/* Reads every member of the table from `object` into the struct at `into`. 0 or -EBADMSG, said with the key;
 * then what `into` holds means nothing. */
int mill_json_read(const json_t *object, const struct mill_json_member *members, size_t count, void *into,
                   struct mill_error *error);

#define MILL_JSON_READ(object, members, into, error) \
    mill_json_read(object, members, sizeof(members) / sizeof((members)[0]), into, error)

#endif
