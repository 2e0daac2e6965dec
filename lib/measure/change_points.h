/* Where a series of measurements changed its level: the segmentation that is best as a whole, not last
 * against previous.
 *
 * PELT (Killick, Fearnhead and Eckley, "Optimal detection of changepoints with a linear computational cost",
 * JASA 2012) minimises the sum of the segments' costs and a penalty for each change, exactly. The cost of a
 * segment is the sum of absolute deviations from its median, in units of the noise: one wild value costs in
 * proportion to how wild it is and not to its square (Fearnhead and Rigaill, "Changepoint detection in the
 * presence of outliers", JASA 2019), and a segment has a least length, so that a wild value alone is no
 * change.
 *
 *     struct mill_change_settings settings = mill_change_defaults(count, mill_change_noise(logs, count),
 * 0.01); size_t *points, point_count; int status = mill_change_points(logs, count, &settings, &points,
 * &point_count); … points[i] is the first index of a new level … free(points);
 *
 * Values are taken as they are: for changes by factors, give their logarithms. Pure functions; any thread.
 */
#ifndef MILL_MEASURE_CHANGE_POINTS_H
#define MILL_MEASURE_CHANGE_POINTS_H

#include <stddef.h>

/* More values than this are refused: the memory grows with their square where nothing changes. */
#define MILL_CHANGE_VALUES_MAX 4096

struct mill_change_settings {
    double scale;    /* the noise, like a standard deviation; above 0 */
    double penalty;  /* what a change must save, in units of the noise; not negative */
    size_t shortest; /* values in a segment, at least 1 */
};

/* The noise of a series that may have changed its level: from the median of its absolute steps, which for
 * normal noise is its standard deviation. 0 for fewer than two values, and where most steps are 0; NaN for
 * want of memory.
 */
double mill_change_noise(const double *values, size_t count);

/* Settings for `count` values whose noise is `noise`, or `least` where that is more: segments of three, and a
 * penalty that grows with the logarithm of the number. About one in fifty series of independent values
 * without a change is told to have one; what drifts slowly has changed, and is told so. */
struct mill_change_settings mill_change_defaults(size_t count, double noise, double least);

/* The best segmentation: the first index of each segment but the first, ascending, in *points, which the
 * caller frees (NULL when there is no change). 0; -EINVAL for a value that is not finite or settings that
 * make no sense, -E2BIG for more than MILL_CHANGE_VALUES_MAX values, -ENOMEM. */
int mill_change_points(const double *values, size_t count, const struct mill_change_settings *settings,
                       size_t **points, size_t *point_count);

#endif
