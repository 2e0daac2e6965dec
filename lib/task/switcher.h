/* Control given to a partner and taken back: what it costs with coroutines, and with threads (rows 25 and 26
 * of the patterns).
 *
 *     const struct mill_switcher_ops *ops = mill_switcher_ops_find("coroutine");
 *     struct mill_switcher *switcher;
 *     int status = ops->create(&switcher);
 *     status = ops->there_and_back(switcher);                         the partner ran once, and waits again
 *     uint64_t turns = ops->turns(switcher);
 *     ops->destroy(switcher);
 *
 * A switcher belongs to the thread that made it, and so do all calls. Partners that are threads inherit its
 * processors: made by a thread that is pinned to one, both share it and each turn is a switch of the
 * kernel's. Blocking.
 */
#ifndef MILL_TASK_SWITCHER_H
#define MILL_TASK_SWITCHER_H

#include <stdint.h>

#include "core/strategy.h"

struct mill_switcher; /* each strategy's own */

struct mill_switcher_ops {
    struct mill_strategy about;
    int (*create)(struct mill_switcher **switcher);          /* 0, -ENOMEM or -EAGAIN */
    void (*destroy)(struct mill_switcher *switcher);         /* NULL is fine */
    int (*there_and_back)(struct mill_switcher *switcher);   /* 0 or a negative errno */
    uint64_t (*turns)(const struct mill_switcher *switcher); /* that the partner has had */
};

extern const struct mill_family mill_switcher_family;

static inline const struct mill_switcher_ops *mill_switcher_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_switcher_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_switcher_ops *mill_switcher_ops_find(const char *name);

#endif
