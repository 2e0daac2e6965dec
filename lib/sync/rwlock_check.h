/* What a checked build knows of each read-write lock (rwlock.h): it stands in front of the lock's own memory.
 * For rwlock.c.
 */
#ifndef MILL_SYNC_RWLOCK_CHECK_H
#define MILL_SYNC_RWLOCK_CHECK_H

#include <stdatomic.h>

#include "core/cacheline.h"
#include "sync/rwlock.h"

/* Everything is relaxed: it must not order what the lock should. Threads as the system numbers them; 0: none.
 */
struct mill_rwlock_hold {
    atomic_int thread;
    const struct mill_rwlock_context *_Atomic context; /* that it acquired with */
};

struct mill_rwlock_check {
    alignas(MILL_ISOLATION) atomic_uint users; /* hold it or wait for it */
    atomic_uint readers;                       /* hold it */
    struct mill_rwlock_hold writer;
    struct mill_rwlock_hold reader[MILL_RWLOCK_CHECK_READERS]; /* by core/thread_index.h */
};

/* Bytes in front of a lock. */
#define MILL_RWLOCK_CHECK_SIZE (MILL_CHECKED ? sizeof(struct mill_rwlock_check) : 0)

/* Before destroy. */
void mill_rwlock_check_is_free(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock);

#endif
