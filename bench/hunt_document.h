/* The document of a hunt (results/schema/hunt-1.schema.json): what was hunted, what became of it, and each
 * failing schedule with its steps. Threads, places and words are those that hunt_report.h prints.
 *
 *     mill_hunt_document_open(request, argc, argv, &error);
 *     mill_hunt_document_cell(request, cell, "clean", NULL, &result);
 *     …
 *     mill_hunt_document_write(request, &error);
 *     mill_hunt_document_close(request);
 *
 * A request without an output has no document: then every function does nothing and succeeds. Memory that ran
 * out is told by mill_hunt_document_write. One thread.
 */
#ifndef MILL_BENCH_HUNT_DOCUMENT_H
#define MILL_BENCH_HUNT_DOCUMENT_H

#include "harness/plan.h"
#include "hunt/drive.h"
#include "hunt_request.h"

/* Also makes sure that the output can be written. 0 or a negative errno. */
int mill_hunt_document_open(struct mill_hunt_request *request, int argc, char **argv,
                            struct mill_error *error);

/* What became of a cell; `cell` NULL: of the program of request->campaign. `result` NULL: it was not hunted.
 * A finding that follows is of this cell. */
void mill_hunt_document_cell(struct mill_hunt_request *request, const struct mill_cell *cell,
                             const char *verdict, const char *reason,
                             const struct mill_campaign_result *result);

/* A failing schedule of the last cell, which is to be added before. `found` preemptions it had before it was
 * reduced. `drive`: where it ran with its steps kept; NULL: it did not. `token` NULL: it has none. */
void mill_hunt_document_finding(struct mill_hunt_request *request, const struct mill_campaign_result *result,
                                uint32_t found, const struct mill_drive *drive, const char *token);

/* 0 or a negative errno. */
int mill_hunt_document_write(struct mill_hunt_request *request, struct mill_error *error);

/* What was not written is given up. */
void mill_hunt_document_close(struct mill_hunt_request *request);

#endif
