/* The workers of a pool whose tasks stand in structures without locks: how they take, search, sleep
 * (idlers.h) and end. A strategy adds the store: where tasks stand.
 *
 *     struct stealing {
 *         struct mill_team team;                                    first
 *         …
 *     };
 *
 *     create:   mill_team_open(&mine->team, ops, options, &store);   then the store itself, then
 *               mill_team_start(&mine->team);
 *     submit:   put the task, then mill_idlers_notice(&mine->team.idlers);
 *     destroy:  mill_team_close(&mine->team);                        first, then the store
 *     .shutdown = mill_team_shutdown, .assist = mill_team_assist, .nudge = mill_team_nudge
 */
#ifndef MILL_TASK_TEAM_H
#define MILL_TASK_TEAM_H

#include "task/idlers.h"
#include "task/pool_strategy.h"

struct mill_team;

struct mill_team_store {
    /* In worker `worker`: a task, or NULL when none was to be had just now. */
    struct mill_task *(*take)(struct mill_team *team, unsigned worker);

    /* Is a task there, or on its way in, or from one place of the store to another? Any thread. A task that
     * this misses may be left for ever beside a worker that sleeps. */
    bool (*any)(const struct mill_team *team);

    /* Tasks from outside are refused from now on. */
    void (*close)(struct mill_team *team);
};

/* What a worker measures its pace by; its own. */
struct mill_pacer {
    alignas(MILL_ISOLATION) unsigned tasks;
    uint64_t since;
    uint64_t idle_ns; /* of the time since, without a task */
};

struct mill_team {
    struct mill_pool pool;
    const struct mill_team_store *store;
    struct mill_pacer *pacers; /* one for each worker */
    struct mill_idlers idlers;
    alignas(MILL_ISOLATION) atomic_bool ending; /* no task comes any more; only read until then */
};

static inline bool mill_team_ending(const struct mill_team *team)
{
    /* acquire: pairs with the release in mill_team_shutdown; the store is closed */
    return atomic_load_explicit(&team->ending, memory_order_acquire);
}

static inline enum mill_pace mill_team_pace(const struct mill_team *team)
{
    return (enum mill_pace)atomic_load_explicit(&team->idlers.pace, memory_order_relaxed); /* a hint */
}

/* The memory is zeroed. 0 or -ENOMEM; mill_team_close is right after either. */
int mill_team_open(struct mill_team *team, const struct mill_pool_ops *ops,
                   const struct mill_pool_options *options, const struct mill_team_store *store);

/* 0 or a negative errno; then none is running. */
int mill_team_start(struct mill_team *team);

void mill_team_close(struct mill_team *team);

/* As in struct mill_pool_ops. */
int mill_team_shutdown(struct mill_pool *pool, uint64_t deadline);
int mill_team_assist(struct mill_pool *pool, bool (*settled)(const void *what), const void *what,
                     uint64_t deadline);
void mill_team_nudge(struct mill_pool *pool);

#endif
