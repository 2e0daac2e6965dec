/* One HTML page of any number of documents: for a browser, a telephone or paper, without a network.
 *
 *     struct mill_text out = {0};
 *     const struct mill_view_input input = {"r.json", document.root, document.format, &summary};
 *     int status = mill_page_write(&out, &input, 1, &error);
 *     …
 *     mill_text_free(&out);
 *
 * The page begins with the verdict in words; documents follow one after the other, as they were named, and
 * where there are several a table of what they differ in. They are not merged: what was measured at another
 * time is not to be compared without saying so. Verdicts and tables are HTML and need no JavaScript; charts
 * are drawn by Chart.js, which is part of the page. The page loads nothing, whatever a document says.
 *
 * Pure functions of what they are given; any thread.
 */
#ifndef MILL_REPORT_PAGE_H
#define MILL_REPORT_PAGE_H

#include "report/views.h"

/* Appends the page. The documents are valid by their schemas, as for other views. 0; -EINVAL for no document
 * at all; -ENOTSUP with a message that names the one of a format that a page has nothing to show of; -ENOMEM;
 * what mill_summary_behind says. */
int mill_page_write(struct mill_text *out, const struct mill_view_input *sources, size_t count,
                    struct mill_error *error);

#endif
