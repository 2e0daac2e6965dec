/* Lengths of time that are drawn: how long work takes, and how long until there is more of it.
 *
 *     struct mill_times think;
 *     int status = mill_times_init(&think, MILL_TIMES_EXPONENTIAL, 1000, 16, seed, thread_index);
 *     uint64_t ns = mill_times_next(&think);
 *
 * All shapes have the same mean, so that only the shape differs:
 *
 *   fixed         each is the mean
 *   exponential   as between events that know nothing of each other: most are short, one in e^3 is longer
 *                 than three means
 *   bursty        most are nothing at all, and one in `burst`, by chance, is `burst` means long
 *
 * The same seed and stream draw the same lengths, everywhere. The object is one thread's. Wait-free. No
 * memory is touched but the object's, and nothing is computed in floating point.
 */
#ifndef MILL_CORE_TIMES_H
#define MILL_CORE_TIMES_H

#include <stdint.h>

#include "core/random.h"

enum mill_times_shape {
    MILL_TIMES_FIXED,
    MILL_TIMES_EXPONENTIAL,
    MILL_TIMES_BURSTY,
};

#define MILL_TIMES_MEAN_MAX  1000000000000ull /* ns */
#define MILL_TIMES_BURST_MAX 1000u

/* The shapes' names in the order of the enum, ended by NULL. */
extern const char *const mill_times_shapes[];

struct mill_times {
    struct mill_random random;
    uint64_t mean_ns;
    uint32_t burst;
    enum mill_times_shape shape;
};

/* 0; -EINVAL (no such shape, a mean over MILL_TIMES_MEAN_MAX, a burst of 0 or over MILL_TIMES_BURST_MAX). */
int mill_times_init(struct mill_times *times, enum mill_times_shape shape, uint64_t mean_ns, uint32_t burst,
                    uint64_t seed, uint64_t stream);

/* The next one, in nanoseconds. */
uint64_t mill_times_next(struct mill_times *times);

#endif
