/* What the pools of other libraries share: their threads are not ours, so each takes a seat by its number,
 * and counts there beside others; their ends are the library's, so they are waited for without a timeout.
 */
#ifndef MILL_TASK_PEER_POOL_H
#define MILL_TASK_PEER_POOL_H

#include <pthread.h>

#include "core/peer.h"
#include "task/pool_strategy.h"

struct mill_peer_pool {
    struct mill_pool pool;
    atomic_bool closed;
    pthread_mutex_t mutex; /* protects `drained` */
    bool drained;
};

static inline struct mill_peer_pool *mill_peer_pool_of(struct mill_pool *pool)
{
    return (struct mill_peer_pool *)pool;
}

/* The memory is zeroed. 0 or a negative errno. */
int mill_peer_pool_open(struct mill_peer_pool *peer, const struct mill_pool_ops *ops,
                        const struct mill_pool_options *options);

/* Of one that was opened. */
void mill_peer_pool_close(struct mill_peer_pool *peer);

/* In a thread of the library: runs the task, or drops it. */
void mill_peer_pool_run(struct mill_pool *pool, struct mill_task *task);

/* Closes, and calls `drain`, which returns when the library has run all tasks, unless that has been done. 0.
 */
int mill_peer_pool_shutdown(struct mill_pool *pool, void (*drain)(struct mill_pool *pool));

static inline bool mill_peer_pool_closed(const struct mill_peer_pool *peer)
{
    /* relaxed: shutdown is ordered after the submits from outside, and a task's own may be late */
    return atomic_load_explicit(&peer->closed, memory_order_relaxed);
}

#endif
