/* How long each thread works inside a lock, and thinks outside it: hold and think times of one shape
 * (core/times.h), which every scenario over locks takes by the same parameters.
 *
 *     [HOLD] = MILL_PACE_HOLD,  [THINK] = MILL_PACE_THINK,
 *     [SHAPE] = MILL_PACE_SHAPE,  [BURST] = MILL_PACE_BURST,
 *
 *     status = mill_paces_create(one, hold, think, shape, burst, &paces);   in setup
 *
 *     mill_acquire();
 *     mill_pace_hold(worker, pace);                                      the operation
 *     mill_release();
 *
 *     mill_pace_think(worker, pace);                                     `between`
 *
 * Time is spent on the processor without touching memory. It is drawn outside the lock, and between two
 * operations, so that drawing is in nobody's way and in nobody's latency.
 */
#ifndef MILL_SCENARIOS_PACE_H
#define MILL_SCENARIOS_PACE_H

#include "core/times.h"
#include "harness/scenario.h"

#define MILL_PACE_HOLD                                                                        \
    {                                                                                         \
        .name = "hold", .summary = "work inside the lock, on average", .type = MILL_DURATION, \
        .maximum = MILL_NS_PER_MS                                                             \
    }
#define MILL_PACE_THINK                                                                 \
    {                                                                                   \
        .name = "think", .summary = "work outside, between two operations, on average", \
        .type = MILL_DURATION, .maximum = 10 * MILL_NS_PER_MS                           \
    }
#define MILL_PACE_SHAPE                                                                         \
    {                                                                                           \
        .name = "shape", .summary = "of these times: all alike, as if by chance, or in bursts", \
        .type = MILL_CHOICE, .choices = mill_times_shapes                                       \
    }
#define MILL_PACE_BURST                                                                            \
    {                                                                                              \
        .name = "burst", .summary = "where bursty: one in so many takes as long as so many would", \
        .type = MILL_INTEGER, .minimum = 1, .maximum = 100, .fallback = 16                         \
    }

/* One thread's, on lines of its own. */
struct mill_pace {
    alignas(MILL_ISOLATION) uint64_t hold_ns; /* of the next operation, */
    uint64_t think_ns;                        /* and behind it */
    bool drawn;                               /* anew for each */
    struct mill_times holds, thinks;
};

/* One for each thread of the case, from its seed; freed by free(). The four are values of the parameters
 * above. 0; -ENOMEM; -EINVAL (a value that mill_times_init refuses). */
int mill_paces_create(const struct mill_case *one, int64_t hold_ns, int64_t think_ns, int64_t shape,
                      int64_t burst, struct mill_pace **paces);

/* Draws what the next operation takes. */
void mill_pace_draw(struct mill_pace *pace);

/* Works for as long as this operation shall. */
static inline void mill_pace_hold(const struct mill_worker *worker, const struct mill_pace *pace)
{
    if (pace->hold_ns > 0) {
        mill_spend(worker->clock, pace->hold_ns);
    }
}

/* Thinks for as long as it shall behind this operation, and draws the next. */
static inline void mill_pace_think(const struct mill_worker *worker, struct mill_pace *pace)
{
    mill_spend(worker->clock, pace->think_ns);
    if (pace->drawn) {
        mill_pace_draw(pace);
    }
}

#endif
