/* The parts of a run's report; private to this folder. One thread; each part appends to `out` and returns 0
 * or -ENOMEM.
 */
#ifndef MILL_REPORT_RUN_PARTS_H
#define MILL_REPORT_RUN_PARTS_H

#include "report/run_report.h"
#include "report/style.h"

/* The modes of samples, in the order in which they are shown. */
enum {
    mill_mode_count = 3,
};
extern const char *const mill_report_modes[mill_mode_count];

struct mill_run_report {
    struct mill_text *out;
    const json_t *result;
    const struct mill_summary *summary;
    const struct mill_report_options *options;
    size_t (*rejected)[mill_mode_count]; /* samples, for each cell and mode */
};

/* The tables of all scenarios, each with what stands below it (run_tables.c). */
int mill_report_tables(const struct mill_run_report *report);

/* The percentiles of each span of the scenario that cell `first` belongs to, one table for all; nothing where
 * it has none (run_spans.c). */
int mill_report_spans(const struct mill_run_report *report, size_t first);

/* What stands below the table of the scenario that cell `first` belongs to (run_notes.c). */
int mill_report_notes(const struct mill_run_report *report, size_t first);

/* The findings with their evidence; nothing when there are none (run_findings.c). */
int mill_report_findings(const struct mill_run_report *report);

/* What the words of the tables mean, and the controls that came to no verdict (run_legend.c). */
void mill_report_legend(const struct mill_run_report *report);

/* A control at so few threads, or processors, that its mistake cannot show. */
bool mill_report_cannot_show(const struct mill_summary_cell *cell);

/* It passed, and nothing was checked. */
bool mill_report_not_checked(const struct mill_summary_cell *cell);

/* The names of what the cell's samples showed, "lost-update, race"; an empty string for nothing. Returns
 * `buffer`. */
const char *mill_report_shown(const struct mill_run_report *report, size_t cell, char *buffer, size_t size);

/* Do two cells belong to one table: the same scenario and parameters? */
bool mill_report_same_table(const struct mill_summary_cell *a, const struct mill_summary_cell *b);

/* A line of its own in a style, and a newline. */
void mill_report_styled(const struct mill_run_report *report, unsigned style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A paragraph, indented and wrapped at the width of the report. */
void mill_report_say(const struct mill_run_report *report, size_t indent, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "counter (hold 100ns, think 0ns)". */
void mill_report_subject(struct mill_text *text, const struct mill_summary_cell *cell);

/* "ratio (95% interval low to high, n rounds)", or why there is no interval. */
void mill_report_ratio(struct mill_text *text, const struct mill_paired *ratio);

#endif
