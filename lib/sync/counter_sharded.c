/* A shard for each slot, on lines of its own: adding shares nothing, reading visits every shard (per-CPU
 * statistics counters; McKenney 2011, "Is Parallel Programming Hard", chapter 5).
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/counter_list.h"

struct shard {
    alignas(MILL_ISOLATION) _Atomic int64_t value;
};

struct mill_counter {
    alignas(MILL_ISOLATION) unsigned slots;
    struct shard shards[];
};

static int create(const struct mill_counter_ops *ops, unsigned slots, struct mill_counter **counter)
{
    (void)ops;
    *counter = mill_isolated_alloc(sizeof **counter + slots * sizeof(struct shard));
    if (!*counter) {
        return -ENOMEM;
    }
    (*counter)->slots = slots;
    return 0;
}

static void destroy(struct mill_counter *counter)
{
    free(counter);
}

static void add(struct mill_counter *counter, unsigned slot, int64_t amount)
{
    /* relaxed, and no read-modify-write: the slot's own thread alone writes it, `read` wants no order */
    _Atomic int64_t *value = &counter->shards[slot].value;
    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + amount,
                          memory_order_relaxed);
}

static int64_t read(struct mill_counter *counter)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < counter->slots; i++) {
        sum += atomic_load_explicit(&counter->shards[i].value, memory_order_relaxed); /* as in `add` */
    }
    return sum;
}

const struct mill_counter_ops mill_counter_sharded = {
    .about =
        {
            .name = "sharded",
            .summary = "one padded shard a thread; a read sums them",
            .source = "McKenney 2011",
            .progress = MILL_WAIT_FREE,
        },
    .create = create,
    .destroy = destroy,
    .add = add,
    .read = read,
};
