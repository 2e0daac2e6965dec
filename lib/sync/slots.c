#include "sync/slots.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"

struct mill_slots {
    size_t stride;
    alignas(MILL_ISOLATION) unsigned char bytes[]; /* apart from the stride, which every add reads */
};

static int create(const struct mill_slots_ops *ops, unsigned count, struct mill_slots **slots)
{
    *slots = mill_isolated_alloc(sizeof **slots + count * ops->stride);
    if (!*slots) {
        return -ENOMEM;
    }
    (*slots)->stride = ops->stride;
    return 0;
}

static void destroy(struct mill_slots *slots)
{
    free(slots);
}

static _Atomic int64_t *at(struct mill_slots *slots, unsigned slot)
{
    return (_Atomic int64_t *)(void *)(slots->bytes + slot * slots->stride);
}

static void add(struct mill_slots *slots, unsigned slot, int64_t amount)
{
    /* relaxed, and no read-modify-write: the slot's own thread alone writes it, `read` wants no order */
    _Atomic int64_t *value = at(slots, slot);
    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + amount,
                          memory_order_relaxed);
}

static int64_t read(struct mill_slots *slots, unsigned slot)
{
    return atomic_load_explicit(at(slots, slot), memory_order_relaxed); /* as in `add` */
}

/* Every strategy, one line each: identifier, distance, summary. They are data alone, so they share this file.
 */
#define SLOTS(X)                                                                                \
    X(packed, sizeof(int64_t), "neighbours on one cache line: false sharing")                   \
    X(line, MILL_CACHE_LINE, "a cache line each, which the processor may still fetch in pairs") \
    X(padded, MILL_ISOLATION, "two cache lines each: shares nothing")

#define TABLE(ident, distance, words)                         \
    static const struct mill_slots_ops ident = {              \
        .about =                                              \
            {                                                 \
                .name = #ident,                               \
                .summary = words,                             \
                .source = "Torrellas, Lam and Hennessy 1994", \
                .progress = MILL_WAIT_FREE,                   \
            },                                                \
        .stride = distance,                                   \
        .create = create,                                     \
        .destroy = destroy,                                   \
        .add = add,                                           \
        .read = read,                                         \
    };
SLOTS(TABLE)

#define STRATEGY(ident, distance, words) &ident.about,
static const struct mill_strategy *const strategies[] = {SLOTS(STRATEGY)};

const struct mill_family mill_slots_family = {
    .name = "slots",
    .summary = "counters of different threads, so far apart",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_slots_ops *mill_slots_ops_find(const char *name)
{
    return mill_slots_ops_of(mill_family_find(&mill_slots_family, name));
}
