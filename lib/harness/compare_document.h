/* A comparison as a document: results/schema/compare-1.schema.json.
 *
 * Any thread; nothing blocks.
 */
#ifndef MILL_HARNESS_COMPARE_DOCUMENT_H
#define MILL_HARNESS_COMPARE_DOCUMENT_H

#include <stdint.h>

#include "harness/compare.h"

#define MILL_COMPARE_FORMAT  "threadmill-compare"
#define MILL_COMPARE_VERSION 1

/* One side, for headings. */
struct mill_compare_side {
    const char *label;
    const char *path;    /* NULL: this program */
    const json_t *build; /* an object, a string, or NULL: unknown */
};

/* All that the document says. Nothing is taken over. */
struct mill_compare_facts {
    const char *command, *form;
    uint64_t seed;
    bool seeded; /* false: of stored results, which have theirs */
    struct mill_compare_side base, head;
    const json_t *differences, *notes, *not_measured; /* arrays; NULL: empty */
    const struct mill_compare_input *input;
    const struct mill_comparison *comparison;
    const json_t *confirmation; /* the result of the second measurement; NULL: there was none */
    uint64_t confirmation_seed;
};

/* NULL when memory ran out. */
json_t *mill_compare_document(const struct mill_compare_facts *facts);

/* In what two result documents differ besides their samples: machine, build and settings, as the schema's
 * "differences". NULL when memory ran out. */
json_t *mill_compare_differences(const json_t *base, const json_t *head);

/* One difference; either may be NULL. */
json_t *mill_compare_difference(const char *what, const char *base, const char *head);

#endif
