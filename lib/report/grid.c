#include "report/grid.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/display.h"

enum {
    gap = 2,
    heading_lines_max = 2,
};

enum kind {
    kind_cell,
    kind_line,
    kind_heading, /* text: what stands in for the first heading, or NULL */
};

struct entry {
    enum kind kind;
    unsigned style;
    char *text; /* owned */
};

struct column {
    struct mill_grid_column about;
    bool hidden;
    size_t width; /* once it was measured */
};

struct mill_grid {
    struct column *columns;
    size_t column_count;
    struct entry *entries; /* cells one after the other, column_count to a row */
    size_t entry_count, entry_capacity;
    size_t next; /* the column of the next cell */
    bool failed;
};

/* ---- filling ---- */

int mill_grid_create(struct mill_grid **grid, const struct mill_grid_column *columns, size_t count)
{
    struct mill_grid *made = calloc(1, sizeof *made);
    struct column *copies = calloc(count, sizeof *copies);
    *grid = NULL;
    if (!made || !copies) {
        free(made);
        free(copies);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        copies[i].about = columns[i];
    }
    made->columns = copies;
    made->column_count = count;
    *grid = made;
    return 0;
}

void mill_grid_destroy(struct mill_grid *grid)
{
    if (!grid) {
        return;
    }
    for (size_t i = 0; i < grid->entry_count; i++) {
        free(grid->entries[i].text);
    }
    free(grid->entries);
    free(grid->columns);
    free(grid);
}

/* Takes `text` over. */
static void append(struct mill_grid *grid, enum kind kind, unsigned style, char *text)
{
    if (grid->entry_count == grid->entry_capacity) {
        size_t capacity = 2 * grid->entry_capacity + 64;
        struct entry *grown = realloc(grid->entries, capacity * sizeof *grown);
        if (!grown) {
            grid->failed = true;
            free(text);
            return;
        }
        grid->entries = grown;
        grid->entry_capacity = capacity;
    }
    grid->entries[grid->entry_count++] = (struct entry){kind, style, text};
}

/* The formatted text without control characters; NULL when memory ran out. */
static char *format_text(struct mill_grid *grid, const char *format, va_list arguments)
{
    struct mill_text clean = {0};
    char *raw = NULL;
    int length = vasprintf(&raw, format, arguments);
    if (length >= 0) {
        mill_display_printable(&clean, raw, (size_t)length);
        free(raw);
    }
    if (length < 0 || clean.failed) {
        grid->failed = true;
    }
    return clean.text;
}

static void fill_row(struct mill_grid *grid)
{
    for (; grid->next > 0; grid->next = (grid->next + 1) % grid->column_count) {
        append(grid, kind_cell, MILL_PLAIN, NULL);
    }
}

void mill_grid_needs(struct mill_grid *grid, const struct mill_text *text)
{
    grid->failed = grid->failed || text->failed;
}

void mill_grid_heading(struct mill_grid *grid, const char *first)
{
    char *copy = first ? strdup(first) : NULL;
    grid->failed = grid->failed || (first && !copy);
    fill_row(grid);
    append(grid, kind_heading, MILL_PLAIN, copy);
}

void mill_grid_cell(struct mill_grid *grid, unsigned style, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append(grid, kind_cell, style, format_text(grid, format, arguments));
    va_end(arguments);
    grid->next = (grid->next + 1) % grid->column_count;
}

void mill_grid_line(struct mill_grid *grid, unsigned style, const char *format, ...)
{
    va_list arguments;
    fill_row(grid);
    va_start(arguments, format);
    append(grid, kind_line, style, format_text(grid, format, arguments));
    va_end(arguments);
}

void mill_grid_hide(struct mill_grid *grid, size_t column)
{
    grid->columns[column].hidden = true;
}

/* ---- measuring ---- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Line `line` of the heading of a column, counted so that the last line is the bottom one; its length in
 * bytes. */
static const char *heading_line(const char *heading, size_t line, size_t *length)
{
    const char *second = strchr(heading, '\n');
    size_t upper = second ? (size_t)(second - heading) : 0;
    const char *lower = second ? second + 1 : heading;
    *length = line == 0 ? upper : strlen(lower);
    return line == 0 ? heading : lower;
}

static const char *heading_of(const struct mill_grid *grid, const struct entry *entry, size_t column)
{
    return column == 0 && entry->text ? entry->text : grid->columns[column].about.heading;
}

static size_t heading_width(const char *heading)
{
    size_t width = 0;
    for (size_t line = 0; line < heading_lines_max; line++) {
        size_t length;
        const char *text = heading_line(heading, line, &length);
        width = larger(width, mill_display_width_of(text, length));
    }
    return width;
}

/* Sets the width of each column. */
static void measure(const struct mill_grid *grid)
{
    size_t column = 0;
    for (size_t i = 0; i < grid->column_count; i++) {
        grid->columns[i].width = 0;
    }
    for (size_t i = 0; i < grid->entry_count; i++) {
        const struct entry *entry = &grid->entries[i];
        if (entry->kind == kind_heading) {
            for (size_t j = 0; j < grid->column_count; j++) {
                size_t width = heading_width(heading_of(grid, entry, j));
                grid->columns[j].width = larger(grid->columns[j].width, width);
            }
        } else if (entry->kind == kind_cell) {
            size_t width = entry->text ? mill_display_width(entry->text) : 0;
            grid->columns[column].width = larger(grid->columns[column].width, width);
            column = column + 1 < grid->column_count ? column + 1 : 0;
        }
    }
}

size_t mill_grid_width(const struct mill_grid *grid)
{
    size_t total = 0;
    measure(grid);
    for (size_t i = 0; i < grid->column_count; i++) {
        if (!grid->columns[i].hidden) {
            total += grid->columns[i].width + (total > 0 ? gap : 0);
        }
    }
    return total;
}

/* ---- rendering ---- */

/* A line that is being written; blanks wait until something stands behind them. */
struct line {
    struct mill_text *out;
    bool colour;
    size_t blanks;
};

static void put(struct line *line, unsigned style, const char *text, size_t length)
{
    static const struct {
        unsigned style;
        const char *sequence;
    } sequences[] = {
        {MILL_BOLD, "\033[1m"},   {MILL_DIM, "\033[2m"},     {MILL_RED, "\033[31m"},
        {MILL_GREEN, "\033[32m"}, {MILL_YELLOW, "\033[33m"},
    };
    if (length == 0) {
        return;
    }
    mill_text_add(line->out, "%*s", (int)line->blanks, "");
    line->blanks = 0;
    for (size_t i = 0; line->colour && i < sizeof sequences / sizeof sequences[0]; i++) {
        if (style & sequences[i].style) {
            mill_text_add(line->out, "%s", sequences[i].sequence);
        }
    }
    mill_display_printable(line->out, text, length); /* headings may be names, too */
    mill_text_add(line->out, "%s", line->colour && style ? "\033[0m" : "");
}

static void end_line(struct line *line)
{
    mill_text_add(line->out, "\n");
    line->blanks = 0;
}

static void put_in_column(struct line *line, const struct column *column, unsigned style, const char *text,
                          size_t length)
{
    size_t padding = column->width - mill_display_width_of(text, length);
    bool right = column->about.align == MILL_RIGHT;
    line->blanks += right ? padding : 0;
    put(line, style, text, length);
    line->blanks += (right ? 0 : padding) + gap;
}

static void render_heading(const struct mill_grid *grid, const struct entry *entry, struct line *line)
{
    bool two = false;
    for (size_t i = 0; i < grid->column_count; i++) {
        two = two || (!grid->columns[i].hidden && strchr(heading_of(grid, entry, i), '\n'));
    }
    for (size_t at = two ? 0 : 1; at < heading_lines_max; at++) {
        for (size_t i = 0; i < grid->column_count; i++) {
            size_t length;
            const char *text = heading_line(heading_of(grid, entry, i), at, &length);
            if (!grid->columns[i].hidden) {
                unsigned style = i == 0 && entry->text ? MILL_BOLD : MILL_DIM;
                put_in_column(line, &grid->columns[i], style, text, length);
            }
        }
        end_line(line);
    }
}

int mill_grid_render(const struct mill_grid *grid, struct mill_text *out, bool colour)
{
    struct line line = {.out = out, .colour = colour};
    size_t column = 0;
    if (grid->failed) {
        return -ENOMEM;
    }
    measure(grid);
    for (size_t i = 0; i < grid->entry_count; i++) {
        const struct entry *entry = &grid->entries[i];
        const char *text = entry->text ? entry->text : "";
        if (entry->kind == kind_heading) {
            render_heading(grid, entry, &line);
        } else if (entry->kind == kind_line) {
            put(&line, entry->style, text, strlen(text));
            end_line(&line);
        } else {
            const struct column *place = &grid->columns[column];
            if (!place->hidden) {
                put_in_column(&line, place, entry->style, text, strlen(text));
            }
            column = (column + 1) % grid->column_count;
            if (column == 0) {
                end_line(&line);
            }
        }
    }
    return out->failed ? -ENOMEM : 0;
}
