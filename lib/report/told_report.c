#include "report/told_report.h"

#include <errno.h>
#include <string.h>

#include "report/display.h"
#include "report/grid.h"

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static unsigned style_of(const char *grade, json_int_t count)
{
    bool bad = strcmp(grade, "forbidden") == 0 || strcmp(grade, "unknown") == 0;
    return count == 0                          ? MILL_DIM
           : bad                               ? MILL_RED | MILL_BOLD
           : strcmp(grade, "interesting") == 0 ? MILL_YELLOW
                                               : MILL_PLAIN;
}

static void add_row(struct mill_grid *grid, const json_t *row)
{
    const char *grade = text_of(row, "grade");
    json_int_t count = json_integer_value(json_object_get(row, "count"));
    unsigned style = style_of(grade, count);
    mill_grid_cell(grid, style, "  %s", text_of(row, "outcome"));
    mill_grid_cell(grid, style, "%" JSON_INTEGER_FORMAT, count);
    mill_grid_cell(grid, style, "%s", grade);
    mill_grid_cell(grid, style, "%s", text_of(row, "sentence"));
}

int mill_told_report_outcomes(struct mill_text *out, const char *whose, const struct mill_told *told,
                              const struct mill_report_options *options)
{
    static const struct mill_grid_column columns[] = {
        {"outcome", MILL_LEFT}, {"times", MILL_RIGHT}, {"grade", MILL_LEFT}, {"why", MILL_LEFT}};
    struct mill_grid *grid;
    size_t index;
    json_t *row;
    if (!told->outcomes) {
        return 0;
    }
    if (mill_grid_create(&grid, columns, sizeof columns / sizeof columns[0]) < 0) {
        return -ENOMEM;
    }
    mill_grid_heading(grid, whose);
    json_array_foreach(told->outcomes, index, row)
    {
        add_row(grid, row);
    }
    int status = mill_grid_render(grid, out, options->colour);
    mill_grid_destroy(grid);
    mill_text_add(out, "\n");
    return status;
}

void mill_told_report_histories(struct mill_text *out, const struct mill_told *told)
{
    if (told->linearizable + told->wrong + told->undecided > 0) {
        mill_text_add(out,
                      "histories: %zu linearizable, %zu not, %zu undecided (%" JSON_INTEGER_FORMAT
                      " calls were checked against their models)\n",
                      told->linearizable, told->wrong, told->undecided, told->calls);
    }
}
