/* Locks: one table, one strategy a file.
 *
 *     const struct mill_lock_ops *ops = mill_lock_ops_find("mcs");
 *     struct mill_lock *lock;
 *     int status = mill_lock_create(ops, &lock);
 *
 *     struct mill_lock_context me;
 *     ops->acquire(lock, &me);
 *     …
 *     ops->release(lock, &me);
 *
 *     mill_lock_destroy(ops, lock);
 *
 * Any thread may acquire and try; the thread that holds it releases it, with the context that it acquired
 * with. A context is storage for one acquisition (queue locks link it in); it needs no initialisation and may
 * be reused after the release. No lock here is recursive. All are blocking. Acquire has acquire order,
 * release has release order: what was written in one critical section is seen in every later one.
 */
#ifndef MILL_SYNC_LOCK_H
#define MILL_SYNC_LOCK_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/cacheline.h"
#include "core/strategy.h"

struct mill_lock; /* each strategy's own; aligned to MILL_ISOLATION and alone on its lines */

/* Room for the queue node of any strategy. Nobody but the strategy touches the bytes. */
struct mill_lock_context {
    alignas(MILL_ISOLATION) unsigned char node[MILL_ISOLATION];
};

struct mill_lock_ops {
    struct mill_strategy
        about; /* about.size is the bytes that `init` is given, before rounding up to whole lines */
    int (*init)(
        struct mill_lock *lock); /* on zeroed memory; 0 or a negative errno; NULL where zero is ready */
    void (*destroy)(
        struct mill_lock *lock); /* nobody holds or waits; NULL where there is nothing to give back */
    void (*acquire)(struct mill_lock *lock, struct mill_lock_context *me);
    bool (*try_acquire)(struct mill_lock *lock, struct mill_lock_context *me); /* never waits for a holder */
    void (*release)(struct mill_lock *lock, struct mill_lock_context *me);
};

extern const struct mill_family mill_lock_family;

/* The table behind a strategy of mill_lock_family. */
static inline const struct mill_lock_ops *mill_lock_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_lock_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_lock_ops *mill_lock_ops_find(const char *name);

/* 0, -ENOMEM, -ENOTSUP where the strategy is missing in this build, or what init said. */
int mill_lock_create(const struct mill_lock_ops *ops, struct mill_lock **lock);

/* Nobody may hold the lock or wait for it. NULL is fine. */
void mill_lock_destroy(const struct mill_lock_ops *ops, struct mill_lock *lock);

#endif
