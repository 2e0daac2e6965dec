/* A deque for each worker and one intake for everybody else. A worker runs its own youngest task first (what
 * it forked last is still in its cache), then takes a batch from the intake, then steals somebody's oldest.
 *
 * What it takes from the intake and does not run at once goes into its own deque, where others can steal it:
 * no task waits behind one that may be waiting for it. A batch is an even share while tasks are long, and all
 * that there is while they are so short that sharing costs more.
 */
#include <errno.h>
#include <stdlib.h>

#include "task/deque_chase_lev.h"
#include "task/intake.h"
#include "task/pool_list.h"
#include "task/team.h"

#define INTAKE_SLOTS   4096
#define DEQUE_CAPACITY 256

/* Once in so many takes a worker looks at the intake first, and once it takes its own oldest task, so that
 * nothing is starved by tasks that keep forking others. (Go's scheduler does so; a prime, lest it fall into
 * step with the program.) */
#define FAIR_EVERY     61

struct worker {
    struct mill_chase_lev deque;
    alignas(MILL_ISOLATION) unsigned takes;
    unsigned victim; /* where it stole last */
};

struct stealing {
    struct mill_team team;
    struct worker *workers; /* team.pool.workers of them */
    struct mill_intake intake;
};

static struct stealing *stealing_of(struct mill_pool *pool)
{
    return (struct stealing *)pool;
}

static void put_own(struct stealing *stealing, struct worker *worker, struct mill_task *task)
{
    if (mill_chase_lev_push(&worker->deque, task) < 0) {
        mill_intake_put_back(&stealing->intake, task); /* no memory to grow; there it needs none */
    }
}

/* The oldest, to be run; the others, of which the oldest comes next, are in the deque. */
static struct mill_task *take_batch(struct stealing *stealing, struct worker *worker)
{
    struct mill_task *tasks[MILL_INTAKE_BATCH];
    size_t sharers = mill_team_pace(&stealing->team) >= MILL_PACE_QUICK ? 1 : stealing->team.pool.workers;
    size_t count = mill_intake_take(&stealing->intake, tasks, MILL_INTAKE_BATCH, sharers);
    for (size_t i = count; i > 1; i--) {
        put_own(stealing, worker, tasks[i - 1]);
    }
    return count > 0 ? tasks[0] : NULL;
}

/* Begins where it last had luck. */
static struct mill_task *steal(struct stealing *stealing, struct worker *worker)
{
    unsigned workers = stealing->team.pool.workers;
    for (unsigned i = 0; i < workers; i++) {
        unsigned at = (worker->victim + i) % workers;
        struct worker *victim = &stealing->workers[at];
        struct mill_task *task = victim == worker ? NULL : mill_chase_lev_steal(&victim->deque);
        if (task) {
            worker->victim = at;
            return task;
        }
    }
    return NULL;
}

static struct mill_task *take(struct mill_team *team, unsigned index)
{
    struct stealing *stealing = (struct stealing *)team;
    struct worker *worker = &stealing->workers[index];
    struct mill_task *task = NULL;
    unsigned turn = worker->takes++ % FAIR_EVERY;
    if (turn == FAIR_EVERY / 2) {
        task = mill_chase_lev_steal(&worker->deque);
    } else if (turn > 0) {
        task = mill_chase_lev_pop(&worker->deque);
    }
    if (!task) {
        task = take_batch(stealing, worker);
    }
    if (!task) {
        task = mill_chase_lev_pop(&worker->deque);
    }
    return task ? task : steal(stealing, worker);
}

static bool any(const struct mill_team *team)
{
    const struct stealing *stealing = (const struct stealing *)team;
    if (!mill_intake_empty(&stealing->intake)) {
        return true;
    }
    for (unsigned i = 0; i < team->pool.workers; i++) {
        if (!mill_chase_lev_empty(&stealing->workers[i].deque)) {
            return true;
        }
    }
    return false;
}

static void close_intake(struct mill_team *team)
{
    mill_intake_close(&((struct stealing *)team)->intake);
}

static int submit(struct mill_pool *pool, struct mill_task *task)
{
    struct stealing *stealing = stealing_of(pool);
    if (mill_pool_inside(pool)) {
        if (mill_team_ending(&stealing->team)) {
            return -EPIPE;
        }
        put_own(stealing, &stealing->workers[mill_pool_here->index], task);
    } else {
        int status = mill_intake_put(&stealing->intake, task);
        if (status < 0) {
            return status;
        }
    }
    mill_idlers_notice(&stealing->team.idlers);
    return 0;
}

static void destroy(struct mill_pool *pool)
{
    struct stealing *stealing = stealing_of(pool);
    unsigned workers = pool->workers;
    mill_team_close(&stealing->team);
    mill_intake_destroy(&stealing->intake);
    for (unsigned i = 0; stealing->workers && i < workers; i++) {
        mill_chase_lev_destroy(&stealing->workers[i].deque);
    }
    free(stealing->workers);
    free(stealing);
}

static int open_store(struct stealing *stealing, unsigned workers)
{
    int status = mill_intake_init(&stealing->intake, INTAKE_SLOTS);
    if (status < 0) {
        return status;
    }
    stealing->workers = mill_isolated_alloc(workers * sizeof *stealing->workers);
    if (!stealing->workers) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < workers && status == 0; i++) {
        stealing->workers[i].victim = i;
        status = mill_chase_lev_init(&stealing->workers[i].deque, DEQUE_CAPACITY);
    }
    return status;
}

static int create(const struct mill_pool_ops *ops, const struct mill_pool_options *options,
                  struct mill_pool **pool)
{
    static const struct mill_team_store store = {.take = take, .any = any, .close = close_intake};
    struct stealing *stealing = mill_isolated_alloc(sizeof *stealing);
    if (!stealing) {
        return -ENOMEM;
    }
    int status = mill_team_open(&stealing->team, ops, options, &store);
    if (status == 0) {
        status = open_store(stealing, options->workers);
    }
    if (status == 0) {
        status = mill_team_start(&stealing->team);
    }
    if (status < 0) {
        destroy(&stealing->team.pool);
        return status;
    }
    *pool = &stealing->team.pool;
    return 0;
}

const struct mill_pool_ops mill_pool_stealing = {
    .about =
        {
            .name = "stealing",
            .summary = "a deque for each worker, from which the others steal; one intake for all else",
            .source = "Chase and Lev 2005; Le, Pop, Cohen and Zappa Nardelli 2013",
            .traits = MILL_SPINS | MILL_PARKS,
            .progress = MILL_LOCK_FREE,
        },
    .create = create,
    .destroy = destroy,
    .submit = submit,
    .shutdown = mill_team_shutdown,
    .assist = mill_team_assist,
    .nudge = mill_team_nudge,
};
