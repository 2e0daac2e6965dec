/* The accesses of litmus tests: a variable is 0 until one thread stores 1, and others load it, in one memory
 * order or another. Which values two threads may see of two variables is what tells the orders apart.
 *
 *     const struct mill_litmus_ops *ops = mill_litmus_ops_find("release-acquire");
 *     one thread:  int seen = ops->store_then_load(&x, &y);
 *     another:     int seen = ops->store_then_load(&y, &x);            may both have seen 0?
 *
 * Two accesses are one function, so that the machine, and not a call between them, decides what it does. Of
 * each weak outcome `forbids` says whether C11 rules it out in that order:
 *
 *   store buffering     both threads store, then load the other's variable: both see 0
 *   message passing     data, then a flag are stored: the flag is seen, and the data is not
 *   load buffering      both threads load the other's variable, then store: both see 1
 *   independent reads   two threads store one variable each: two others see them in different orders
 *
 * `plain` accesses are a data race, which has no outcome that could be relied on: the control.
 */
#ifndef MILL_SYNC_LITMUS_H
#define MILL_SYNC_LITMUS_H

#include <stdalign.h>
#include <stdatomic.h>

#include "core/cacheline.h"
#include "core/strategy.h"

struct mill_litmus_variable {
    alignas(MILL_CACHE_LINE) union {
        atomic_int ordered;
        int plain;
    } value;
};

enum mill_litmus_outcome {
    MILL_LITMUS_STORE_BUFFERING = 1 << 0,
    MILL_LITMUS_MESSAGE_PASSING = 1 << 1,
    MILL_LITMUS_LOAD_BUFFERING = 1 << 2,
    MILL_LITMUS_INDEPENDENT_READS = 1 << 3,
};

struct mill_litmus_ops {
    struct mill_strategy about;
    unsigned forbids; /* of enum mill_litmus_outcome */
    void (*store)(struct mill_litmus_variable *variable);
    void (*store_both)(struct mill_litmus_variable *first, struct mill_litmus_variable *then);
    int (*store_then_load)(struct mill_litmus_variable *stored, struct mill_litmus_variable *loaded);
    int (*load_then_store)(struct mill_litmus_variable *loaded, struct mill_litmus_variable *stored);
    void (*load_both)(struct mill_litmus_variable *first, struct mill_litmus_variable *then, int seen[2]);
};

extern const struct mill_family mill_litmus_family;

static inline const struct mill_litmus_ops *mill_litmus_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_litmus_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_litmus_ops *mill_litmus_ops_find(const char *name);

/* 0 again, ordered before the next test by whoever lets that begin. */
static inline void mill_litmus_clear(struct mill_litmus_variable *variable)
{
    atomic_store_explicit(&variable->value.ordered, 0, memory_order_relaxed);
}

#endif
