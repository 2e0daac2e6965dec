/* Every pool strategy, one line each: the identifier of its table, mill_pool_<identifier>.
 *
 * A new pool is one file and one line here; the family and the tests of pool_test.c follow from it. Ours
 * stand first, peers behind them.
 */
#ifndef MILL_TASK_POOL_LIST_H
#define MILL_TASK_POOL_LIST_H

#include "task/pool.h"

#define MILL_POOLS(X)  \
    X(locked)          \
    X(shared_ring)     \
    X(stealing)        \
    X(stealing_blocks) \
    X(libuv)           \
    X(glib)            \
    X(tbb)             \
    X(openmp)          \
    X(cthreadpool)

#define MILL_POOL_DECLARE(ident) extern const struct mill_pool_ops mill_pool_##ident;
MILL_POOLS(MILL_POOL_DECLARE)
#undef MILL_POOL_DECLARE

#endif
