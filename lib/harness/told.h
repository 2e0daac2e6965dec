/* What samples tell beside their numbers, summed up: histories judged, and outcomes of litmus tests counted.
 * A sample that was rejected, since its times are worth nothing, tells as well as any.
 *
 *     struct mill_told told = {0};
 *     … for each sample of a cell: status = mill_told_add(&told, sample);
 *     … told.histories[…], told.outcomes
 *     mill_told_free(&told);
 *
 * One thread.
 */
#ifndef MILL_HARNESS_TOLD_H
#define MILL_HARNESS_TOLD_H

#include <jansson.h>
#include <stddef.h>

struct mill_told {
    size_t linearizable, wrong, undecided; /* histories */
    json_int_t calls;                      /* that were looked at */
    json_t *outcomes; /* rows {"outcome", "grade", "sentence", "count"}; NULL: no litmus test. Owned */
};

/* 0 or -ENOMEM. */
int mill_told_add(struct mill_told *told, const json_t *sample);

/* Adds all of another. 0 or -ENOMEM. */
int mill_told_add_all(struct mill_told *told, const struct mill_told *more);

/* As members of `object`: "histories", if there were any, and "outcomes" likewise; and from there, the other
 * way. 0 or -ENOMEM. */
int mill_told_encode(const struct mill_told *told, json_t *object);
int mill_told_decode(struct mill_told *told, const json_t *object);

void mill_told_free(struct mill_told *told);

#endif
