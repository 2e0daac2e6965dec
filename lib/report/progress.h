/* The progress of a run that is going on, for a person who waits.
 *
 * On a terminal: one line, redrawn in place at most ten times a second, with the time left. Elsewhere: plain
 * lines, one for each tenth that is done. Bad samples get a line of their own on both.
 *
 *     struct mill_progress_view *progress;
 *     int status = mill_progress_create(&progress, stderr, mill_now_ns());
 *     … from the run's observer: mill_progress_update(progress, event, mill_now_ns());
 *     mill_progress_destroy(progress);
 *
 * One thread at a time. What cannot be written is not missed: progress never fails a run.
 */
#ifndef MILL_REPORT_PROGRESS_H
#define MILL_REPORT_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

#include "core/text.h"
#include "harness/run.h"

struct mill_progress_view;

/* For a run that begins at `now_ns` (of mill_now_ns). Writes to `stream`, which outlives it; whether that is
 * a terminal and how wide, is looked up here. 0 or -ENOMEM. */
int mill_progress_create(struct mill_progress_view **progress, FILE *stream, uint64_t now_ns);

/* The same for a terminal of `width` columns; 0: no terminal. */
int mill_progress_create_at(struct mill_progress_view **progress, FILE *stream, unsigned width,
                            uint64_t now_ns);

/* Tells it of the run's budget (struct mill_run_settings), so that rounds that will not fit are not waited
 * for. 0: none. */
void mill_progress_budget(struct mill_progress_view *progress, uint64_t budget_ns);

void mill_progress_update(struct mill_progress_view *progress, const struct mill_run_event *event,
                          uint64_t now_ns);

/* Clears the line on a terminal, and frees it. NULL is fine. */
void mill_progress_destroy(struct mill_progress_view *progress);

/* Nanoseconds left at the pace so far: `elapsed_ns` for `done` of `total`; UINT64_MAX while nothing is done.
 */
uint64_t mill_progress_left(uint64_t elapsed_ns, size_t done, size_t total);

/* "45 s", "1 min 20 s", "12 min", "2 h 5 min": rounded up as coarsely as an estimate deserves. */
void mill_progress_time(struct mill_text *text, uint64_t ns);

#endif
