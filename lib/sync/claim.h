/* A resource that one thread at a time may have, and that others find taken instead of waiting for it: the
 * busy flag (row 16 of the patterns: check, then act).
 *
 *     const struct mill_claim_ops *ops = mill_claim_ops_find("atomic-flag");
 *     struct mill_claim *claim;
 *     int status = mill_claim_create(ops, &claim);
 *
 *     if (mill_claim_try(claim)) {
 *         if (valve_is_running())
 *             update_config();                         nobody stops the valve between the two
 *         mill_claim_release(claim);
 *     }
 *
 *     mill_claim_destroy(claim);
 *
 * Any thread may try; who was told true releases. What one owner wrote is seen by the next. Progress is in
 * about.progress; no strategy waits for the owner. The control looks at the flag and raises it in two steps:
 * two threads may have the resource at once.
 */
#ifndef MILL_SYNC_CLAIM_H
#define MILL_SYNC_CLAIM_H

#include <stdbool.h>

#include "core/strategy.h"

struct mill_claim_ops;

/* How every strategy's own claim begins; ready when the rest is zeroed, but for `open`. */
struct mill_claim {
    const struct mill_claim_ops *ops;
};

struct mill_claim_ops {
    struct mill_strategy about;              /* about.size: bytes of the strategy's own claim */
    int (*open)(struct mill_claim *claim);   /* 0 or a negative errno; NULL where zero is ready */
    void (*close)(struct mill_claim *claim); /* nobody has or tries it; NULL where nothing is to be done */
    bool (*try)(struct mill_claim *claim);
    void (*release)(struct mill_claim *claim);
};

extern const struct mill_family mill_claim_family;

static inline const struct mill_claim_ops *mill_claim_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_claim_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_claim_ops *mill_claim_ops_find(const char *name);

/* 0; -EINVAL (no table); -ENOMEM; or what open said. */
int mill_claim_create(const struct mill_claim_ops *ops, struct mill_claim **claim);

/* Nobody has it. NULL is fine. */
void mill_claim_destroy(struct mill_claim *claim);

/* True: the caller has it. False: someone else does. */
static inline bool mill_claim_try(struct mill_claim *claim)
{
    return claim->ops->try(claim);
}

static inline void mill_claim_release(struct mill_claim *claim)
{
    claim->ops->release(claim);
}

#endif
