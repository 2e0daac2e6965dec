/* A recorder, and samples whose every member follows from their number, for its tests. Included once by such
 * a test.
 */
#ifndef MILL_DEVICE_TEST_RECORDER_H
#define MILL_DEVICE_TEST_RECORDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "device/recorder.h"

static inline struct mill_recorder *create(size_t capacity, enum mill_recorder_policy policy)
{
    struct mill_recorder *recorder;
    const struct mill_recorder_plan plan = {.capacity = capacity, .policy = policy};
    assert_int_equal(mill_recorder_create(&plan, &recorder), 0);
    return recorder;
}

/* Every member follows from the number, so that a torn one shows. */
static inline struct mill_stream_sample sample_of(uint64_t number)
{
    return (struct mill_stream_sample){
        .number = number,
        .arrived_ns = 2 * number,
        .lag_ns = 3 * number,
        .line = {.timestamp_ms = 4 * number,
                 .position_deg = (double)number,
                 .passivity_mj = -(int64_t)number},
    };
}

static inline bool is_whole(const struct mill_stream_sample *sample)
{
    struct mill_stream_sample wanted = sample_of(sample->number);
    return sample->arrived_ns == wanted.arrived_ns && sample->lag_ns == wanted.lag_ns &&
           sample->line.timestamp_ms == wanted.line.timestamp_ms &&
           sample->line.passivity_mj == wanted.line.passivity_mj;
}

static inline void take(struct mill_recorder *recorder, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct mill_stream_sample sample = sample_of(first + i);
        mill_recorder_take(recorder, &sample);
    }
}

static inline struct mill_recorder_metrics metrics_of(struct mill_recorder *recorder)
{
    struct mill_recorder_metrics metrics;
    mill_recorder_read(recorder, &metrics);
    return metrics;
}

#endif
