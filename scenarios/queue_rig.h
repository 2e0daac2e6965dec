/* What the scenarios of one queue between producers and consumers set up alike: the queue, a place for each
 * thread of either role, and who is the last to put. It stands at the beginning of a scenario's state.
 */
#ifndef MILL_SCENARIOS_QUEUE_RIG_H
#define MILL_SCENARIOS_QUEUE_RIG_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/cacheline.h"
#include "harness/scenario.h"
#include "queue/queue.h"

struct mill_queue_rig {
    struct mill_queue *queue;
    unsigned producer_count, consumer_count;
    void *producers, *consumers;                 /* zeroed; of the sizes that open was given */
    alignas(MILL_ISOLATION) atomic_uint putting; /* producers that have not finished */
};

/* Makes a state of `state_size` bytes, which begins with the rig, and the rig: `producers` of the case's
 * threads put, the others get. 0, and one->state is set; -ENOMEM; or as mill_queue_create. */
int mill_queue_rig_open(struct mill_case *one, size_t state_size, unsigned producers, size_t capacity,
                        size_t producer_size, size_t consumer_size);

/* Of a rig that is open: with the state. It is a scenario's teardown. */
void mill_queue_rig_close(struct mill_case *one);

/* Called by each producer at its end: true for the last, which comes behind all that the others put. */
bool mill_queue_rig_is_last(struct mill_queue_rig *rig);

/* A producer's `finish`: the last one closes the queue. */
void mill_queue_rig_finish_putting(struct mill_worker *worker);

#endif
