/* What pool strategies are made of, and nobody else includes: the workers' seats, and how a task is run.
 *
 * A worker sits on a seat, on cache lines of its own, where it counts what became of its tasks. Strategies
 * of ours let mill_pool_start put a thread on each seat; a peer, whose threads are not ours, takes the seat
 * of the number that its library gives the running thread.
 */
#ifndef MILL_TASK_POOL_STRATEGY_H
#define MILL_TASK_POOL_STRATEGY_H

#include "task/pool.h"

struct mill_thread;

struct mill_pool_seat {
    alignas(MILL_ISOLATION) struct mill_pool *pool;
    unsigned index;
    struct mill_thread *thread;
    void (*body)(struct mill_pool_seat *seat);
    /* Written by the worker alone, read by anybody: relaxed, single numbers. */
    _Atomic uint64_t done, failed, cancelled;
    /* The worker's own. */
    unsigned takes;   /* for its turns */
    unsigned assists; /* that it is in, each in a task that it runs in the one before */
};

/* ---- turns ---- */

/* Once in so many takes a worker looks at one of the places first that it else comes to last, so that nothing
 * is left for ever behind tasks that keep forking others, or themselves. (Go's scheduler does so; a prime,
 * lest it fall into step with the program.) */
#define MILL_FAIR_EVERY      61

/* Where a worker assists, such a task runs on top of those that wait, with all that it forks; freely only
 * while they are few: a tree of forks and joins would otherwise stand on the stack almost as broad as it is.
 * With each assist above that its turns come half as often, down to one in 2^10. */
#define MILL_FAIR_ASSISTS    16
#define MILL_FAIR_RAREST_LOG 10

enum mill_turn {
    MILL_TURN_OWN,     /* nothing particular */
    MILL_TURN_OUTSIDE, /* what came from outside */
    MILL_TURN_OLD,     /* what stands long where the worker's own tasks do */
    MILL_TURN_OTHERS,  /* what stands with another worker */
};

/* In the seat's own thread, at each take. */
static inline enum mill_turn mill_pool_turn(struct mill_pool_seat *seat)
{
    unsigned round = seat->takes / MILL_FAIR_EVERY;
    enum mill_turn turn;
    switch (seat->takes++ % MILL_FAIR_EVERY) {
    case 0:
        turn = MILL_TURN_OUTSIDE;
        break;
    case MILL_FAIR_EVERY / 3:
        turn = MILL_TURN_OLD;
        break;
    case 2 * MILL_FAIR_EVERY / 3:
        turn = MILL_TURN_OTHERS;
        break;
    default:
        return MILL_TURN_OWN;
    }
    unsigned above = seat->assists < MILL_FAIR_ASSISTS ? 0 : seat->assists - MILL_FAIR_ASSISTS + 1;
    unsigned rounds = 1U << (above < MILL_FAIR_RAREST_LOG ? above : MILL_FAIR_RAREST_LOG);
    return round % rounds == 0 ? turn : MILL_TURN_OWN;
}

/* ---- what strategies call ---- */

/* The seat of the calling thread while it runs tasks, else NULL. */
extern _Thread_local struct mill_pool_seat *mill_pool_here;

/* The part of a pool that all strategies share: to be called first in `create`, and to be released by
 * mill_pool_close last in `destroy`. 0 or -ENOMEM. */
int mill_pool_open(struct mill_pool *pool, const struct mill_pool_ops *ops,
                   const struct mill_pool_options *options);

/* Puts a thread on each seat, which runs body(seat) and ends. When a thread is not to be had, shuts down
 * those that were. 0 or a negative errno. */
int mill_pool_start(struct mill_pool *pool, void (*body)(struct mill_pool_seat *seat));

/* Until no worker is left or until `deadline`: 0 or -ETIMEDOUT. */
int mill_pool_await_end(struct mill_pool *pool, uint64_t deadline);

/* Joins the threads, which have ended or are about to, and frees the seats. */
void mill_pool_close(struct mill_pool *pool);

/* Runs the task, or drops it, and returns what is to be counted. The task may be gone then. */
static inline _Atomic uint64_t *mill_pool_outcome(struct mill_pool_seat *seat, struct mill_task *task)
{
    /* acquire: what was written before the shutdown is seen by `drop` */
    if (atomic_load_explicit(&seat->pool->discarding, memory_order_acquire)) {
        if (task->drop) {
            task->drop(task->argument);
        }
        return &seat->cancelled;
    }
    int result = task->run(task->argument);
    return result >= 0 ? &seat->done : result == -ECANCELED ? &seat->cancelled : &seat->failed;
}

/* In the seat's own thread. */
static inline void mill_pool_execute(struct mill_pool_seat *seat, struct mill_task *task)
{
    _Atomic uint64_t *outcome = mill_pool_outcome(seat, task);
    /* no read-modify-write: one writer */
    atomic_store_explicit(outcome, atomic_load_explicit(outcome, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

#endif
