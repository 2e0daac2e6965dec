/* How evenly threads were served.
 *
 * A struct mill_slices belongs to one thread (the one that samples the others' counts); the rest are pure
 * functions.
 */
#ifndef MILL_MEASURE_FAIRNESS_H
#define MILL_MEASURE_FAIRNESS_H

#include <stddef.h>
#include <stdint.h>

/* Jain's fairness index (Jain, Chiu and Hawe 1984): (sum x)^2 / (n * sum x^2): 1 when all are equal, 1/n when
 * one has everything. NaN when all are zero or there are none: nobody was served, which is not fair. NaN too
 * when a share is negative or not finite. */
double mill_jain_index(const double *share, size_t count);

/* Follows the operations of some threads over equal slices of time.
 *
 *     struct mill_slices *slices;
 *     mill_slices_create(threads, &slices);
 *     each slice: mill_slices_add(slices, operations_so_far, slice_ns);
 *     mill_slices_summarise(slices, &summary);
 *     mill_slices_destroy(slices);
 */
struct mill_slices;

struct mill_slices_summary {
    size_t slices;
    double jain_median; /* of the slices' indices; NaN without slices. A slice in which nobody advanced counts
                           as 0 */
    double jain_worst;  /* the lowest of them */
    uint64_t starvation_ns; /* the longest run of slices in which one and the same thread completed nothing */
};

/* 0, -EINVAL for no threads, -ENOMEM. */
int mill_slices_create(size_t threads, struct mill_slices **slices);
void mill_slices_destroy(struct mill_slices *slices);

/* `operations` are running totals, one a thread; `slice_ns` is how long ago the last call was. The first call
 * only sets the origin. 0, -ENOMEM, or -EINVAL for a total that went down; after an error nothing was added.
 */
int mill_slices_add(struct mill_slices *slices, const uint64_t *operations, uint64_t slice_ns);

void mill_slices_summarise(const struct mill_slices *slices, struct mill_slices_summary *summary);

#endif
