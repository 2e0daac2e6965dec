/* Text as a terminal shows it: columns instead of bytes, and nothing that the terminal would obey.
 *
 * Text is UTF-8; a byte that is not is shown as one column. The widths are those of the blocks that matter
 * (combining marks 0, East Asian wide and emoji 2, all else 1), independent of the locale. Pure functions;
 * any thread.
 */
#ifndef MILL_REPORT_DISPLAY_H
#define MILL_REPORT_DISPLAY_H

#include <stddef.h>

#include "core/text.h"

/* The columns that `text`, or its first `length` bytes, take. */
size_t mill_display_width(const char *text);
size_t mill_display_width_of(const char *text, size_t length);

/* How many bytes of `text` fit into `columns`, never a part of a character. */
size_t mill_display_cut(const char *text, size_t columns);

/* Appends the first `length` bytes of `text`, each control character but tab as '?': what a measured program
 * wrote must not move the reader's cursor. */
void mill_display_printable(struct mill_text *out, const char *text, size_t length);

/* Appends a paragraph and a newline: wrapped between words at `width` columns (0: never), the first line
 * indented by `indent`, the others by two more. */
void mill_display_paragraph(struct mill_text *out, size_t indent, size_t width, const char *text);

#endif
