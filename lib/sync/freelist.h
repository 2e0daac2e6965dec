/* A pool of numbered nodes that threads take from and give back to (row 7 of the patterns): where
 * compare-and-swap meets ABA.
 *
 *     const struct mill_freelist_ops *ops = mill_freelist_ops_find("tagged");
 *     struct mill_freelist *list;
 *     int status = ops->create(64, &list);
 *     int32_t node = ops->take(list);
 *     if (node != MILL_FREELIST_EMPTY)
 *         ops->give(list, node);
 *     ops->destroy(list);
 *
 * The list is created with all nodes in it, 0 on top, and gives them last in, first out. `take` and `give`
 * may be called by any number of threads; a node that was taken belongs to the taker until it gives it back,
 * and only then may it be given. What the giver wrote before `give` is seen by the next taker of that node.
 * Progress is in about.progress.
 *
 * ABA: a taker reads the first node A and its successor B. Before it swaps, others take A and B and give A
 * back. The swap from A to B succeeds, and B, which someone owns, is in the list. The control keeps this
 * mistake: nodes of it may be had twice or be lost. Whatever happens, its indices stay within bounds and its
 * calls return.
 */
#ifndef MILL_SYNC_FREELIST_H
#define MILL_SYNC_FREELIST_H

#include <stdint.h>

#include "core/strategy.h"

#define MILL_FREELIST_EMPTY (-1)

struct mill_freelist; /* each strategy's own */

struct mill_freelist_ops {
    struct mill_strategy about;
    int (*create)(int32_t nodes, struct mill_freelist **list); /* 0, -EINVAL (nodes < 1) or -ENOMEM */
    void (*destroy)(struct mill_freelist *list);               /* nobody uses it any more; NULL is fine */
    int32_t (*take)(struct mill_freelist *list);               /* 0 … nodes-1, or MILL_FREELIST_EMPTY */
    void (*give)(struct mill_freelist *list, int32_t node);
};

extern const struct mill_family mill_freelist_family;

static inline const struct mill_freelist_ops *mill_freelist_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_freelist_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_freelist_ops *mill_freelist_ops_find(const char *name);

#endif
