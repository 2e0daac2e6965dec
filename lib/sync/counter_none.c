/* No counter at all: what the call through the table costs. */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/counter_list.h"

struct mill_counter {
    char nothing;
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
    (void)counter;
    (void)slot;
    (void)amount;
}

static int64_t read(struct mill_counter *counter)
{
    (void)counter;
    return 0;
}

const struct mill_counter_ops mill_counter_none = {
    .about =
        {
            .name = "none",
            .summary = "counts nothing: the cost of the call itself",
            .source = "threadmill",
            .traits = MILL_EMPTY | MILL_ONE_THREAD,
            .progress = MILL_WAIT_FREE,
            .size = sizeof(struct mill_counter),
        },
    .create = create,
    .destroy = destroy,
    .add = add,
    .read = read,
};
