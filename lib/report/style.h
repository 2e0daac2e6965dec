/* What a stream can show: colours, and a width.
 *
 * Pure but for looking at the stream and the environment; any thread.
 */
#ifndef MILL_REPORT_STYLE_H
#define MILL_REPORT_STYLE_H

#include <stdbool.h>
#include <stdio.h>

/* Styles of a piece of text; may be or-ed together. */
enum mill_style {
    MILL_PLAIN = 0,
    MILL_BOLD = 1 << 0,
    MILL_DIM = 1 << 1,
    MILL_RED = 1 << 2,
    MILL_GREEN = 1 << 3,
    MILL_YELLOW = 1 << 4,
};

/* True when `stream` is a terminal that knows colours, and nobody said no: NO_COLOR is unset or empty
 * (https://no-color.org), and TERM is set and not "dumb". */
bool mill_colour_wanted(FILE *stream);

/* The columns of the terminal that `stream` is; 80 when the terminal does not say; 0 when it is no terminal
 * or one that cannot clear a line (TERM unset or "dumb"). */
unsigned mill_terminal_width(FILE *stream);

#endif
