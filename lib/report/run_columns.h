/* The columns of a run's tables; private to this folder. A column more is a function and a line of the table.
 */
#ifndef MILL_REPORT_RUN_COLUMNS_H
#define MILL_REPORT_RUN_COLUMNS_H

#include "report/grid.h"
#include "report/run_parts.h"

enum mill_column {
    mill_column_strategy,
    mill_column_shape, /* hidden where all are alike */
    mill_column_rate,
    mill_column_interval,
    mill_column_p50,
    mill_column_p99,
    mill_column_p999,
    mill_column_max,
    mill_column_jain,
    mill_column_jain_slice,
    mill_column_starved,
    mill_column_reacquired,
    mill_column_per_cpu_second,
    mill_column_switches,
    mill_column_samples,
    mill_column_verdict,
    mill_column_count,
};

enum {
    mill_dispensable_count = mill_column_count - 4,
};

struct mill_run_column {
    const char *heading; /* NULL: has the length of the slices in it */
    const char *name;    /* as it is called when it is left out */
    enum mill_align align;
    /* Writes the cell's text; leaves `buffer` as it is, which is "-", when there is no value. */
    void (*write)(const struct mill_run_report *report, const struct mill_summary_row *row, char *buffer,
                  size_t size);
};

extern const struct mill_run_column mill_run_columns[mill_column_count];

/* What a narrow terminal does without, the first of these first. Name, speed, interval and verdict always
 * stay. */
extern const enum mill_column mill_run_dispensable[mill_dispensable_count];

/* The columns that a table has of what its scenario recorded. */
struct mill_run_measures {
    const char *names[MILL_MEASURES_MAX];
    char headings[MILL_MEASURES_MAX][64];
    size_t count;
};

/* Adds the row's measures to those of its table, in the order in which they come. Those beyond
 * MILL_MEASURES_MAX (rows of one scenario that record different ones) are left to the document. */
void mill_run_measures_add(struct mill_run_measures *measures, const struct mill_summary_row *row);

/* Writes the row's value of that measure; leaves `buffer` as it is when it has none. */
void mill_run_measure_write(const struct mill_summary_row *row, const char *name, char *buffer, size_t size);

#endif
