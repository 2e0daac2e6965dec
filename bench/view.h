/* Documents, tables and logs on their way out: to standard output and to files.
 */
#ifndef MILL_BENCH_VIEW_H
#define MILL_BENCH_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/file.h"
#include "core/text.h"
#include "harness/summary.h"
#include "report/views.h"

/* Prints the report, with colours and fitted to the width on a terminal. 0 or a negative errno. */
int mill_view_print(const json_t *result, const struct mill_summary *summary, bool verbose);

/* The text to standard output; it is freed. `status` is what making it came to, and the result when it is
 * negative; else 0 or -EIO. */
int mill_view_say(struct mill_text *text, int status);

/* The document to standard output, as JSON. 0, -ENOMEM or -EIO. */
int mill_view_say_json(const json_t *document);

/* Writes the document as JSON and commits the file. As mill_replacement_write, or -ENOMEM. */
int mill_view_write(const json_t *document, struct mill_replacement *file, struct mill_error *error);

/* Appends the table of any document that has one: as `terminal` shows it, or plain and as wide as it likes
 * (NULL). 0, -ENOMEM, or -ENOTSUP with a message for a document that has none. */
int mill_view_table(struct mill_text *text, const struct mill_view_input *input, FILE *terminal, bool verbose,
                    struct mill_error *error);

/* Appends an HdrHistogram log with one interval for each row that has latencies, tagged
 * scenario/strategy/threads/mode. 0 or -ENOMEM. */
int mill_view_histogram_log(struct mill_text *log, const struct mill_summary *summary, uint64_t started_ms);

#endif
