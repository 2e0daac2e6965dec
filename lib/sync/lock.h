/* Locks: one table, one strategy a file.
 *
 *     const struct mill_lock_ops *ops = mill_lock_ops_find("mcs");
 *     struct mill_lock *lock;
 *     int status = mill_lock_create(ops, &lock);
 *
 *     struct mill_lock_context me;
 *     mill_lock_acquire(ops, lock, &me);
 *     …
 *     mill_lock_release(ops, lock, &me);
 *
 *     mill_lock_destroy(ops, lock);
 *
 * Any thread may acquire and try; the thread that holds it releases it, with the context that it acquired
 * with. A context is storage for one acquisition (queue locks link it in); it needs no initialisation and may
 * be reused after the release. No lock here is recursive. All are blocking. Acquire has acquire order,
 * release has release order: what was written in one critical section is seen in every later one.
 *
 * Some algorithms are built for a number of threads (the trait MILL_BOUNDED): mill_lock_create_for says how
 * many. Some cannot try, or cannot give up waiting: their table has NULL there and the call says -ENOTSUP.
 *
 * Misuse is what no lock here survives: to release by another thread than the holder, with another context
 * or what nobody holds; to acquire what one holds; more threads than the lock was built for; to destroy what
 * is held or waited for. A checked build (THREADMILL_CHECKED in CMake; the sanitizer flavours always are)
 * ends the program by SIGABRT and names the lock and both threads on standard error. So does it when two
 * threads hold a lock at once. Any other build does not look: the lock is then broken, in the strategy's own
 * way. Strategies without exclusion (MILL_EMPTY, MILL_CONTROL) are not checked.
 */
#ifndef MILL_SYNC_LOCK_H
#define MILL_SYNC_LOCK_H

#include <errno.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cacheline.h"
#include "core/strategy.h"
#include "core/timeout.h"

#ifndef MILL_CHECKED
#define MILL_CHECKED 0
#endif

#define MILL_LOCK_THREADS     256    /* for so many mill_lock_create builds a bounded lock */
#define MILL_LOCK_THREADS_MAX 131072 /* that a lock can be built for */

struct mill_lock; /* each strategy's own; aligned to MILL_ISOLATION and alone on its lines */

/* Room for the queue node of any strategy. Nobody but the strategy touches the bytes. */
struct mill_lock_context {
    alignas(MILL_ISOLATION) unsigned char node[MILL_ISOLATION];
};

/* What a strategy fills in. Whoever uses a lock calls the functions below instead, which check. */
struct mill_lock_ops {
    /* about.size is the bytes that `init` is given, before rounding up to whole lines, and to them come
     * about.size_each for each thread that a MILL_BOUNDED lock is built for. Where it is not bounded,
     * size_each is what a waiter brings, in its context or elsewhere. about.traits has MILL_FAIR where
     * the order in which threads get the lock is that in which they first wrote to the first MILL_ISOLATION
     * bytes of it. */
    struct mill_strategy about;
    bool uses_context; /* else contexts are ignored, and NULL is one */

    /* On zeroed memory, for so many threads (a power of two); 0 or a negative errno; NULL where zero is
     * ready. */
    int (*init)(struct mill_lock *lock, unsigned threads);

    /* Nobody holds or waits; NULL where there is nothing to give back. */
    void (*destroy)(struct mill_lock *lock);

    void (*acquire)(struct mill_lock *lock, struct mill_lock_context *me);

    /* Never waits for a holder. Refused only where somebody holds the lock at some moment of the call. NULL
     * where the algorithm cannot. */
    bool (*try_acquire)(struct mill_lock *lock, struct mill_lock_context *me);
    bool try_may_miss; /* or where it meets others who try or come to wait, or bans its caller (u-scl) */

    /* Waits until `deadline` (core/timeout.h); one that has passed tries once, one never passes. 0, or
     * -ETIMEDOUT, upon which the context is free and the lock as if nobody had come. NULL where the algorithm
     * cannot. */
    int (*acquire_until)(struct mill_lock *lock, struct mill_lock_context *me, uint64_t deadline);

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

/* For at least `threads` different threads in the lock's life (those that live one after another count
 * once); a lock that is not bounded takes any number. 0; -EINVAL (none, or over MILL_LOCK_THREADS_MAX);
 * -ENOMEM; -ENOTSUP where the strategy is missing in this build; or what init said. */
int mill_lock_create_for(const struct mill_lock_ops *ops, unsigned threads, struct mill_lock **lock);

/* The same for MILL_LOCK_THREADS. */
int mill_lock_create(const struct mill_lock_ops *ops, struct mill_lock **lock);

/* Bytes of one lock that is built for `threads`, before rounding up to whole lines; 0 where the strategy is
 * missing, or for a number that mill_lock_create_for refuses. */
size_t mill_lock_size(const struct mill_lock_ops *ops, unsigned threads);

/* Bytes that each waiter brings besides: a node in its context, or elsewhere. */
size_t mill_lock_waiter_size(const struct mill_lock_ops *ops);

/* Nobody may hold the lock or wait for it. NULL is fine. */
void mill_lock_destroy(const struct mill_lock_ops *ops, struct mill_lock *lock);

/* What the checked build does around each call; lock_check.c. */
void mill_lock_check_comes(const struct mill_lock_ops *ops, struct mill_lock *lock);
void mill_lock_check_goes(const struct mill_lock_ops *ops, struct mill_lock *lock);
void mill_lock_check_has(const struct mill_lock_ops *ops, struct mill_lock *lock,
                         const struct mill_lock_context *me);
void mill_lock_check_leaves(const struct mill_lock_ops *ops, struct mill_lock *lock,
                            const struct mill_lock_context *me);

static inline void mill_lock_acquire(const struct mill_lock_ops *ops, struct mill_lock *lock,
                                     struct mill_lock_context *me)
{
    if (MILL_CHECKED) {
        mill_lock_check_comes(ops, lock);
    }
    ops->acquire(lock, me);
    if (MILL_CHECKED) {
        mill_lock_check_has(ops, lock, me);
    }
}

/* Never waits. 0; -EBUSY (held, perhaps by the caller, or contended); -ENOTSUP (the algorithm cannot). */
static inline int mill_lock_try(const struct mill_lock_ops *ops, struct mill_lock *lock,
                                struct mill_lock_context *me)
{
    if (!ops->try_acquire) {
        return -ENOTSUP;
    }
    if (!ops->try_acquire(lock, me)) {
        return -EBUSY;
    }
    if (MILL_CHECKED) {
        mill_lock_check_comes(ops, lock);
        mill_lock_check_has(ops, lock, me);
    }
    return 0;
}

/* Waits until `deadline` by mill_now_ns() and no longer; one that has passed (0) tries once, and
 * MILL_NO_DEADLINE never passes. 0; -ETIMEDOUT; -ENOTSUP (the algorithm cannot). */
static inline int mill_lock_acquire_until(const struct mill_lock_ops *ops, struct mill_lock *lock,
                                          struct mill_lock_context *me, uint64_t deadline)
{
    if (!ops->acquire_until) {
        return -ENOTSUP;
    }
    if (MILL_CHECKED) {
        mill_lock_check_comes(ops, lock);
    }
    int status = ops->acquire_until(lock, me, deadline);
    if (MILL_CHECKED) {
        if (status == 0) {
            mill_lock_check_has(ops, lock, me);
        } else {
            mill_lock_check_goes(ops, lock);
        }
    }
    return status;
}

static inline void mill_lock_release(const struct mill_lock_ops *ops, struct mill_lock *lock,
                                     struct mill_lock_context *me)
{
    if (MILL_CHECKED) {
        mill_lock_check_leaves(ops, lock, me);
    }
    ops->release(lock, me);
}

#endif
