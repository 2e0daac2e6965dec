/* One atomic addition a call. */
#include <stdatomic.h>

#include "sync/counter_list.h"

struct mill_counter {
    _Atomic int64_t value;
};

static void add(struct mill_counter *counter, unsigned slot, int64_t amount)
{
    (void)slot;
    /* relaxed: the sum publishes nothing */
    atomic_fetch_add_explicit(&counter->value, amount, memory_order_relaxed);
}

static int64_t read(struct mill_counter *counter)
{
    return atomic_load_explicit(&counter->value,
                                memory_order_relaxed); /* exact after the join, which orders it */
}

const struct mill_counter_ops mill_counter_atomic = {
    .about =
        {
            .name = "atomic",
            .summary = "one atomic fetch-and-add",
            .source = "Gottlieb et al. 1983",
            .progress = MILL_WAIT_FREE,
            .size = sizeof(struct mill_counter),
        },
    .create = mill_counter_create_word,
    .destroy = mill_counter_destroy_word,
    .add = add,
    .read = read,
};
