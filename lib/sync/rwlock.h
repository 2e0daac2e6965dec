/* Read-write locks (row 14 of the patterns): many may read at once, or one may write. One table, one strategy
 * a file.
 *
 *     const struct mill_rwlock_ops *ops = mill_rwlock_ops_find("phase-fair");
 *     struct mill_rwlock *lock;
 *     int status = mill_rwlock_create(ops, &lock);
 *
 *     struct mill_rwlock_context me;
 *     ops->read_acquire(lock, &me);
 *     …
 *     ops->read_release(lock, &me);
 *
 *     mill_rwlock_destroy(ops, lock);
 *
 * Any thread may acquire and try; it releases what it holds, with the same context and in the same way, read
 * or write. Nothing here is recursive: a thread that reads neither reads again (a writer may have come
 * between) nor writes. All are blocking. An acquire has acquire order, a release has release order: what a
 * writer wrote is seen by every later holder, and what a reader read was read before every later writer.
 *
 * A strategy with the trait MILL_SERVES_WRITERS keeps new readers out, or lets them pass in turns, once a
 * writer waits; any other may starve writers for as long as readers keep coming. With MILL_FAIR writers are
 * served in the order in which they came.
 */
#ifndef MILL_SYNC_RWLOCK_H
#define MILL_SYNC_RWLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/strategy.h"

struct mill_rwlock; /* each strategy's own; aligned to MILL_ISOLATION and alone on its lines */

/* Where a strategy that needs to keeps what one acquisition has to know again at its release. */
struct mill_rwlock_context {
    void *place;
};

struct mill_rwlock_ops {
    struct mill_strategy about; /* about.size: bytes that `init` is given */
    int (*init)(const struct mill_rwlock_ops *ops,
                struct mill_rwlock *lock); /* on zeroed memory; 0 or a negative errno; NULL: zero is ready */
    void (*destroy)(struct mill_rwlock *lock); /* nobody holds or waits; NULL: nothing to give back */
    void (*read_acquire)(struct mill_rwlock *lock, struct mill_rwlock_context *me);
    /* Do not wait for a holder. May fail while others try or wait. NULL where the algorithm cannot. */
    bool (*read_try)(struct mill_rwlock *lock, struct mill_rwlock_context *me);
    void (*read_release)(struct mill_rwlock *lock, struct mill_rwlock_context *me);
    void (*write_acquire)(struct mill_rwlock *lock, struct mill_rwlock_context *me);
    bool (*write_try)(struct mill_rwlock *lock, struct mill_rwlock_context *me);
    void (*write_release)(struct mill_rwlock *lock, struct mill_rwlock_context *me);
    const struct mill_rwlock_ops *under; /* of one that is made of another; NULL */
};

extern const struct mill_family mill_rwlock_family;

/* The table behind a strategy of mill_rwlock_family. */
static inline const struct mill_rwlock_ops *mill_rwlock_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_rwlock_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_rwlock_ops *mill_rwlock_ops_find(const char *name);

/* 0, -ENOMEM, -ENOTSUP where the strategy is missing in this build, or what init said. */
int mill_rwlock_create(const struct mill_rwlock_ops *ops, struct mill_rwlock **lock);

/* Nobody may hold the lock or wait for it. NULL is fine. */
void mill_rwlock_destroy(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock);

#endif
