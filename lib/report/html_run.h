/* The parts of a run's section; private to this folder. One thread; each part appends to `out`.
 */
#ifndef MILL_REPORT_HTML_RUN_H
#define MILL_REPORT_HTML_RUN_H

#include "report/html_parts.h"

struct mill_html_run {
    const struct mill_html_part *part;
    struct mill_text *out;
    const json_t *result;
    const struct mill_summary *summary;
    const struct mill_summary_pair *behind; /* each cell against the fastest beside it */
    size_t behind_count;
};

enum {
    MILL_HTML_ID = 96,
};

/* A table is the cells of one scenario with one set of parameters; it is known by its first cell. */
bool mill_html_is_table(const struct mill_summary *summary, size_t cell);
bool mill_html_in_table(const struct mill_summary *summary, size_t table, size_t cell);

/* "r1-counter", and "r1-counter-2" for its second set of parameters. Returns `buffer`. */
const char *mill_html_table_id(const struct mill_html_run *run, size_t table, char *buffer);

/* "counter  hold=100ns": escaped. */
void mill_html_subject(struct mill_text *out, const struct mill_summary_cell *cell);

/* ", near" or ", far"; nothing where a machine has one speed. */
void mill_html_mode(struct mill_text *out, const char *mode);

/* The verdict of the whole run, and who leads where. */
void mill_html_run_verdict(const struct mill_html_run *run);

/* Who leads in a table: one list item for each number of threads, mode and shape. */
void mill_html_run_leaders(const struct mill_html_run *run, size_t table);

/* What was found, with its evidence; nothing when there is none. */
void mill_html_run_findings(const struct mill_html_run *run);

/* The rows of a table, and below it the cells that have none. */
void mill_html_run_table(const struct mill_html_run *run, size_t table);

/* Ours beside the peers; nothing when there are none. */
void mill_html_run_peers(const struct mill_html_run *run);

/* The performance table of guide 5, when the run has the scenario of it. */
void mill_html_run_guide5(const struct mill_html_run *run);

/* What the charts of the run draw: one JSON block for each table, and one for the peers. */
void mill_html_run_data(const struct mill_html_run *run);

#endif
