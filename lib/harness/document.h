/* Documents that threadmill writes: told apart, and read as strictly as their schemas say.
 *
 *     struct mill_document document;
 *     int status = mill_document_load(&document, path, &error);
 *     if (status == 0 && strcmp(document.format, MILL_RESULT_FORMAT) == 0) …
 *     json_decref(document.root);
 *
 * What is read was perhaps written by somebody else: it has no NUL and is UTF-8 (jansson sees to that), and
 * is valid by the schema of its format, which is part of the program (results/schema). Names in it may be any
 * text, and numbers any finite ones that the schema allows.
 *
 * All functions may be called by any thread; they block for a file alone.
 */
#ifndef MILL_HARNESS_DOCUMENT_H
#define MILL_HARNESS_DOCUMENT_H

#include <jansson.h>

#include "core/error.h"

struct mill_document {
    json_t *root;
    const char *format; /* "threadmill-result"; belongs to `root` */
};

/* The document in `text`. -EBADMSG with a message that names `name` and what is wrong (cut short, not JSON,
 * of another make or version, or the first thing that its schema forbids, with its place); -ENOMEM. */
int mill_document_parse(struct mill_document *document, const char *name, const char *text, size_t length,
                        struct mill_error *error);

/* The same of a file; also any negative errno of reading it, -EFBIG above 1 GiB. */
int mill_document_load(struct mill_document *document, const char *path, struct mill_error *error);

/* 0 if `root` is valid, else as mill_document_parse. */
int mill_document_check(const json_t *root, const char *name, struct mill_error *error);

#endif
