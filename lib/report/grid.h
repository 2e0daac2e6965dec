/* An aligned table for a terminal.
 *
 *     static const struct mill_grid_column columns[] = {{"strategy", MILL_LEFT}, {"op/s", MILL_RIGHT}};
 *     struct mill_grid *grid;
 *     int status = mill_grid_create(&grid, columns, 2);
 *     mill_grid_heading(grid, "2 threads");
 *     mill_grid_cell(grid, MILL_BOLD, "%s", "ticket");
 *     mill_grid_cell(grid, MILL_PLAIN, "%s", "12.3 M");
 *     mill_grid_line(grid, MILL_DIM, "%s", "a line of its own, as long as it likes");
 *     status = mill_grid_render(grid, out, colour);
 *     mill_grid_destroy(grid);
 *
 * Columns are two spaces apart and as wide as the widest text that is in them, over all rows, counted as a
 * terminal shows it (display.h). One thread at a time. When memory runs out, what was given is dropped, and
 * mill_grid_render says -ENOMEM.
 */
#ifndef MILL_REPORT_GRID_H
#define MILL_REPORT_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "core/text.h"
#include "report/style.h"

enum mill_align {
    MILL_LEFT,
    MILL_RIGHT,
};

struct mill_grid_column {
    const char *heading; /* one line, or two with '\n' between; outlives the grid */
    enum mill_align align;
};

struct mill_grid;

/* `columns` is copied, `count` at least 1. 0 or -ENOMEM. */
int mill_grid_create(struct mill_grid **grid, const struct mill_grid_column *columns, size_t count);
void mill_grid_destroy(struct mill_grid *grid);

/* The headings, here; `first` stands in for the first column's, or NULL. Nothing is shown of headings that
 * are not asked for, and they may be repeated. */
void mill_grid_heading(struct mill_grid *grid, const char *first);

/* The next cell of the row; after the last column a new row begins. `style` is of enum mill_style. */
void mill_grid_cell(struct mill_grid *grid, unsigned style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A line across all columns, which does not widen them. A row that was not full is filled up with empty
 * cells. */
void mill_grid_line(struct mill_grid *grid, unsigned style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Something in the grid was made of `text`: where memory ran out for that, mill_grid_render fails. */
void mill_grid_needs(struct mill_grid *grid, const struct mill_text *text);

/* Leaves a column out of what is shown. */
void mill_grid_hide(struct mill_grid *grid, size_t column);

/* The columns of the terminal that the widest row takes, lines across not counted. */
size_t mill_grid_width(const struct mill_grid *grid);

/* Appends the table; escape sequences only with `colour`, and no blanks at the ends of lines. 0 or -ENOMEM.
 */
int mill_grid_render(const struct mill_grid *grid, struct mill_text *out, bool colour);

#endif
