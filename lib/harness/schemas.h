/* The schemas of results/schema, as bytes of the program (schemas.c is made when the build is configured). */
#ifndef MILL_HARNESS_SCHEMAS_H
#define MILL_HARNESS_SCHEMAS_H

#include <stddef.h>

struct mill_schema_text {
    const char *name; /* "result-1" */
    const unsigned char *bytes;
    size_t length;
};

extern const struct mill_schema_text mill_schema_texts[];
extern const size_t mill_schema_text_count;

#endif
