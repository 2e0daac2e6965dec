/* Counters of different threads, so far apart: what false sharing costs (row 26 of the patterns).
 *
 *     const struct mill_slots_ops *ops = mill_slots_ops_find("padded");
 *     struct mill_slots *slots;
 *     int status = ops->create(ops, threads, &slots);
 *     ops->add(slots, thread_index, 1);
 *     int64_t value = ops->read(slots, thread_index);
 *     ops->destroy(slots);
 *
 * No two threads ever add to the same slot, so every strategy is correct; they differ in nothing but the
 * distance between two slots. `read` may be called beside adds. Wait-free.
 */
#ifndef MILL_SYNC_SLOTS_H
#define MILL_SYNC_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/strategy.h"

struct mill_slots;

struct mill_slots_ops {
    struct mill_strategy about;
    size_t stride; /* bytes from one slot to the next */
    int (*create)(const struct mill_slots_ops *ops, unsigned count,
                  struct mill_slots **slots); /* 0 or -ENOMEM */
    void (*destroy)(struct mill_slots *slots);
    void (*add)(struct mill_slots *slots, unsigned slot, int64_t amount);
    int64_t (*read)(struct mill_slots *slots, unsigned slot);
};

extern const struct mill_family mill_slots_family;

static inline const struct mill_slots_ops *mill_slots_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_slots_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_slots_ops *mill_slots_ops_find(const char *name);

#endif
