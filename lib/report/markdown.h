/* The parts of a Markdown view; private to this folder. One thread; what could not be appended is told by the
 * text's `failed`.
 */
#ifndef MILL_REPORT_MARKDOWN_H
#define MILL_REPORT_MARKDOWN_H

#include "report/cases.h"

/* Text that stands for itself, in a line or in a cell of a table: on one line, whatever it holds. */
void mill_markdown_text(struct mill_text *out, const char *text);

/* Lines as they are, in a block that nothing in them can end. */
void mill_markdown_block(struct mill_text *out, const char *text);

/* A table: the head, with 'l' or 'r' for how each column is aligned, then its rows. */
void mill_markdown_head(struct mill_text *out, const char *const *words, const char *aligned, size_t count);
void mill_markdown_row(struct mill_text *out, const char *const *words, size_t count);

/* What a reader unfolds. */
void mill_markdown_open(struct mill_text *out, const char *summary, bool open);
void mill_markdown_close(struct mill_text *out);

/* The tables of a document (markdown_tables.c). */
void mill_markdown_tables(struct mill_text *out, const struct mill_view_input *input);

#endif
