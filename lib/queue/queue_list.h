/* Every queue strategy, one line each: the identifier of its table, mill_queue_<identifier>.
 *
 * A new queue is one file and one line here; the family and the tests of queue_test.c follow from it. Ours
 * stand first, peers behind them.
 */
#ifndef MILL_QUEUE_QUEUE_LIST_H
#define MILL_QUEUE_QUEUE_LIST_H

#include "queue/peer_list.h"
#include "queue/queue.h"

#define MILL_QUEUES(X)  \
    X(mutex_ring)       \
    X(two_lock)         \
    X(hidden_lock)      \
    X(drop_oldest)      \
    X(ms_hazard)        \
    X(ms_epoch)         \
    X(mpsc)             \
    X(mpmc_ring)        \
    X(spsc_ring)        \
    X(spsc_cached)      \
    X(scq)              \
    X(lscq)             \
    X(lanes)            \
    X(bbq)              \
    X(unbounded_growth) \
    MILL_QUEUE_PEERS(X)

#define MILL_QUEUE_DECLARE(ident) extern const struct mill_queue_ops mill_queue_##ident;
MILL_QUEUES(MILL_QUEUE_DECLARE)
#undef MILL_QUEUE_DECLARE

#endif
