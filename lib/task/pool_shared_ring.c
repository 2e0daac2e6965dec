/* One queue without locks for everybody: the intake alone, from which each worker takes one task at a time.
 *
 * A worker that waits for a future takes the oldest task, as everybody does: a tree of forks and joins then
 * stands on its stack as broad as it is. That is what one queue for all is, and is said in `shape`.
 */
#include <errno.h>
#include <stdlib.h>

#include "task/intake.h"
#include "task/pool_list.h"
#include "task/team.h"

#define RING_SLOTS 4096

struct shared {
    struct mill_team team;
    struct mill_intake intake;
};

static struct shared *shared_of(struct mill_pool *pool)
{
    return (struct shared *)pool;
}

static struct mill_task *take(struct mill_team *team, unsigned worker)
{
    struct mill_task *task;
    (void)worker;
    return mill_intake_take(&((struct shared *)team)->intake, &task, 1, 1, NULL) > 0 ? task : NULL;
}

static bool any(const struct mill_team *team)
{
    return !mill_intake_empty(&((const struct shared *)team)->intake);
}

static void close_intake(struct mill_team *team)
{
    mill_intake_close(&((struct shared *)team)->intake);
}

static int submit(struct mill_pool *pool, struct mill_task *task)
{
    struct shared *shared = shared_of(pool);
    int status = mill_intake_put(&shared->intake, task);
    if (status == 0) {
        mill_idlers_notice(&shared->team.idlers);
    }
    return status;
}

static void destroy(struct mill_pool *pool)
{
    struct shared *shared = shared_of(pool);
    mill_team_close(&shared->team);
    mill_intake_destroy(&shared->intake);
    free(shared);
}

static int create(const struct mill_pool_ops *ops, const struct mill_pool_options *options,
                  struct mill_pool **pool)
{
    static const struct mill_team_store store = {.take = take, .any = any, .close = close_intake};
    struct shared *shared = mill_isolated_alloc(sizeof *shared);
    if (!shared) {
        return -ENOMEM;
    }
    int status = mill_team_open(&shared->team, ops, options, &store);
    if (status == 0) {
        status = mill_intake_init(&shared->intake, RING_SLOTS);
    }
    if (status == 0) {
        status = mill_team_start(&shared->team);
    }
    if (status < 0) {
        destroy(&shared->team.pool);
        return status;
    }
    *pool = &shared->team.pool;
    return 0;
}

const struct mill_pool_ops mill_pool_shared_ring = {
    .about =
        {
            .name = "shared-ring",
            .summary = "one ring without locks for everybody, from which each worker takes single tasks",
            .source = "after Vyukov, Bounded MPMC queue, 2010",
            .traits = MILL_SPINS | MILL_PARKS,
            .progress = MILL_LOCK_FREE,
        },
    .shape = MILL_POOL_OLDEST_FIRST,
    .create = create,
    .destroy = destroy,
    .submit = submit,
    .shutdown = mill_team_shutdown,
    .assist = mill_team_assist,
    .nudge = mill_team_nudge,
};
