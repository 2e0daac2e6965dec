#include "task/team.h"

#include <errno.h>
#include <stdlib.h>

#include "core/pause.h"

/* A worker takes its pace once in so many tasks. */
#define PACE_TASKS   32
#define QUICK_NS     MILL_NS_PER_US
#define DENSE_NS     200

/* Pauses between two looks while tasks come thick and fast: several are then found at once, and the
 * submitter's lines are not taken from it for each. */
#define PAUSES_DENSE 16

/* What a worker looks for besides tasks. */
struct search {
    struct mill_team *team;
    struct mill_pool_seat *seat;
    bool (*settled)(const void *what); /* NULL: it waits for nothing else */
    const void *what;
    uint64_t deadline;
};

static struct mill_team *team_of(struct mill_pool *pool)
{
    return (struct mill_team *)pool;
}

static bool any(const void *context)
{
    const struct mill_team *team = context;
    return team->store->any(team);
}

static bool is_over(const struct search *search)
{
    if (search->settled) {
        return search->settled(search->what);
    }
    return mill_team_ending(search->team) && !any(search->team);
}

/* Not to sleep. */
static bool has_reason(const void *context)
{
    const struct search *search = context;
    return any(search->team) ||
           (search->settled ? search->settled(search->what) : mill_team_ending(search->team));
}

/* ---- looking for a task ---- */

static uint64_t spin_end(const struct search *search)
{
    int64_t spin_ns = search->team->pool.spin_ns;
    if (spin_ns == 0) {
        return 0;
    }
    uint64_t end = spin_ns == MILL_FOREVER ? MILL_NO_DEADLINE : mill_now_ns() + (uint64_t)spin_ns;
    return end < search->deadline ? end : search->deadline;
}

/* Looks until it finds one, it is over, or the pool's spin is. At least once. */
static struct mill_task *spin(const struct search *search)
{
    struct mill_team *team = search->team;
    uint64_t end = spin_end(search);
    for (unsigned looks = 1;; looks++) {
        struct mill_task *task = team->store->take(team, search->seat->index);
        if (task || end == 0 || is_over(search) || (looks % 8 == 0 && mill_now_ns() >= end)) {
            return task;
        }
        for (unsigned pauses = mill_team_pace(team) == MILL_PACE_DENSE ? PAUSES_DENSE : 1; pauses > 0;
             pauses--) {
            mill_pause();
        }
    }
}

/* A task; NULL: it is over, or late. */
static struct mill_task *look_around(const struct search *search)
{
    struct mill_team *team = search->team;
    struct mill_rest rest = {
        .worker = search->seat->index,
        .joining = search->settled != NULL,
        .deadline = search->deadline,
        .reason = has_reason,
        .context = search,
    };
    for (;;) {
        rest.searching = rest.searching || mill_idlers_search(&team->idlers);
        struct mill_task *task = rest.searching ? spin(search) : team->store->take(team, rest.worker);
        bool late = search->deadline != MILL_NO_DEADLINE && mill_now_ns() >= search->deadline;
        if (task || late || is_over(search)) {
            if (rest.searching) {
                mill_idlers_found(&team->idlers);
            }
            return task;
        }
        rest.searching = mill_idlers_sleep(&team->idlers, &rest) == MILL_CALL_SEARCH;
    }
}

/* The same, with the time it takes left to the pacer. */
static struct mill_task *find(const struct search *search)
{
    struct mill_pacer *pacer = &search->team->pacers[search->seat->index];
    uint64_t begin = mill_now_ns();
    struct mill_task *task = look_around(search);
    pacer->idle_ns += mill_now_ns() - begin;
    return task;
}

/* ---- working ---- */

static void take_pace(struct mill_team *team, struct mill_pacer *pacer)
{
    uint64_t now = mill_now_ns();
    uint64_t passed = now - pacer->since;
    enum mill_pace pace = passed < DENSE_NS * PACE_TASKS                    ? MILL_PACE_DENSE
                          : passed - pacer->idle_ns < QUICK_NS * PACE_TASKS ? MILL_PACE_QUICK
                                                                            : MILL_PACE_SLOW;
    *pacer = (struct mill_pacer){.since = now};
    if (pace != mill_team_pace(team)) {
        atomic_store_explicit(&team->idlers.pace, pace, memory_order_relaxed); /* a hint */
    }
}

static void execute(struct mill_team *team, struct mill_pool_seat *seat, struct mill_task *task)
{
    struct mill_pacer *pacer = &team->pacers[seat->index];
    mill_pool_execute(seat, task);
    if (++pacer->tasks == PACE_TASKS) {
        take_pace(team, pacer);
    }
}

static void work(struct mill_pool_seat *seat)
{
    struct mill_team *team = team_of(seat->pool);
    const struct search search = {.team = team, .seat = seat, .deadline = MILL_NO_DEADLINE};
    for (;;) {
        struct mill_task *task = team->store->take(team, seat->index);
        if (!task) {
            task = find(&search);
        }
        if (!task) {
            return;
        }
        execute(team, seat, task);
    }
}

static int assist(struct mill_team *team, const struct search *search)
{
    while (!search->settled(search->what)) {
        struct mill_task *task = team->store->take(team, search->seat->index);
        if (!task) {
            task = find(search);
        }
        if (!task) {
            return search->settled(search->what) ? 0 : -ETIMEDOUT;
        }
        execute(team, search->seat, task);
    }
    return 0;
}

int mill_team_assist(struct mill_pool *pool, bool (*settled)(const void *what), const void *what,
                     uint64_t deadline)
{
    struct mill_team *team = team_of(pool);
    struct mill_pool_seat *seat = mill_pool_here;
    const struct search search = {
        .team = team, .seat = seat, .settled = settled, .what = what, .deadline = deadline};
    seat->assists++;
    int status = assist(team, &search);
    seat->assists--;
    return status;
}

void mill_team_nudge(struct mill_pool *pool)
{
    mill_idlers_nudge(&team_of(pool)->idlers);
}

/* ---- beginning and end ---- */

int mill_team_open(struct mill_team *team, const struct mill_pool_ops *ops,
                   const struct mill_pool_options *options, const struct mill_team_store *store)
{
    team->store = store;
    int status = mill_pool_open(&team->pool, ops, options);
    if (status < 0) {
        return status;
    }
    team->pacers = mill_isolated_alloc(options->workers * sizeof *team->pacers);
    if (!team->pacers) {
        return -ENOMEM;
    }
    return mill_idlers_init(&team->idlers, options->workers, options->spin_ns > 0, any, team);
}

int mill_team_start(struct mill_team *team)
{
    return mill_pool_start(&team->pool, work);
}

int mill_team_shutdown(struct mill_pool *pool, uint64_t deadline)
{
    struct mill_team *team = team_of(pool);
    team->store->close(team);
    atomic_store_explicit(&team->ending, true, memory_order_release);
    mill_idlers_rouse(&team->idlers);
    return mill_pool_await_end(pool, deadline);
}

void mill_team_close(struct mill_team *team)
{
    mill_pool_close(&team->pool);
    mill_idlers_destroy(&team->idlers);
    free(team->pacers);
}
