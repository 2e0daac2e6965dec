/* A valve whose answers can be told apart: a transport that hands on what the valve in this process says, and
 * writes a number into each status, one more than into the last. A recorded history of who was told which
 * number shows whether an answer was that to one's own question, or, of a copy, whether it ever went back.
 *
 * The number stands in the place of safety.estops, which nothing else moves here.
 *
 * A status that a client asks for by itself takes the next number (MILL_CALL_COUNTER_FETCH_AND_ADD). What is
 * asked for a copy is written into it: then each number is recorded as a write of the cached value, of one
 * copy for all or of each thread's own.
 */
#ifndef MILL_SCENARIOS_DEVICE_NUMBERS_H
#define MILL_SCENARIOS_DEVICE_NUMBERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "device/transport.h"
#include "harness/scenario.h"

struct mill_device_numbers {
    struct mill_transport_ops ops; /* for the plan of a sharing */
    const struct mill_case *one;
    unsigned copies; /* of the status that are written to: 0, 1, or one for each thread */
    _Atomic int64_t next;
};

/* The first number is 1. The case outlives it, and it all that is opened with its table. */
void mill_device_numbers_init(struct mill_device_numbers *numbers, const struct mill_case *one,
                              unsigned copies);

/* The number that comes next. */
int64_t mill_device_numbers_next(const struct mill_device_numbers *numbers);

static inline int64_t mill_device_number(const struct mill_valve_status *status)
{
    return status->estops;
}

#endif
