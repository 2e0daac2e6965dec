/* Read-write locks (row 14 of the patterns): many may read at once, or one may write. One table, one strategy
 * a file.
 *
 *     const struct mill_rwlock_ops *ops = mill_rwlock_ops_find("phase-fair");
 *     struct mill_rwlock *lock;
 *     int status = mill_rwlock_create(ops, &lock);
 *
 *     struct mill_rwlock_context me;
 *     mill_rwlock_read_acquire(ops, lock, &me);
 *     …
 *     mill_rwlock_read_release(ops, lock, &me);
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
 *
 * Misuse is what no lock here survives: to release what one does not hold, in the other way or with another
 * context; to acquire what one holds, be it the same again, a write on top of a read (the upgrade that waits
 * for itself to leave) or a read on top of a write; to end while one holds it; to destroy what is held or
 * waited for. A checked build (THREADMILL_CHECKED in CMake; the sanitizer flavours always are) ends the
 * program by SIGABRT and names the lock and both threads on standard error. So does it when a writer holds it
 * together with anybody else. Any other build does not look: the lock is then broken, in the strategy's own
 * way. Strategies without exclusion (MILL_EMPTY, MILL_CONTROL) are not checked. Of more than
 * MILL_RWLOCK_CHECK_READERS threads that live at once the others are counted, not known by name.
 */
#ifndef MILL_SYNC_RWLOCK_H
#define MILL_SYNC_RWLOCK_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/strategy.h"

#ifndef MILL_CHECKED
#define MILL_CHECKED 0
#endif

#define MILL_RWLOCK_CHECK_READERS 256

struct mill_rwlock; /* each strategy's own; aligned to MILL_ISOLATION and alone on its lines */

/* Where a strategy that needs to keeps what one acquisition has to know again at its release. */
struct mill_rwlock_context {
    void *place;
};

/* What a strategy fills in. Whoever uses a lock calls the functions below instead, which check. */
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

/* What the checked build does around each call; rwlock_check.c. */
void mill_rwlock_check_comes(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock, bool write);
void mill_rwlock_check_has(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock,
                           const struct mill_rwlock_context *me, bool write);
void mill_rwlock_check_leaves(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock,
                              const struct mill_rwlock_context *me, bool write);

/* Waits while a writer holds it, and as the strategy says for those that wait. */
static inline void mill_rwlock_read_acquire(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock,
                                            struct mill_rwlock_context *me)
{
    if (MILL_CHECKED) {
        mill_rwlock_check_comes(ops, lock, false);
    }
    ops->read_acquire(lock, me);
    if (MILL_CHECKED) {
        mill_rwlock_check_has(ops, lock, me, false);
    }
}

/* Never waits. 0; -EBUSY (written, or a writer waits or tries); -ENOTSUP (the algorithm cannot). */
static inline int mill_rwlock_read_try(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock,
                                       struct mill_rwlock_context *me)
{
    if (!ops->read_try) {
        return -ENOTSUP;
    }
    if (!ops->read_try(lock, me)) {
        return -EBUSY;
    }
    if (MILL_CHECKED) {
        mill_rwlock_check_comes(ops, lock, false);
        mill_rwlock_check_has(ops, lock, me, false);
    }
    return 0;
}

/* Never waits. */
static inline void mill_rwlock_read_release(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock,
                                            struct mill_rwlock_context *me)
{
    if (MILL_CHECKED) {
        mill_rwlock_check_leaves(ops, lock, me, false);
    }
    ops->read_release(lock, me);
}

/* Waits while anybody holds it. */
static inline void mill_rwlock_write_acquire(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock,
                                             struct mill_rwlock_context *me)
{
    if (MILL_CHECKED) {
        mill_rwlock_check_comes(ops, lock, true);
    }
    ops->write_acquire(lock, me);
    if (MILL_CHECKED) {
        mill_rwlock_check_has(ops, lock, me, true);
    }
}

/* Never waits. 0; -EBUSY (held, perhaps by the caller, or contended); -ENOTSUP (the algorithm cannot). */
static inline int mill_rwlock_write_try(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock,
                                        struct mill_rwlock_context *me)
{
    if (!ops->write_try) {
        return -ENOTSUP;
    }
    if (!ops->write_try(lock, me)) {
        return -EBUSY;
    }
    if (MILL_CHECKED) {
        mill_rwlock_check_comes(ops, lock, true);
        mill_rwlock_check_has(ops, lock, me, true);
    }
    return 0;
}

/* Never waits. */
static inline void mill_rwlock_write_release(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock,
                                             struct mill_rwlock_context *me)
{
    if (MILL_CHECKED) {
        mill_rwlock_check_leaves(ops, lock, me, true);
    }
    ops->write_release(lock, me);
}

#endif
