/* Counters (row 6 of the patterns): one table, one strategy a file.
 *
 *     const struct mill_counter_ops *ops = mill_counter_ops_find("sharded");
 *     struct mill_counter *counter;
 *     int status = ops->create(ops, threads, &counter);
 *     ops->add(counter, thread_index, 1);
 *     int64_t total = ops->read(counter);
 *     ops->destroy(counter);
 *
 * `add` may be called by any number of threads at once, each with its own slot below the number given to
 * create; only the sharded strategy uses the slot. `read` is exact once all adds have been joined; beside
 * running adds it is a value the counter may have had (sharded: a sum over slots, each read at its own
 * moment). Progress is in about.progress.
 */
#ifndef MILL_SYNC_COUNTER_H
#define MILL_SYNC_COUNTER_H

#include <stdint.h>

#include "core/strategy.h"

struct mill_counter; /* each strategy's own */
struct mill_lock_ops;

struct mill_counter_ops {
    struct mill_strategy about;
    const struct mill_lock_ops *lock; /* of the strategies that are a plain integer under a lock; else NULL */
    int (*create)(const struct mill_counter_ops *ops, unsigned slots, struct mill_counter **counter);
    void (*destroy)(struct mill_counter *counter);
    void (*add)(struct mill_counter *counter, unsigned slot, int64_t amount);
    int64_t (*read)(struct mill_counter *counter);
};

extern const struct mill_family mill_counter_family;

static inline const struct mill_counter_ops *mill_counter_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_counter_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_counter_ops *mill_counter_ops_find(const char *name);

#endif
