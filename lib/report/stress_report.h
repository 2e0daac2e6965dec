/* The report of a stress run, as text for a terminal, a log or a file.
 *
 * A table of scenarios and tools; the controls that were found, and how; what could not be judged, with the
 * reasons; each finding once, with its stacks and where it was seen; a last line that counts.
 */
#ifndef MILL_REPORT_STRESS_REPORT_H
#define MILL_REPORT_STRESS_REPORT_H

#include <jansson.h>

#include "core/text.h"
#include "report/run_report.h"

/* Appends the report of `document`, as mill_stress_tool made it (harness/stress.h). 0 or -ENOMEM. One thread.
 */
int mill_stress_report(struct mill_text *out, const json_t *document,
                       const struct mill_report_options *options);

#endif
