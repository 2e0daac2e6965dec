/* Futures: what becomes of a task, told to whoever waits for it.
 *
 *     struct mill_future future;
 *     int result;
 *     mill_future_init(&future, work, something);
 *     int status = mill_pool_submit_future(pool, &future);
 *     …
 *     status = mill_future_wait(&future, MILL_NS_PER_S, &result);      0: it is settled
 *     if (result < 0) …                                                it failed, or -ECANCELED
 *
 * A future is the caller's memory and holds its task: nothing is allocated. It is the pool's from submit
 * until it has settled, and then may be submitted again or freed; when it was cancelled it has settled at
 * once, but stays the pool's until mill_future_retire says that the pool has come by it. While it is in a set
 * (task/future_set.h) it must also have been delivered.
 *
 * A future settles once: with what `run` returned, or with -ECANCELED when it was cancelled before it started
 * or left over by a shutdown. What `run` wrote is seen by whoever has seen it settled (release, acquire).
 *
 * Any thread may wait, look and cancel, several at once, and also while it is being submitted; one thread at
 * a time submits it, and to another pool than before only when nobody is in a wait or a cancel. A wait inside
 * a task of the same pool runs other tasks meanwhile (and so may come back later than its timeout: as late as
 * the task that it runs); a wait for a future whose own task is running on the caller's stack is -EDEADLK.
 * Looking and cancelling are lock-free.
 *
 * Which waits inside a task may be without a limit: those for a future that the waiting task has itself
 * submitted since it began, or that was submitted by tasks that it has forked so. If all tasks of a pool keep
 * to that, no waits of theirs deadlock: whom a task waits for has started later than itself, what buries it
 * on a worker's stack later still, and so on around: nobody starts later than himself. Any other wait for a
 * future of the same pool may last for ever, even where the waits as such form no ring: A waits for F; its
 * worker runs B on top; B waits for G; and G, on another worker, waits for A, which cannot go on before B has
 * returned. That is not detected. Such a wait needs a limit (with -ETIMEDOUT B returns, and A goes on), or
 * the future of another pool, or a thread outside. For the same reason a task that waits must not hold a lock
 * that another task takes: the one that runs on top may want it.
 */
#ifndef MILL_TASK_FUTURE_H
#define MILL_TASK_FUTURE_H

#include "task/pool.h"

struct mill_future_set;

struct mill_future {
    alignas(MILL_CACHE_LINE) struct mill_task task;
    int (*run)(void *argument);
    void *argument;
    struct mill_pool *_Atomic pool; /* that it was submitted to last */
    _Atomic uint32_t state;         /* future.c; the word that waiters sleep on */
    int result;                     /* published by `state` */
    struct mill_future_set *set;
    struct mill_future *next; /* the set's */
};

/* Ready to be submitted. 0 or -EINVAL (NULL). */
int mill_future_init(struct mill_future *future, int (*run)(void *argument), void *argument);

/* 0; -EBUSY: it is submitted and has not left the pool; else as mill_pool_submit: then it is what it was
 * before; but if others have waited for it, cancelled it or put it into a set while it was submitted, it has
 * settled with -ECANCELED. */
int mill_pool_submit_future(struct mill_pool *pool, struct mill_future *future);

/* Waits until it has settled. 0, and `*result` (where not NULL) is set; -ETIMEDOUT; -EDEADLK: its task is the
 * caller, or waits for it further up the stack, or the pool is a peer with MILL_POOL_NO_ASSIST; -EINVAL
 * (NULL, a negative timeout, never submitted). */
int mill_future_wait(struct mill_future *future, int64_t timeout_ns, int *result);

/* Cancels it unless it has started. 0: it has settled with -ECANCELED, and its task will not run; -EBUSY: it
 * is running; -EALREADY: it has settled; -EINVAL (NULL, never submitted). */
int mill_future_cancel(struct mill_future *future);

/* Waits until the pool has no hold of it: at once, unless it was cancelled. Otherwise as mill_future_wait. */
int mill_future_retire(struct mill_future *future, int64_t timeout_ns);

/* Has it settled? Never waits. */
bool mill_future_settled(const struct mill_future *future);

#endif
