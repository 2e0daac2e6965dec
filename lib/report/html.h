/* Text that becomes part of an HTML page without ever becoming markup; private to this folder.
 *
 *     mill_html_add(out, "<td>");
 *     mill_html_text(out, cell->strategy);
 *
 * Text is UTF-8, whoever wrote it. Pure functions; those that append set `failed` of the text when memory
 * runs out.
 */
#ifndef MILL_REPORT_HTML_H
#define MILL_REPORT_HTML_H

#include <jansson.h>
#include <stdbool.h>

#include "core/text.h"

/* For content and for the inside of a quoted attribute. What is unseen or turns the direction of what
 * follows shows as U+FFFD. NULL is nothing. */
void mill_html_text(struct mill_text *out, const char *text);

/* A JSON string with its quotes, in which nothing ends a <script> or begins a comment. NULL is null. */
void mill_html_json_text(struct mill_text *out, const char *text);

/* A JSON number of five digits; null for what is not finite. */
void mill_html_json_number(struct mill_text *out, double value);

/* What may stand in an id: a-z, 0-9 and single dashes; "x" where nothing of the text may. */
void mill_html_slug(struct mill_text *out, const char *text);

/* "12.3 µs"; "–" for what is not finite. */
void mill_html_duration(struct mill_text *out, double ns);

/* "12.3 M"; "–" for what is not finite. */
void mill_html_count(struct mill_text *out, double count);

/* A number among an object's members: NaN where there is none. */
double mill_html_real(const json_t *object, const char *name);

#endif
