#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "report/grid.h"
#include "report/run_columns.h"
#include "report/run_groups.h"

static const struct mill_summary_cell *cell_of(const struct mill_run_report *report,
                                               const struct mill_summary_row *row)
{
    return &report->summary->cells[row->cell];
}

/* ---- one table ---- */

static unsigned row_style(const struct mill_summary_cell *cell, const struct mill_summary_row *row,
                          enum mill_column column)
{
    if (mill_verdict_is_finding(cell->verdict)) {
        return column == mill_column_verdict ? MILL_RED | MILL_BOLD : MILL_RED;
    }
    if (row->leads) {
        return column == mill_column_verdict ? MILL_GREEN | MILL_BOLD : MILL_BOLD;
    }
    if (cell->control) {
        return column == mill_column_verdict ? MILL_GREEN : MILL_DIM;
    }
    return cell->checked ? MILL_PLAIN : MILL_DIM; /* the empty strategy and the like are not in the running */
}

/* One table, and what it has beside the columns of every table. Measures stand before the verdict, which is
 * last.
 */
struct table {
    struct mill_grid *grid; /* NULL: no cell opens a table here */
    struct mill_run_measures measures;
};

static void add_row(const struct mill_run_report *report, const struct table *table,
                    const struct mill_summary_row *row)
{
    struct mill_grid *grid = table->grid;
    for (enum mill_column column = 0; column < mill_column_count; column++) {
        char text[128] = "-";
        for (size_t i = 0; column == mill_column_verdict && i < table->measures.count; i++) {
            char value[64] = "-";
            mill_run_measure_write(row, table->measures.names[i], value, sizeof value);
            mill_grid_cell(grid, row_style(cell_of(report, row), row, mill_column_rate), "%s", value);
        }
        mill_run_columns[column].write(report, row, text, sizeof text);
        mill_grid_cell(grid, row_style(cell_of(report, row), row, column), "%s", text);
    }
}

/* Fastest first; rows without a rate last. */
static int by_rate(const void *a, const void *b)
{
    const struct mill_summary_row *const *one = a, *const *other = b;
    double rate = isfinite((*one)->rate.ratio) ? (*one)->rate.ratio : -1;
    double other_rate = isfinite((*other)->rate.ratio) ? (*other)->rate.ratio : -1;
    if (rate > other_rate || rate < other_rate) {
        return rate > other_rate ? -1 : 1;
    }
    return (*one)->cell < (*other)->cell ? -1 : (*one)->cell > (*other)->cell;
}

/* "ticket leads mcs: 1.24x (…)" or "no winner: …", for each pair of the group (at most one of each shape). */
static void add_leader(const struct mill_run_report *report, struct mill_grid *grid,
                       const struct mill_report_group *group)
{
    const struct mill_summary *summary = report->summary;
    for (size_t i = 0; i < summary->leader_count; i++) {
        const struct mill_summary_pair *pair = &summary->leaders[i];
        struct mill_text ratio = {0};
        if (!mill_report_in_group(summary, pair->cell, pair->mode, group)) {
            continue;
        }
        const char *one = summary->cells[pair->cell].strategy;
        const char *other = summary->cells[pair->other].strategy;
        const char *shape = summary->cells[pair->cell].shape;
        const char *among = shape ? shape : "", *colon = shape ? ": " : "";
        mill_report_ratio(&ratio, &pair->ratio);
        if (pair->ratio.rounds == 0) {
            mill_grid_line(grid, MILL_DIM,
                           "  %s%snot comparable: %s and %s, the next, share no round in this mode", among,
                           colon, one, other);
        } else if (pair->ratio.low > 1.0) {
            mill_grid_line(grid, MILL_BOLD, "  %s%s%s leads %s: %s", among, colon, one, other,
                           ratio.text ? ratio.text : "");
        } else {
            mill_grid_line(grid, MILL_DIM, "  %s%sno winner: %s against %s %s", among, colon, one, other,
                           ratio.text ? ratio.text : "");
        }
        report->out->failed = report->out->failed || ratio.failed;
        mill_text_free(&ratio);
    }
}

/* Adds the rows of a group; `rows` is room for as many as there are. */
static void add_group(const struct mill_run_report *report, const struct table *table,
                      const struct mill_report_group *group, const struct mill_summary_row **rows)
{
    struct mill_grid *grid = table->grid;
    const struct mill_summary *summary = report->summary;
    size_t count = 0;
    struct mill_text heading = {0};
    for (size_t i = 0; i < summary->row_count; i++) {
        if (mill_report_in_group(summary, summary->rows[i].cell, summary->rows[i].mode, group)) {
            rows[count++] = &summary->rows[i];
        }
    }
    if (count == 0) {
        return;
    }
    qsort(rows, count, sizeof(const struct mill_summary_row *), by_rate);
    mill_report_group_name(&heading, summary, group);
    mill_grid_heading(grid, heading.text ? heading.text : "");
    report->out->failed = report->out->failed || heading.failed;
    mill_text_free(&heading);
    for (size_t i = 0; i < count; i++) {
        add_row(report, table, rows[i]);
    }
    add_leader(report, grid, group);
    mill_grid_line(grid, MILL_PLAIN, "%s", "");
}

static const char *slice_heading(const struct mill_run_report *report, char *buffer, size_t size)
{
    json_int_t slice_ns =
        json_integer_value(json_object_get(json_object_get(report->result, "settings"), "slice_ns"));
    char duration[32];
    if (slice_ns > 0 && slice_ns % (json_int_t)MILL_NS_PER_MS == 0) {
        snprintf(duration, sizeof duration, "%lld ms", (long long)(slice_ns / (json_int_t)MILL_NS_PER_MS));
    } else {
        mill_format_duration(duration, sizeof duration, (double)slice_ns);
    }
    snprintf(buffer, size, "Jain\n%s", slice_ns > 0 ? duration : "by slice");
    return buffer;
}

/* The columns of a table: those of all, and before the last one what its scenario recorded. Returns how many.
 */
static size_t name_columns(const struct mill_run_measures *measures, const char *slice,
                           struct mill_grid_column *columns)
{
    size_t count = 0;
    for (enum mill_column i = 0; i < mill_column_count; i++) {
        for (size_t at = 0; i == mill_column_verdict && at < measures->count; at++) {
            columns[count++] = (struct mill_grid_column){measures->headings[at], MILL_RIGHT};
        }
        columns[count++] = (struct mill_grid_column){
            mill_run_columns[i].heading ? mill_run_columns[i].heading : slice, mill_run_columns[i].align};
    }
    return count;
}

/* Makes the table whose first cell is `first`. `table` and `slice` outlive its grid. */
static int make_table(const struct mill_run_report *report, size_t first, const char *slice,
                      struct table *table)
{
    const struct mill_summary *summary = report->summary;
    struct mill_grid_column columns[mill_column_count + MILL_MEASURES_MAX];
    const struct mill_summary_row **rows =
        calloc(summary->row_count + 1, sizeof(const struct mill_summary_row *));
    for (size_t i = 0; i < summary->row_count; i++) {
        if (mill_report_same_table(&summary->cells[first], &summary->cells[summary->rows[i].cell])) {
            mill_run_measures_add(&table->measures, &summary->rows[i]);
        }
    }
    size_t count = name_columns(&table->measures, slice, columns);
    if (!rows || mill_grid_create(&table->grid, columns, count) < 0) {
        free(rows);
        return -ENOMEM;
    }
    if (!summary->cells[first].shape) {
        mill_grid_hide(table->grid, mill_column_shape);
    }
    for (unsigned threads = mill_report_next_threads(summary, first, 0); threads > 0;
         threads = mill_report_next_threads(summary, first, threads)) {
        for (size_t mode = 0; mode < mill_mode_count; mode++) {
            const struct mill_report_group group = {first, threads, mill_report_modes[mode]};
            add_group(report, table, &group, rows);
        }
    }
    free(rows);
    return 0;
}

/* ---- all tables ---- */

static bool opens_table(const struct mill_summary *summary, size_t cell)
{
    for (size_t i = 0; i < cell; i++) {
        if (mill_report_same_table(&summary->cells[i], &summary->cells[cell])) {
            return false;
        }
    }
    return true;
}

static size_t widest(const struct table *tables, size_t count)
{
    size_t width = 0;
    for (size_t i = 0; i < count; i++) {
        size_t one = tables[i].grid ? mill_grid_width(tables[i].grid) : 0;
        width = one > width ? one : width;
    }
    return width;
}

/* Hides the same columns in all tables until the widest fits; returns how many of mill_run_dispensable. */
static size_t fit(const struct table *tables, size_t count, unsigned width)
{
    size_t hidden = 0;
    while (width > 0 && hidden < mill_dispensable_count && widest(tables, count) > width) {
        for (size_t i = 0; i < count; i++) {
            if (tables[i].grid) {
                mill_grid_hide(tables[i].grid, mill_run_dispensable[hidden]);
            }
        }
        hidden++;
    }
    return hidden;
}

static bool has_shapes(const struct mill_summary *summary)
{
    for (size_t i = 0; i < summary->cell_count; i++) {
        if (summary->cells[i].shape) {
            return true;
        }
    }
    return false;
}

static void say_hidden(const struct mill_run_report *report, size_t hidden)
{
    struct mill_text names = {0};
    for (size_t i = 0; i < hidden; i++) {
        if (mill_run_dispensable[i] == mill_column_shape && !has_shapes(report->summary)) {
            continue;
        }
        mill_text_add(&names, "%s%s", i > 0 ? ", " : "", mill_run_columns[mill_run_dispensable[i]].name);
    }
    if (hidden > 0 && names.text) {
        mill_report_say(report, 0, "A wider terminal shows: %s.", names.text);
        mill_text_add(report->out, "\n");
    }
    report->out->failed = report->out->failed || names.failed;
    mill_text_free(&names);
}

int mill_report_tables(const struct mill_run_report *report)
{
    const struct mill_summary *summary = report->summary;
    struct table *tables = calloc(summary->cell_count + 1, sizeof *tables);
    char slice[64];
    int status = tables ? 0 : -ENOMEM;
    slice_heading(report, slice, sizeof slice);
    for (size_t i = 0; status == 0 && i < summary->cell_count; i++) {
        if (opens_table(summary, i)) {
            status = make_table(report, i, slice, &tables[i]);
        }
    }
    size_t hidden = status == 0 ? fit(tables, summary->cell_count, report->options->width) : 0;
    for (size_t i = 0; status == 0 && i < summary->cell_count; i++) {
        if (!tables[i].grid) {
            continue;
        }
        struct mill_text subject = {0};
        mill_report_subject(&subject, &summary->cells[i]);
        mill_report_styled(report, MILL_BOLD, "%s", subject.text ? subject.text : "");
        report->out->failed = report->out->failed || subject.failed;
        mill_text_free(&subject);
        status = mill_grid_render(tables[i].grid, report->out, report->options->colour);
        if (status == 0) {
            status = mill_report_spans(report, i);
        }
        if (status == 0) {
            status = mill_report_notes(report, i);
        }
    }
    if (status == 0) {
        say_hidden(report, hidden);
    }
    for (size_t i = 0; tables && i < summary->cell_count; i++) {
        mill_grid_destroy(tables[i].grid);
    }
    free(tables);
    return status;
}
