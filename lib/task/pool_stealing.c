/* A deque for each worker and one intake for everybody else. A worker runs its own youngest task first (what
 * it forked last is still in its cache), then takes a batch from the intake, then steals somebody's oldest;
 * and each of these has its turn to be first (pool_strategy.h).
 * Which deque it is, is in a table: `stealing` has that of Chase and Lev, `stealing-blocks` the one in
 * blocks.
 *
 * What it takes from the intake and does not run at once goes into its own deque, where others can steal it:
 * no task waits behind one that may be waiting for it. A batch is an even share while tasks are long, and all
 * that there is while they are so short that sharing costs more. Between the two places no task is out of
 * sight: whoever has to know whether one is left (a worker that falls asleep or ends, a submit that looks
 * whether its task still stands there) asks the intake first, then who carries some, then the deques.
 */
#include <errno.h>
#include <stdlib.h>

#include "task/deque_blocks.h"
#include "task/deque_chase_lev.h"
#include "task/intake.h"
#include "task/pool_list.h"
#include "task/team.h"

#define INTAKE_SLOTS 4096

/* What a deque has room for at first. */
#define CAPACITY     256
#define BLOCK_ITEMS  32

/* After so many takes in vain a thief insists: by then an owner that runs short tasks has answered, and they
 * have cost about what a heavy fence does. */
#define VAIN_MOST    64

union deque {
    struct mill_chase_lev chase_lev;
    struct mill_block_deque blocks;
};

struct deque_ops {
    int (*init)(union deque *deque);
    void (*destroy)(union deque *deque);
    int (*push)(union deque *deque, struct mill_task *task);
    struct mill_task *(*pop)(union deque *deque);
    struct mill_task *(*shift)(union deque *deque); /* the owner's oldest, or an old one */
    struct mill_task *(*steal)(union deque *deque, bool insist);
    bool (*empty)(const union deque *deque);
};

struct worker {
    union deque deque;
    alignas(MILL_ISOLATION) unsigned vain; /* takes in a row that found nothing */
    unsigned victim;                       /* where it stole last */
    unsigned visits;                       /* to others, each in its turn */
    atomic_bool carrying;                  /* tasks from the intake to its deque */
};

struct stealing {
    struct mill_team team;
    const struct deque_ops *deque;
    struct worker *workers; /* team.pool.workers of them */
    struct mill_intake intake;
};

static struct stealing *stealing_of(struct mill_pool *pool)
{
    return (struct stealing *)pool;
}

static void put_own(struct stealing *stealing, struct worker *worker, struct mill_task *task)
{
    if (stealing->deque->push(&worker->deque, task) < 0) {
        mill_intake_put_back(&stealing->intake, task); /* no memory to grow; there it needs none */
    }
}

/* The oldest, to be run; the others, of which the oldest comes next, are in the deque. */
static struct mill_task *take_batch(struct stealing *stealing, struct worker *worker)
{
    struct mill_task *tasks[MILL_INTAKE_BATCH];
    size_t sharers = mill_team_pace(&stealing->team) >= MILL_PACE_QUICK ? 1 : stealing->team.pool.workers;
    size_t count = mill_intake_take(&stealing->intake, tasks, MILL_INTAKE_BATCH, sharers, &worker->carrying);
    for (size_t i = count; i > 1; i--) {
        put_own(stealing, worker, tasks[i - 1]);
    }
    /* release: pairs with the acquire in is_left_with; they stand in the deque */
    atomic_store_explicit(&worker->carrying, false, memory_order_release);
    return count > 0 ? tasks[0] : NULL;
}

/* Begins where it last had luck. */
static struct mill_task *steal(struct stealing *stealing, struct worker *worker)
{
    unsigned workers = stealing->team.pool.workers;
    bool insist = worker->vain == VAIN_MOST;
    worker->vain = insist ? 0 : worker->vain + 1;
    for (unsigned i = 0; i < workers; i++) {
        unsigned at = (worker->victim + i) % workers;
        struct worker *victim = &stealing->workers[at];
        struct mill_task *task = victim == worker ? NULL : stealing->deque->steal(&victim->deque, insist);
        if (task) {
            worker->vain = 0;
            worker->victim = at;
            return task;
        }
    }
    return NULL;
}

/* From one other, one after another, lucky or not. Once in so many rounds it insists: that one may be busy
 * for as long as its task is left. */
static struct mill_task *visit(struct stealing *stealing, struct worker *worker, unsigned index)
{
    unsigned others = stealing->team.pool.workers - 1;
    if (others == 0) {
        return NULL;
    }
    unsigned visit = worker->visits++;
    unsigned at = (index + 1 + visit % others) % (others + 1);
    return stealing->deque->steal(&stealing->workers[at].deque, visit / others % VAIN_MOST == VAIN_MOST - 1);
}

static struct mill_task *take_in_turn(struct stealing *stealing, unsigned index)
{
    struct worker *worker = &stealing->workers[index];
    switch (mill_pool_turn(&stealing->team.pool.seats[index])) {
    case MILL_TURN_OUTSIDE:
        return take_batch(stealing, worker);
    case MILL_TURN_OLD:
        return stealing->deque->shift(&worker->deque);
    case MILL_TURN_OTHERS:
        return visit(stealing, worker, index);
    case MILL_TURN_OWN:
        break;
    }
    return NULL;
}

static struct mill_task *take(struct mill_team *team, unsigned index)
{
    struct stealing *stealing = (struct stealing *)team;
    struct worker *worker = &stealing->workers[index];
    struct mill_task *task = take_in_turn(stealing, index);
    if (!task) {
        task = stealing->deque->pop(&worker->deque);
    }
    if (!task) {
        task = take_batch(stealing, worker);
    }
    return task ? task : steal(stealing, worker);
}

static bool is_left_with(const struct stealing *stealing, const struct worker *worker)
{
    return atomic_load_explicit(&worker->carrying, memory_order_acquire) ||
           !stealing->deque->empty(&worker->deque);
}

/* In the order in which tasks move. One for which no deque could grow moves back, and to a worker that is
 * awake. */
static bool any(const struct mill_team *team)
{
    const struct stealing *stealing = (const struct stealing *)team;
    if (!mill_intake_empty(&stealing->intake)) {
        return true;
    }
    for (unsigned i = 0; i < team->pool.workers; i++) {
        if (is_left_with(stealing, &stealing->workers[i])) {
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
        stealing->deque->destroy(&stealing->workers[i].deque);
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
        status = stealing->deque->init(&stealing->workers[i].deque);
    }
    return status;
}

static int create_with(const struct deque_ops *deque, const struct mill_pool_ops *ops,
                       const struct mill_pool_options *options, struct mill_pool **pool)
{
    static const struct mill_team_store store = {.take = take, .any = any, .close = close_intake};
    struct stealing *stealing = mill_isolated_alloc(sizeof *stealing);
    if (!stealing) {
        return -ENOMEM;
    }
    stealing->deque = deque;
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

/* ---- the deque of Chase and Lev ---- */

static int init_chase_lev(union deque *deque)
{
    return mill_chase_lev_init(&deque->chase_lev, CAPACITY);
}

static void destroy_chase_lev(union deque *deque)
{
    mill_chase_lev_destroy(&deque->chase_lev);
}

static int push_chase_lev(union deque *deque, struct mill_task *task)
{
    return mill_chase_lev_push(&deque->chase_lev, task);
}

static struct mill_task *pop_chase_lev(union deque *deque)
{
    return mill_chase_lev_pop(&deque->chase_lev);
}

static struct mill_task *shift_chase_lev(union deque *deque)
{
    return mill_chase_lev_steal(&deque->chase_lev);
}

static struct mill_task *steal_chase_lev(union deque *deque, bool insist)
{
    (void)insist; /* it needs no asking */
    return mill_chase_lev_steal(&deque->chase_lev);
}

static bool empty_chase_lev(const union deque *deque)
{
    return mill_chase_lev_empty(&deque->chase_lev);
}

static const struct deque_ops chase_lev = {
    .init = init_chase_lev,
    .destroy = destroy_chase_lev,
    .push = push_chase_lev,
    .pop = pop_chase_lev,
    .shift = shift_chase_lev,
    .steal = steal_chase_lev,
    .empty = empty_chase_lev,
};

static int create_chase_lev(const struct mill_pool_ops *ops, const struct mill_pool_options *options,
                            struct mill_pool **pool)
{
    return create_with(&chase_lev, ops, options, pool);
}

/* ---- the deque in blocks ---- */

static int init_blocks(union deque *deque)
{
    return mill_block_deque_init(&deque->blocks, CAPACITY / BLOCK_ITEMS, BLOCK_ITEMS);
}

static void destroy_blocks(union deque *deque)
{
    mill_block_deque_destroy(&deque->blocks);
}

static int push_blocks(union deque *deque, struct mill_task *task)
{
    return mill_block_deque_push(&deque->blocks, task);
}

static struct mill_task *pop_blocks(union deque *deque)
{
    return mill_block_deque_pop(&deque->blocks);
}

static struct mill_task *shift_blocks(union deque *deque)
{
    return mill_block_deque_shift(&deque->blocks);
}

static struct mill_task *steal_blocks(union deque *deque, bool insist)
{
    return mill_block_deque_steal(&deque->blocks, insist);
}

static bool empty_blocks(const union deque *deque)
{
    return mill_block_deque_empty(&deque->blocks);
}

static const struct deque_ops blocks = {
    .init = init_blocks,
    .destroy = destroy_blocks,
    .push = push_blocks,
    .pop = pop_blocks,
    .shift = shift_blocks,
    .steal = steal_blocks,
    .empty = empty_blocks,
};

static int create_blocks(const struct mill_pool_ops *ops, const struct mill_pool_options *options,
                         struct mill_pool **pool)
{
    return create_with(&blocks, ops, options, pool);
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
    .create = create_chase_lev,
    .destroy = destroy,
    .submit = submit,
    .shutdown = mill_team_shutdown,
    .assist = mill_team_assist,
    .nudge = mill_team_nudge,
};

const struct mill_pool_ops mill_pool_stealing_blocks = {
    .about =
        {
            .name = "stealing-blocks",
            .summary =
                "a deque for each worker in blocks, of which the others steal from those that it has left",
            .source = "Wang, Trach, Fu and others, BWoS: Block-based Work Stealing, OSDI 2023",
            .traits = MILL_SPINS | MILL_PARKS,
            .progress = MILL_LOCK_FREE,
        },
    .create = create_blocks,
    .destroy = destroy,
    .submit = submit,
    .shutdown = mill_team_shutdown,
    .assist = mill_team_assist,
    .nudge = mill_team_nudge,
};
