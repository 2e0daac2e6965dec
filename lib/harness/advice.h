/* Which strategy to take: what the summary of a run answers, mode by mode.
 *
 *     struct mill_advice advice[MILL_ADVICE_MODES];
 *     size_t modes = mill_advice_make(advice, &summary);
 *     for (size_t i = 0; i < modes; i++)
 *         … advice[i].best leads advice[i].next by advice[i].lead.ratio …
 *
 * The run is of one scenario with one set of parameters and one number of threads. Only strategies whose
 * answers were checked and right, that are no control and did not collapse, can be taken. Pure functions; the
 * rows that the advice points to belong to the summary.
 */
#ifndef MILL_HARNESS_ADVICE_H
#define MILL_HARNESS_ADVICE_H

#include "core/text.h"
#include "harness/summary.h"

#define MILL_ADVICE_MODES 3

/* For one mode. */
struct mill_advice {
    const char *mode;
    const struct mill_summary_row *best; /* the highest median rate */
    const struct mill_summary_row *next; /* NULL: it is alone */
    bool untold;             /* alone, but others were to be measured: no sample of theirs counts here */
    struct mill_paired lead; /* of best over next; of no rounds when they share none */
    /* The best by other measures, which may be the best itself; NULL where nothing was measured. */
    const struct mill_summary_row *by_tail;     /* the lowest p99 of an operation */
    const struct mill_summary_row *by_cpu;      /* the most operations a second of processor time */
    const struct mill_summary_row *by_fairness; /* the highest index of Jain's within slices of time */
};

/* Fills in one for each mode in which something can be taken, the one with most samples first; returns how
 * many there are. */
size_t mill_advice_make(struct mill_advice advice[MILL_ADVICE_MODES], const struct mill_summary *summary);

/* Is the best to be taken: faster than the next with all of the interval, or alone from the start? */
bool mill_advice_is_clear(const struct mill_advice *one);

/* That of a mode, or NULL. */
const struct mill_advice *mill_advice_for(const struct mill_advice *advice, size_t count, const char *mode);

/* Adds the names of the `most` fastest of each mode, joined by commas, and of those of which no sample
 * counted: who is worth another look. */
void mill_advice_shortlist(struct mill_text *names, const struct mill_summary *summary, size_t most);

#endif
