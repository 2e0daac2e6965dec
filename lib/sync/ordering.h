/* What it costs to order one's own accesses: one table, one order or fence a line (row 26 of the patterns).
 *
 *     const struct mill_ordering_ops *ops = mill_ordering_ops_find("seq-cst-fence");
 *     _Atomic uint64_t mine = 0;
 *     ops->add(&mine);
 *
 * Each adds one to a word that no other thread writes, by a load and a store, and orders that store against
 * what the thread does next. They differ in nothing else, so that the difference to `relaxed` is the price of
 * the order:
 *
 *   release                later releases and what follows them; earlier accesses stay before the store
 *   acquire-release-fence  the same for all accesses around it; no instruction where stores are ordered
 * anyway seq-cst-store          a place in the one order of all seq_cst accesses seq-cst-fence          the
 * store stands before later loads, of any order locked-add             not a load and a store but one step,
 * also where several threads write asymmetric-light       as seq-cst-fence against asymmetric-heavy, and
 * against nothing else (core/fence.h) asymmetric-heavy       the other side, which asks the kernel
 *
 * Any thread may add to a word of its own, and all may read it. Wait-free, but for asymmetric-heavy, which
 * enters the kernel.
 */
#ifndef MILL_SYNC_ORDERING_H
#define MILL_SYNC_ORDERING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/strategy.h"

struct mill_ordering_ops {
    struct mill_strategy about;
    bool asymmetric; /* is what it says only where mill_fence_open() says so, and a full fence elsewhere */
    void (*add)(_Atomic uint64_t *own);
};

extern const struct mill_family mill_ordering_family;

static inline const struct mill_ordering_ops *mill_ordering_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_ordering_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_ordering_ops *mill_ordering_ops_find(const char *name);

#endif
