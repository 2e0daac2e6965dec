#include "harness/document.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "harness/document_checks.h"
#include "harness/schema.h"
#include "harness/schemas.h"

static const size_t file_max = 1ull << 30;

static int wrong(const char *name, struct mill_error *error, const struct mill_error *what)
{
    return mill_error_set(error, -EBADMSG, "'%s' is no valid threadmill document: %s", name, what->message);
}

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
    status = status < 0 ? status : mill_document_check_parts(root, &what);
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
