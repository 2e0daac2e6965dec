/* One metric of one cell, sample by sample. Private to the comparison.
 *
 * Pure functions over a document that nobody changes meanwhile.
 */
#ifndef MILL_HARNESS_COMPARE_SERIES_H
#define MILL_HARNESS_COMPARE_SERIES_H

#include "harness/compare.h"
#include "harness/sample_series.h"

extern const char *const mill_compare_modes[];

enum {
    MILL_COMPARE_MODES = 3,
};

struct mill_compare_point {
    json_int_t round;
    unsigned mode; /* index into mill_compare_modes */
    double value;
};

struct mill_compare_points {
    struct mill_compare_point *points;
    size_t count;
};

/* The accepted samples of `cell` that have the metric: those that completed operations, and for percentiles
 * so many that the percentile means something. To be freed by the caller in either case. 0, -ENOMEM, or
 * -EBADMSG with a message for a histogram that cannot be decoded. */
int mill_compare_collect(struct mill_compare_points *points, const struct mill_index *index, size_t cell,
                         enum mill_metric metric, struct mill_error *error);

#endif
