/* What is compared of stored results: two of them, or the strategies of one.
 */
#ifndef MILL_BENCH_COMPARE_STORED_H
#define MILL_BENCH_COMPARE_STORED_H

#include "compare_request.h"
#include "core/text.h"

/* Loads what the request names, compares, and makes the document. -EINVAL with a message where it makes no
 * sense to compare: a sanitizer's build, another rate, no cell in common; -EBADMSG and others as
 * mill_result_load. */
int mill_compare_stored(const struct mill_compare_request *request, const char *command, json_t **document,
                        struct mill_error *error);

#endif
