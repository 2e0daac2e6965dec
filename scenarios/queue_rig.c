#include "scenarios/queue_rig.h"

#include <errno.h>
#include <stdlib.h>

void mill_queue_rig_close(struct mill_case *one)
{
    struct mill_queue_rig *rig = one->state;
    mill_queue_destroy(rig->queue);
    free(rig->producers);
    free(rig->consumers);
    free(rig);
}

int mill_queue_rig_open(struct mill_case *one, size_t state_size, unsigned producers, size_t capacity,
                        size_t producer_size, size_t consumer_size)
{
    struct mill_queue_rig *rig = mill_isolated_alloc(state_size);
    if (!rig) {
        return -ENOMEM;
    }
    one->state = rig;
    rig->producer_count = producers;
    rig->consumer_count = one->threads - producers;
    atomic_init(&rig->putting, producers);
    rig->producers = mill_isolated_alloc(rig->producer_count * producer_size);
    rig->consumers = mill_isolated_alloc(rig->consumer_count * consumer_size);
    int status = rig->producers && rig->consumers
                     ? mill_queue_create(mill_queue_ops_of(one->strategy), capacity, &rig->queue)
                     : -ENOMEM;
    if (status < 0) {
        mill_queue_rig_close(one);
    }
    return status;
}

bool mill_queue_rig_is_last(struct mill_queue_rig *rig)
{
    /* acq_rel: the last one to leave comes after all that the others put */
    return atomic_fetch_sub_explicit(&rig->putting, 1, memory_order_acq_rel) == 1;
}

void mill_queue_rig_finish_putting(struct mill_worker *worker)
{
    struct mill_queue_rig *rig = worker->state;
    if (mill_queue_rig_is_last(rig)) {
        mill_queue_close(rig->queue);
    }
}
