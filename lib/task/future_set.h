/* As-completed: the futures of a set, each delivered once, in the order in which they settle.
 *
 *     struct mill_future_set set;
 *     int status = mill_future_set_init(&set);
 *     for (size_t i = 0; i < count; i++)
 *         status = mill_future_set_add(&set, &futures[i]);            after its submit
 *     while ((status = mill_future_set_next(&set, MILL_FOREVER, &future)) == 0)
 *         use(future);                                                ends with -ENOENT: all delivered
 *     mill_future_set_destroy(&set);
 *
 * The set is the caller's memory, allocates nothing, and takes futures of several pools. Any thread may add;
 * one thread at a time takes, in a task of a pool too: it then runs other tasks of that pool while it waits.
 * A future is in one set at a time. Blocking.
 */
#ifndef MILL_TASK_FUTURE_SET_H
#define MILL_TASK_FUTURE_SET_H

#include "sync/monitor.h"
#include "task/future.h"

struct mill_future_set {
    struct mill_monitor monitor; /* protects all below; `ready` is also looked at without */
    struct mill_future *first;   /* settled and not delivered */
    struct mill_future *last;
    atomic_size_t ready;        /* how many those are */
    size_t outstanding;         /* added and not delivered */
    struct mill_pool *assisted; /* a worker of this pool runs other tasks until one is ready; or NULL */
};

/* 0 or a negative errno. */
int mill_future_set_init(struct mill_future_set *set);

/* 0; -EBUSY, and nothing was done, while futures are in it that have not been delivered. */
int mill_future_set_destroy(struct mill_future_set *set);

/* 0; -EBUSY: it is in a set; -EINVAL (NULL, never submitted). A settled one is delivered too. */
int mill_future_set_add(struct mill_future_set *set, struct mill_future *future);

/* The next one that has settled. 0; -ETIMEDOUT; -ENOENT: none is in it; -EDEADLK: in a task of a peer with
 * MILL_POOL_NO_ASSIST, when none has settled; -EINVAL. */
int mill_future_set_next(struct mill_future_set *set, int64_t timeout_ns, struct mill_future **future);

/* ---- between future.c and future_set.c ---- */

/* The future has settled. */
void mill_future_set_put(struct mill_future_set *set, struct mill_future *future);

/* 0: it will be put when it settles; -EALREADY: it has settled, and is to be put; -EBUSY, -EINVAL as in add.
 */
int mill_future_enter_set(struct mill_future *future, struct mill_future_set *set);

/* It is delivered. */
void mill_future_leave_set(struct mill_future *future);

#endif
