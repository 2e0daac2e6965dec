#include "device/wire_json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

int mill_json_parse(const char *text, size_t length, size_t limit, json_t **root, struct mill_error *error)
{
    if (text == NULL) {
        return mill_error_set(error, -EBADMSG, "no text");
    }
    if (length > limit) {
        return mill_error_set(error, -EMSGSIZE, "%zu bytes, and no more than %zu are expected", length,
                              limit);
    }
    json_error_t failure;
    *root = json_loadb(text, length, 0, &failure);
    if (*root != NULL) {
        return 0;
    }
    /* Out of memory the parser mostly gives up without a word. */
    if (failure.text[0] == '\0' || json_error_code(&failure) == json_error_out_of_memory) {
        return mill_error_set(error, -ENOMEM, "no memory for what was received");
    }
    return mill_error_set(error, -EBADMSG, "no JSON: %s", failure.text);
}

static bool read_string(const json_t *value, char *into, size_t room)
{
    if (!json_is_string(value) || json_string_length(value) >= room) {
        return false;
    }
    memcpy(into, json_string_value(value), json_string_length(value) + 1);
    return true;
}

static bool read_member(const json_t *value, const struct mill_json_member *member, void *into)
{
    switch (member->type) {
    case MILL_JSON_NUMBER: /* the parser refuses what is not finite */
        *(double *)into = json_number_value(value);
        return json_is_number(value);
    case MILL_JSON_INTEGER:
        *(int64_t *)into = json_integer_value(value);
        return json_is_integer(value);
    case MILL_JSON_UNSIGNED:
        *(uint64_t *)into = (uint64_t)json_integer_value(value);
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case MILL_JSON_BOOL:
        *(bool *)into = json_is_true(value);
        return json_is_boolean(value);
    case MILL_JSON_STRING:
        return read_string(value, into, member->room);
    }
    return false;
}

static const char *expected(const struct mill_json_member *member)
{
    static const char *const words[] = {
        [MILL_JSON_NUMBER] = "a number",
        [MILL_JSON_INTEGER] = "an integer",
        [MILL_JSON_UNSIGNED] = "an integer that is not negative",
        [MILL_JSON_BOOL] = "true or false",
        [MILL_JSON_STRING] = "a string that is short enough",
    };
    return words[member->type];
}

int mill_json_read(const json_t *object, const struct mill_json_member *members, size_t count, void *into,
                   struct mill_error *error)
{
    if (!json_is_object(object)) {
        return mill_error_set(error, -EBADMSG, "no object of JSON");
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, members[i].key);
        if (value == NULL) {
            return mill_error_set(error, -EBADMSG, "'%s' is missing", members[i].key);
        }
        if (!read_member(value, &members[i], (char *)into + members[i].offset)) {
            return mill_error_set(error, -EBADMSG, "'%s' is not %s", members[i].key, expected(&members[i]));
        }
    }
    return 0;
}
