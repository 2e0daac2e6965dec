/* JSON put together of parts that memory may run out for: what is NULL makes everything NULL that it was to
 * be a part of, so that a document has all of its parts or is none.
 *
 *     json_t *rows = json_array();
 *     for (…)
 *         rows = mill_json_and(rows, new_row(…));
 *     return mill_json_with(json_pack("{s:s}", "format", name), "rows", rows);
 *
 * One thread for each value.
 */
#ifndef MILL_HARNESS_JSON_PARTS_H
#define MILL_HARNESS_JSON_PARTS_H

#include <jansson.h>

#include "core/text.h"

/* `object` with `value` as its `name`. Both are taken over, and either may be NULL: then, and when memory
 * runs out, the result is NULL. */
static inline json_t *mill_json_with(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) == 0) {
        return object;
    }
    json_decref(object);
    return NULL;
}

/* `array` with `value` behind its last; the same of both. */
static inline json_t *mill_json_and(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) == 0) {
        return array;
    }
    json_decref(array);
    return NULL;
}

static inline int mill_json_append(const char *part, size_t size, void *text)
{
    mill_text_add(text, "%.*s", (int)size, part);
    return ((struct mill_text *)text)->failed ? -1 : 0;
}

/* Appends the value as JSON, written as the flags of json_dumps say. Memory that runs out is told by the
 * text's `failed`; json_dumps of jansson 2.14 then leaves names away, and succeeds. */
static inline void mill_json_text(struct mill_text *text, const json_t *value, size_t flags)
{
    text->failed = json_dump_callback(value, mill_json_append, text, flags) != 0 || text->failed;
}

#endif
