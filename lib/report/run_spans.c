#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "report/grid.h"
#include "report/run_groups.h"

/* The names of the spans that rows of one table have, in the order in which they come. */
struct names {
    const char *name[MILL_SPANS_MAX];
    size_t count;
};

static const struct mill_histogram *span_of(const struct mill_summary_row *row, const char *name)
{
    for (size_t i = 0; i < row->span_count; i++) {
        if (strcmp(row->spans[i].name, name) == 0) {
            return row->spans[i].latency;
        }
    }
    return NULL;
}

static void add_names(struct names *names, const struct mill_summary_row *row)
{
    for (size_t i = 0; i < row->span_count; i++) {
        size_t at = 0;
        while (at < names->count && strcmp(names->name[at], row->spans[i].name) != 0) {
            at++;
        }
        if (at == names->count && at < MILL_SPANS_MAX) {
            names->name[names->count++] = row->spans[i].name;
        }
    }
}

struct ranked {
    const struct mill_summary_row *row;
    uint64_t median;
};

static int by_median(const void *a, const void *b)
{
    const struct ranked *one = a, *other = b;
    if (one->median != other->median) {
        return one->median < other->median ? -1 : 1;
    }
    return one->row->cell < other->row->cell ? -1 : one->row->cell > other->row->cell;
}

static void add_row(const struct mill_run_report *report, struct mill_grid *grid,
                    const struct mill_summary_row *row, const struct mill_histogram *span)
{
    static const double percents[] = {50, 90, 99, 99.9, 99.99};
    const struct mill_summary_cell *cell = &report->summary->cells[row->cell];
    unsigned style = cell->control ? MILL_DIM : MILL_PLAIN;
    char text[64];
    mill_grid_cell(grid, style, "  %s", cell->strategy);
    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
        double value = (double)mill_histogram_percentile(span, percents[i]);
        mill_grid_cell(grid, style, "%s", mill_format_duration(text, sizeof text, value));
    }
    mill_grid_cell(grid, style, "%s", mill_format_duration(text, sizeof text, (double)span->maximum));
    mill_grid_cell(grid, style, "%s", mill_format_count(text, sizeof text, (double)span->count));
}

/* One span of one group, the shortest first. `room` is for as many as there are rows. */
static void add_span(const struct mill_run_report *report, struct mill_grid *grid,
                     const struct mill_report_group *group, const char *name, struct ranked *room)
{
    const struct mill_summary *summary = report->summary;
    size_t count = 0;
    for (size_t i = 0; i < summary->row_count; i++) {
        const struct mill_summary_row *row = &summary->rows[i];
        const struct mill_histogram *span = span_of(row, name);
        if (mill_report_in_group(summary, row->cell, row->mode, group) && span && span->count > 0) {
            room[count++] = (struct ranked){row, mill_histogram_percentile(span, 50)};
        }
    }
    if (count == 0) {
        return;
    }
    qsort(room, count, sizeof *room, by_median);
    struct mill_text heading = {0};
    mill_text_add(&heading, "%s\n%u thread%s, %s", name, group->threads, group->threads == 1 ? "" : "s",
                  group->mode);
    mill_grid_heading(grid, heading.text ? heading.text : "");
    report->out->failed = report->out->failed || heading.failed;
    mill_text_free(&heading);
    for (size_t i = 0; i < count; i++) {
        add_row(report, grid, room[i].row, span_of(room[i].row, name));
    }
    mill_grid_line(grid, MILL_PLAIN, "%s", "");
}

static void add_title(const struct mill_run_report *report, const struct names *names)
{
    struct mill_text list = {0};
    for (size_t i = 0; i < names->count; i++) {
        mill_text_add(&list, "%s%s", i == 0 ? "" : i + 1 < names->count ? ", " : " and ", names->name[i]);
    }
    mill_report_styled(report, MILL_BOLD, "%s, of the operations that were timed",
                       list.text ? list.text : "");
    report->out->failed = report->out->failed || list.failed;
    mill_text_free(&list);
}

int mill_report_spans(const struct mill_run_report *report, size_t first)
{
    static const struct mill_grid_column columns[] = {
        {"", MILL_LEFT},         {"\np50", MILL_RIGHT},    {"\np90", MILL_RIGHT}, {"\np99", MILL_RIGHT},
        {"\np99.9", MILL_RIGHT}, {"\np99.99", MILL_RIGHT}, {"\nmax", MILL_RIGHT}, {"\nn", MILL_RIGHT},
    };
    const struct mill_summary *summary = report->summary;
    struct names names = {.count = 0};
    for (size_t i = 0; i < summary->row_count; i++) {
        if (mill_report_same_table(&summary->cells[first], &summary->cells[summary->rows[i].cell])) {
            add_names(&names, &summary->rows[i]);
        }
    }
    if (names.count == 0) {
        return 0;
    }
    struct mill_grid *grid = NULL;
    struct ranked *room = calloc(summary->row_count + 1, sizeof *room);
    int status = room ? mill_grid_create(&grid, columns, sizeof columns / sizeof columns[0]) : -ENOMEM;
    for (unsigned threads = mill_report_next_threads(summary, first, 0); status == 0 && threads > 0;
         threads = mill_report_next_threads(summary, first, threads)) {
        for (size_t at = 0; at < (size_t)mill_mode_count * names.count; at++) {
            const struct mill_report_group group = {first, threads, mill_report_modes[at / names.count]};
            add_span(report, grid, &group, names.name[at % names.count], room);
        }
    }
    if (status == 0) {
        add_title(report, &names);
        status = mill_grid_render(grid, report->out, report->options->colour);
    }
    mill_grid_destroy(grid);
    free(room);
    return status;
}
