#include "harness/document.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "harness/plan.h"
#include "harness/schema.h"
#include "harness/schemas.h"

static const size_t file_max = 1ull << 30;

static int wrong(const char *name, struct mill_error *error, const struct mill_error *what)
{
    return mill_error_set(error, -EBADMSG, "'%s' is no valid threadmill document: %s", name, what->message);
}

/* ---- what a schema cannot say ---- */

static json_int_t integer_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static int check_cells(const json_t *result, struct mill_error *error)
{
    size_t index;
    json_t *cell;
    json_array_foreach(json_object_get(result, "cells"), index, cell)
    {
        json_int_t threads = integer_of(cell, "threads");
        if (threads > MILL_THREADS_MAX) {
            return mill_error_set(error, -EBADMSG, "$.cells[%zu].threads: it is more than %d", index,
                                  MILL_THREADS_MAX);
        }
    }
    return 0;
}

static int check_sample(const json_t *cells, size_t index, const json_t *sample, struct mill_error *error)
{
    json_int_t at = integer_of(sample, "cell");
    const json_t *cell = at < (json_int_t)json_array_size(cells) ? json_array_get(cells, (size_t)at) : NULL;
    const json_t *threads = json_object_get(sample, "threads");
    if (!cell) {
        return mill_error_set(error, -EBADMSG, "$.samples[%zu].cell: cell %lld of %zu", index, (long long)at,
                              json_array_size(cells));
    }
    if (json_is_string(json_object_get(cell, "unsupported"))) {
        return mill_error_set(error, -EBADMSG, "$.samples[%zu].cell: cell %lld cannot run", index,
                              (long long)at);
    }
    if (threads && (json_int_t)json_array_size(threads) != integer_of(cell, "threads")) {
        return mill_error_set(error, -EBADMSG, "$.samples[%zu].threads: there are %zu, and its cell has %lld",
                              index, json_array_size(threads), (long long)integer_of(cell, "threads"));
    }
    return 0;
}

static int check_entries(const json_t *root, const char *part, struct mill_error *error)
{
    size_t index;
    json_t *entry;
    size_t cells = json_array_size(json_object_get(root, "cells"));
    json_array_foreach(json_object_get(json_object_get(root, "summary"), part), index, entry)
    {
        if (integer_of(entry, "cell") >= (json_int_t)cells) {
            return mill_error_set(error, -EBADMSG, "$.summary.%s[%zu].cell: cell %lld of %zu", part, index,
                                  (long long)integer_of(entry, "cell"), cells);
        }
    }
    return 0;
}

static int check_result(const json_t *root, struct mill_error *error)
{
    size_t index;
    json_t *sample;
    const json_t *cells = json_object_get(root, "cells");
    const json_t *verdicts = json_object_get(json_object_get(root, "summary"), "verdicts");
    int status = check_cells(root, error);
    json_array_foreach(json_object_get(root, "samples"), index, sample)
    {
        status = status < 0 ? status : check_sample(cells, index, sample, error);
    }
    status = status < 0 ? status : check_entries(root, "verdicts", error);
    status = status < 0 ? status : check_entries(root, "rows", error);
    if (status == 0 && json_array_size(verdicts) != json_array_size(cells)) {
        status = mill_error_set(error, -EBADMSG, "$.summary.verdicts: %zu for %zu cells",
                                json_array_size(verdicts), json_array_size(cells));
    }
    return status;
}

static int check_stress(const json_t *root, struct mill_error *error)
{
    size_t index, which;
    json_t *finding, *place;
    json_array_foreach(json_object_get(root, "findings"), index, finding)
    {
        json_int_t left = integer_of(finding, "count");
        json_array_foreach(json_object_get(finding, "where"), which, place)
        {
            left = left < 0 ? left : left - integer_of(place, "count");
        }
        if (left != 0) {
            return mill_error_set(error, -EBADMSG,
                                  "$.findings[%zu].count: its places have another sum than %lld", index,
                                  (long long)integer_of(finding, "count"));
        }
    }
    return 0;
}

static const struct {
    const char *format;
    int (*check)(const json_t *root, struct mill_error *error);
} beyond_schema[] = {
    {"threadmill-result", check_result},
    {"threadmill-stress", check_stress},
};

/* ---- the schema of a format ---- */

/* The version of `format` that the schema called `name` ("result-1") is of; 0: another format's. */
static json_int_t version_of(const char *name, const char *format)
{
    static const char maker[] = "threadmill-";
    size_t length = format ? strlen(format) : 0;
    if (length <= sizeof maker - 1 || strncmp(format, maker, sizeof maker - 1) != 0) {
        return 0;
    }
    length -= sizeof maker - 1;
    bool same = strncmp(name, format + sizeof maker - 1, length) == 0 && name[length] == '-';
    return same ? strtoll(name + length + 1, NULL, 10) : 0;
}

/* The schema of the document's format and version, as it is in the program: NULL when there is none, and
 * *version then the last that this program reads of the format, 0 for a format that is not known. */
static const struct mill_schema_text *find_schema(const json_t *root, json_int_t *version)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    const json_t *wanted = json_object_get(root, "version");
    *version = 0;
    for (size_t i = 0; i < mill_schema_text_count; i++) {
        json_int_t one = version_of(mill_schema_texts[i].name, format);
        if (one > 0 && json_is_integer(wanted) && json_integer_value(wanted) == one) {
            return &mill_schema_texts[i];
        }
        *version = one > *version ? one : *version;
    }
    return NULL;
}

/* One of the program's own: it passed its tests, and only memory can be missing. */
static int compile(const struct mill_schema_text *text, struct mill_schema **schema, struct mill_error *error)
{
    json_t *document = json_loadb((const char *)text->bytes, text->length, 0, NULL);
    int status = document ? mill_schema_compile(schema, document, error) : -ENOMEM;
    json_decref(document);
    return status;
}

static int refuse(const json_t *root, const char *name, json_int_t version, struct mill_error *error)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    const json_t *number = json_object_get(root, "version");
    if (version == 0) {
        return mill_error_set(error, -EBADMSG, "'%s' is JSON, but no threadmill result", name);
    }
    if (!json_is_integer(number)) {
        return mill_error_set(error, -EBADMSG, "'%s' is a %s without a version; this program reads %lld",
                              name, format, (long long)version);
    }
    return mill_error_set(error, -EBADMSG, "'%s' is a %s of version %lld; this program reads %lld", name,
                          format, (long long)json_integer_value(number), (long long)version);
}

int mill_document_check(const json_t *root, const char *name, struct mill_error *error)
{
    struct mill_error what = {""};
    json_int_t version;
    struct mill_schema *schema = NULL;
    const struct mill_schema_text *text = find_schema(root, &version);
    if (!text) {
        return refuse(root, name, version, error);
    }
    int status = compile(text, &schema, &what);
    status = status < 0 ? status : mill_schema_check(schema, root, &what);
    for (size_t i = 0; status == 0 && i < sizeof beyond_schema / sizeof beyond_schema[0]; i++) {
        if (strcmp(beyond_schema[i].format, json_string_value(json_object_get(root, "format"))) == 0) {
            status = beyond_schema[i].check(root, &what);
        }
    }
    mill_schema_destroy(schema);
    if (status == -ENOMEM) {
        return mill_error_set(error, status, "no memory to check '%s'", name);
    }
    return status < 0 ? wrong(name, error, &what) : 0;
}

int mill_document_parse(struct mill_document *document, const char *name, const char *text, size_t length,
                        struct mill_error *error)
{
    json_error_t where;
    *document = (struct mill_document){.root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where)};
    if (!document->root) {
        return json_error_code(&where) == json_error_out_of_memory
                   ? mill_error_set(error, -ENOMEM, "no memory to read '%s'", name)
                   : mill_error_set(error, -EBADMSG,
                                    "'%s' is not JSON, or not all of it: line %d, column %d: %s", name,
                                    where.line, where.column, where.text);
    }
    int status = mill_document_check(document->root, name, error);
    if (status < 0) {
        json_decref(document->root);
        document->root = NULL;
        return status;
    }
    document->format = json_string_value(json_object_get(document->root, "format"));
    return 0;
}

int mill_document_load(struct mill_document *document, const char *path, struct mill_error *error)
{
    char *text;
    size_t length;
    *document = (struct mill_document){0};
    int status = mill_read_file(path, file_max, &text, &length, error);
    if (status == 0) {
        status = mill_document_parse(document, path, text, length, error);
        free(text);
    }
    return status;
}
