/* No counter at all: what the call through the table costs. */
#include "sync/counter_list.h"

struct mill_counter {
    char nothing;
};

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
    .create = mill_counter_create_word,
    .destroy = mill_counter_destroy_word,
    .add = add,
    .read = read,
};
