/* A plain integer that everyone adds to: two threads read the same value, and one addition is lost. Kept on
 * purpose, so that the checks and the race detectors have something that they must find.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/counter_list.h"

struct mill_counter {
    int64_t value;
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
    counter->value += amount;
}

static int64_t read(struct mill_counter *counter)
{
    return counter->value;
}

const struct mill_counter_ops mill_counter_unsafe = {
    .about =
        {
            .name = "unsafe",
            .summary = "a plain integer without any synchronisation: loses additions",
            .source = "the mistake of an unguarded read-modify-write",
            .traits = MILL_CONTROL,
            .progress = MILL_WAIT_FREE,
            .size = sizeof(struct mill_counter),
        },
    .create = create,
    .destroy = destroy,
    .add = add,
    .read = read,
};
