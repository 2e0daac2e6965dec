/* JSON Schema (draft 2020-12), as far as results/schema uses it: is a document what its schema says?
 *
 *     struct mill_schema *schema;
 *     int status = mill_schema_compile(&schema, schema_document, &error);
 *     if (status == 0)
 *         status = mill_schema_check(schema, document, &error);
 *     mill_schema_destroy(schema);
 *
 * A keyword that is not known here is refused when the schema is compiled: nothing is let pass because it was
 * not understood. Stricter than the standard in one thing: 1.0 is no integer. Patterns are POSIX extended
 * regular expressions, which those in use here are in both worlds.
 *
 * A schema does not change once it is compiled: any number of threads may check with it.
 */
#ifndef MILL_HARNESS_SCHEMA_H
#define MILL_HARNESS_SCHEMA_H

#include <jansson.h>

#include "core/error.h"

struct mill_schema;

/* `document` may be released afterwards. 0; -ENOTSUP for a keyword, a reference or a pattern that is not
 * understood, -EINVAL for one whose value makes no sense (both name it); -ENOMEM. */
int mill_schema_compile(struct mill_schema **schema, json_t *document, struct mill_error *error);
void mill_schema_destroy(struct mill_schema *schema);

/* 0; -EBADMSG with the place and what is wrong there: "$.samples[3].cell: it is missing". `error` may be
 * NULL. */
int mill_schema_check(const struct mill_schema *schema, const json_t *value, struct mill_error *error);

#endif
