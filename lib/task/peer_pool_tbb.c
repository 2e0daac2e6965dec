/* oneTBB's task arena, a peer: tasks are queued into it (task_arena::enqueue), which is what oneTBB has for
 * tasks that nobody waits for. It does not tell when it has run all, so those that were submitted are
 * counted: apart for each submitting thread, so that this costs next to nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/thread_index.h"
#include "task/peer_pool.h"
#include "task/peer_tbb.h"
#include "task/pool_list.h"

#if defined(MILL_HAVE_TBB)
#define COUNTS        64
#define LOOK_EVERY_NS (100 * MILL_NS_PER_US)

struct count {
    alignas(MILL_ISOLATION) _Atomic uint64_t value;
};

struct tbb {
    struct mill_peer_pool peer;
    struct mill_tbb_arena *arena;
    struct count submitted[COUNTS];
};

static struct tbb *tbb_of(struct mill_pool *pool)
{
    return (struct tbb *)pool;
}

static void run(void *pool, void *task)
{
    mill_peer_pool_run(pool, task);
}

static int submit(struct mill_pool *pool, struct mill_task *task)
{
    struct tbb *tbb = tbb_of(pool);
    int index = mill_thread_index();
    if (mill_peer_pool_closed(&tbb->peer)) {
        return -EPIPE;
    }
    /* Before it runs, so that drain counts none that is not there. relaxed: the queue orders it before that
     */
    _Atomic uint64_t *count = &tbb->submitted[index > 0 ? index % COUNTS : 0].value;
    atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
    int status = mill_tbb_enqueue(tbb->arena, task);
    if (status < 0) {
        atomic_fetch_sub_explicit(count, 1, memory_order_relaxed);
    }
    return status;
}

static bool has_run_all(struct tbb *tbb)
{
    struct mill_pool_metrics metrics;
    mill_pool_read(&tbb->peer.pool, &metrics);
    uint64_t left = 0 - metrics.done - metrics.failed - metrics.cancelled;
    for (size_t i = 0; i < COUNTS; i++) {
        left += atomic_load_explicit(&tbb->submitted[i].value, memory_order_relaxed);
    }
    return left == 0;
}

static void drain(struct mill_pool *pool)
{
    struct tbb *tbb = tbb_of(pool);
    while (!has_run_all(tbb)) {
        mill_sleep_until(mill_now_ns() + LOOK_EVERY_NS);
    }
    mill_tbb_close(tbb->arena);
}

static int shut_down(struct mill_pool *pool, uint64_t deadline)
{
    (void)deadline;
    return mill_peer_pool_shutdown(pool, drain);
}

static void destroy(struct mill_pool *pool)
{
    struct tbb *tbb = tbb_of(pool);
    mill_peer_pool_close(&tbb->peer);
    free(tbb);
}

static int create(const struct mill_pool_ops *ops, const struct mill_pool_options *options,
                  struct mill_pool **pool)
{
    struct tbb *tbb = mill_isolated_alloc(sizeof *tbb);
    if (!tbb) {
        return -ENOMEM;
    }
    int status = mill_peer_pool_open(&tbb->peer, ops, options);
    if (status < 0) {
        free(tbb);
        return status;
    }
    status = mill_tbb_open(options->workers, run, &tbb->peer.pool, &tbb->arena);
    if (status < 0) {
        destroy(&tbb->peer.pool);
        return status;
    }
    *pool = &tbb->peer.pool;
    return 0;
}
#endif

const struct mill_pool_ops mill_pool_tbb = {
    .about =
        {
            .name = "tbb",
            .summary = "oneTBB's task arena: tasks queued into it, workers that steal",
#if defined(MILL_HAVE_TBB)
            .source = "oneTBB " MILL_TBB_VERSION ", task_arena::enqueue",
#else
            .source = "oneTBB, task_arena::enqueue",
#endif
            .library = MILL_TBB_LIBRARY,
            .missing = MILL_TBB_MISSING,
            .traits = MILL_SPINS | MILL_PARKS | MILL_HIDES_ATOMICS,
            .progress = MILL_LOCK_FREE,
        },
    .shape = MILL_POOL_NO_ASSIST | MILL_POOL_NO_TIMEOUT | MILL_POOL_LOOSE_SHUTDOWN | MILL_POOL_ALLOCATES,
    .create = MILL_TBB(create),
    .destroy = MILL_TBB(destroy),
    .submit = MILL_TBB(submit),
    .shutdown = MILL_TBB(shut_down),
};
