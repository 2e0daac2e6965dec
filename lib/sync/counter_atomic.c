/* One atomic addition a call. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/counter_list.h"

struct mill_counter {
    _Atomic int64_t value;
};

static int create(const struct mill_counter_ops *ops, unsigned slots, struct mill_counter **counter)
{
    (void)ops;
    (void)slots;
    *counter = mill_isolated_alloc(sizeof **counter);
    return *counter ? 0 : -ENOMEM;
}

static void destroy(struct mill_counter *counter)
{
    free(counter);
}

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
    .create = create,
    .destroy = destroy,
    .add = add,
    .read = read,
};
