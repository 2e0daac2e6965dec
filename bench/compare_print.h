/* A comparison's document to where it was asked for, and the exit code that it comes to.
 */
#ifndef MILL_BENCH_COMPARE_PRINT_H
#define MILL_BENCH_COMPARE_PRINT_H

#include <jansson.h>

#include "core/file.h"
#include "run_request.h"

/* Opens --output before anything is measured; nothing without it. As mill_replacement_open. */
int mill_compare_open_output(struct mill_replacement *file, const struct mill_run_request *request,
                             struct mill_error *error);

/* Writes the document (not NULL) to `file` when that is open, and the report, or with --json the document, to
 * standard output. The exit code. */
int mill_compare_show(const json_t *document, const struct mill_run_request *request,
                      struct mill_replacement *file);

#endif
