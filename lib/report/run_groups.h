/* The groups within a table: what may be compared, since it was measured with equally many threads in the
 * same mode. Private to this folder; pure functions.
 */
#ifndef MILL_REPORT_RUN_GROUPS_H
#define MILL_REPORT_RUN_GROUPS_H

#include "report/run_parts.h"

/* The cells of one scenario with one set of parameters, at one number of threads, in one mode. */
struct mill_report_group {
    size_t table; /* its first cell */
    unsigned threads;
    const char *mode;
};

/* Does what was measured of `cell` in `mode` belong to the group? */
bool mill_report_in_group(const struct mill_summary *summary, size_t cell, const char *mode,
                          const struct mill_report_group *group);

/* The least number of threads above `above` in the table of cell `table`; 0 when there is none. */
unsigned mill_report_next_threads(const struct mill_summary *summary, size_t table, unsigned above);

/* "2 threads, near", and on a second line that they are oversubscribed. */
void mill_report_group_name(struct mill_text *text, const struct mill_summary *summary,
                            const struct mill_report_group *group);

#endif
