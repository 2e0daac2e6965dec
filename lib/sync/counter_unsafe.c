/* A plain integer that everyone adds to: two threads read the same value, and one addition is lost. Kept on
 * purpose, so that the checks and the race detectors have something that they must find.
 */
#include "sync/counter_list.h"

struct mill_counter {
    int64_t value;
};

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
            .traits = MILL_CONTROL | MILL_PTHREADS,
            .progress = MILL_WAIT_FREE,
            .size = sizeof(struct mill_counter),
        },
    .create = mill_counter_create_word,
    .destroy = mill_counter_destroy_word,
    .add = add,
    .read = read,
};
