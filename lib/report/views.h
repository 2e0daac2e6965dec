/* Views of a document for other programs and for people who are not at the terminal: one function each.
 *
 *     struct mill_text out = {0};
 *     const struct mill_view_input input = {"r.json", document.root, document.format, &summary};
 *     int status = mill_view_markdown(&out, &input, &(struct mill_view_options){0}, &error);
 *     …
 *     mill_text_free(&out);
 *
 * Each appends to `out` and returns 0, -ENOMEM, or -ENOTSUP with a message where a document of this format
 * has nothing that the view could show. The document is valid by its schema (harness/document.h); its names
 * may be any text, and each view escapes what its format would take for its own.
 *
 * Pure functions of what they are given; any thread.
 */
#ifndef MILL_REPORT_VIEWS_H
#define MILL_REPORT_VIEWS_H

#include <jansson.h>
#include <stdbool.h>

#include "core/error.h"
#include "core/text.h"
#include "harness/summary.h"

struct mill_view_input {
    const char *path; /* as the user named it */
    const json_t *document;
    const char *format;                 /* "threadmill-result", … */
    const struct mill_summary *summary; /* of a result; NULL for every other format */
};

struct mill_view_options {
    bool samples; /* CSV: a row for each sample in the place of one for each row of the summary */
};

typedef int mill_view(struct mill_text *out, const struct mill_view_input *input,
                      const struct mill_view_options *options, struct mill_error *error);

/* GitHub-flavoured Markdown for a pull request: the verdict first, tables, the rest to be unfolded. */
mill_view mill_view_markdown;

/* JUnit's XML, as Jenkins, GitLab and others read it: a suite for each scenario, a test for each cell. */
mill_view mill_view_junit;

/* SARIF 2.1.0: findings with their stacks, by file and line. */
mill_view mill_view_sarif;

/* Google Benchmark's JSON: each round a repetition, and their aggregates. Of results alone. */
mill_view mill_view_gbench;

/* RFC 4180, with a head row. */
mill_view mill_view_csv;

#endif
