#include "task/peer_pool.h"

#include <errno.h>

#include "core/thread_index.h"

int mill_peer_pool_open(struct mill_peer_pool *peer, const struct mill_pool_ops *ops,
                        const struct mill_pool_options *options)
{
    int status = -pthread_mutex_init(&peer->mutex, NULL);
    if (status < 0) {
        return status;
    }
    status = mill_pool_open(&peer->pool, ops, options);
    if (status < 0) {
        pthread_mutex_destroy(&peer->mutex);
    }
    return status;
}

void mill_peer_pool_close(struct mill_peer_pool *peer)
{
    mill_pool_close(&peer->pool);
    pthread_mutex_destroy(&peer->mutex);
}

void mill_peer_pool_run(struct mill_pool *pool, struct mill_task *task)
{
    int index = mill_thread_index();
    struct mill_pool_seat *before = mill_pool_here;
    struct mill_pool_seat *seat = &pool->seats[index > 0 ? (unsigned)index % pool->workers : 0];
    mill_pool_here = seat;
    _Atomic uint64_t *outcome = mill_pool_outcome(seat, task);
    mill_pool_here = before;
    /* two threads may share a seat */
    atomic_fetch_add_explicit(outcome, 1, memory_order_relaxed);
}

int mill_peer_pool_shutdown(struct mill_pool *pool, void (*drain)(struct mill_pool *pool))
{
    struct mill_peer_pool *peer = mill_peer_pool_of(pool);
    pthread_mutex_lock(&peer->mutex);
    if (!peer->drained) {
        atomic_store_explicit(&peer->closed, true, memory_order_relaxed);
        drain(pool);
        peer->drained = true;
    }
    pthread_mutex_unlock(&peer->mutex);
    return 0;
}
