/* The answer to "which one?", in words.
 *
 * Appends to the text that it is given; one thread.
 */
#ifndef MILL_REPORT_ADVICE_REPORT_H
#define MILL_REPORT_ADVICE_REPORT_H

#include "core/text.h"
#include "harness/advice.h"

/* The same workload but for one thing. */
struct mill_advice_variation {
    char what[96]; /* "4 threads", "hold 1 us" */
    const struct mill_summary *summary;
};

struct mill_advice_report {
    const char *workload; /* in words */
    const struct mill_summary *summary;
    const struct mill_advice_variation *variations;
    size_t variation_count;
    unsigned width; /* of the terminal; 0: do not wrap */
};

/* 0 or -ENOMEM. */
int mill_advice_report(struct mill_text *out, const struct mill_advice_report *report);

#endif
