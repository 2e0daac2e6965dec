/* Thread pools with futures (row 10 of the patterns): one table, one strategy a file.
 *
 *     struct mill_pool *pool;
 *     struct mill_pool_options options = {.workers = 4, .spin_ns = MILL_POOL_SPIN};
 *     int status = mill_pool_create(mill_pool_ops_find("stealing"), &options, &pool);
 *
 *     struct mill_task task = {.run = work, .argument = something};
 *     status = mill_pool_submit(pool, &task);                     without a future: nobody waits for it
 *
 *     struct mill_future future;                                  with one: task/future.h
 *     mill_future_init(&future, work, something);
 *     status = mill_pool_submit_future(pool, &future);
 *     status = mill_future_wait(&future, MILL_NS_PER_S, &result);
 *
 *     status = mill_pool_shutdown(pool, MILL_POOL_DRAIN, MILL_FOREVER);
 *     mill_pool_destroy(pool);
 *
 * A task is the caller's memory: submitting allocates nothing, and fails for want of memory with no strategy
 * of ours. It is the pool's from submit on, and the caller's again as soon as `run` or `drop` is called,
 * which may free it or submit it anew. What was written before submit is seen by `run` (release, acquire).
 *
 * A task fails by returning a negative errno. That is counted, and reaches its future where it has one; the
 * worker goes on with the next task. A task that returns -ECANCELED counts as cancelled.
 *
 * Any thread may submit, also a task (fork), and a task may wait for futures of its own pool (join): its
 * worker meanwhile runs other tasks, so that even a pool of one worker gets to the end. Which of such waits
 * may be without a limit is said in task/future.h. What a peer cannot is in `shape`. Tasks are started in no
 * order that is promised, but none is left for ever while others come.
 *
 * Submitting is lock-free where about.progress says so; shutdown blocks.
 */
#ifndef MILL_TASK_POOL_H
#define MILL_TASK_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cacheline.h"
#include "core/strategy.h"
#include "core/timeout.h"

/* What a pool's user owns: a piece of work. */
struct mill_task {
    int (*run)(void *argument); /* 0 or more; or a negative errno: it failed */
    void *argument;
    void (*drop)(
        void *argument);    /* instead of `run`, by a pool that is shut down without draining; or NULL */
    struct mill_task *next; /* the pool's */
};

#define MILL_POOL_WORKERS_MAX 64

/* A spin that bridges the gaps of a busy program, and is over before it costs something. */
#define MILL_POOL_SPIN        ((int64_t)(20 * MILL_NS_PER_US))

struct mill_pool_options {
    unsigned workers; /* 1 … MILL_POOL_WORKERS_MAX */
    int64_t spin_ns;  /* how long a worker without work looks for some before it sleeps; 0: it sleeps at once;
                         MILL_FOREVER: it goes on looking. That is for those that look: of ours without a
                         lock, half as many workers at a time as there are processors, and at least one; the
                         others sleep whatever is said here. Peers that know no such setting leave it out. */
};

/* What a peer lacks. Ours lack nothing. */
enum mill_pool_shape {
    MILL_POOL_NO_ASSIST = 1 << 0,      /* a task that waits for a future of its own pool gets -EDEADLK */
    MILL_POOL_NO_NESTING = 1 << 1,     /* a task that submits to its own pool gets -ENOTSUP */
    MILL_POOL_NO_TIMEOUT = 1 << 2,     /* shutdown takes MILL_FOREVER alone, and else says -ENOTSUP */
    MILL_POOL_LOOSE_SHUTDOWN = 1 << 3, /* shutdown must be ordered after the last submit from outside */
    MILL_POOL_ALLOCATES = 1 << 4,      /* a submit allocates; -ENOMEM, or the library ends the process */
    MILL_POOL_NO_RENDEZVOUS = 1 << 5,  /* a task must not wait for something that a later task does, even if
                                          a worker is idle */
    MILL_POOL_OLDEST_FIRST = 1 << 6,   /* a task that waits runs the oldest task, not the youngest: a tree of
                                          forks and joins stands on the stack as broad as it is */
};

/* What became of the tasks; exact once shutdown has returned 0. */
struct mill_pool_metrics {
    uint64_t done;      /* returned 0 or more */
    uint64_t failed;    /* returned a negative errno */
    uint64_t cancelled; /* never ran, or returned -ECANCELED */
};

enum mill_pool_end {
    MILL_POOL_DRAIN,  /* tasks that are left still run */
    MILL_POOL_CANCEL, /* tasks that are left are dropped: their futures say -ECANCELED */
};

struct mill_pool_ops;
struct mill_pool_seat; /* task/pool_strategy.h */

/* How every strategy's own pool begins. */
struct mill_pool {
    const struct mill_pool_ops *ops;
    unsigned workers;
    int64_t spin_ns;
    struct mill_pool_seat *seats; /* one for each worker */
    atomic_bool discarding;       /* tasks are dropped instead of run */
    _Atomic uint32_t alive;       /* workers that have not ended; what shutdown sleeps on */
};

struct mill_pool_ops {
    struct mill_strategy about;
    unsigned shape; /* of enum mill_pool_shape */

    /* mill_pool_create has checked the options. 0 or a negative errno. */
    int (*create)(const struct mill_pool_ops *ops, const struct mill_pool_options *options,
                  struct mill_pool **pool);

    /* It is shut down, and no call of it is under way. */
    void (*destroy)(struct mill_pool *pool);

    /* 0; -EPIPE once shutdown has begun; with MILL_POOL_ALLOCATES -ENOMEM. The task is complete. */
    int (*submit)(struct mill_pool *pool, struct mill_task *task);

    /* Refuses tasks from now on, and waits until the workers have ended or until `deadline`: 0 or -ETIMEDOUT.
     * May be called again, and by several threads at once. */
    int (*shutdown)(struct mill_pool *pool, uint64_t deadline);

    /* In a worker of this pool: runs other tasks, and sleeps when there are none, until settled(what) is true
     * or until `deadline`: 0 or -ETIMEDOUT. NULL with MILL_POOL_NO_ASSIST. */
    int (*assist)(struct mill_pool *pool, bool (*settled)(const void *what), const void *what,
                  uint64_t deadline);

    /* Something has settled: workers that sleep in `assist` look again. NULL with MILL_POOL_NO_ASSIST. */
    void (*nudge)(struct mill_pool *pool);
};

extern const struct mill_family mill_pool_family;

static inline const struct mill_pool_ops *mill_pool_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_pool_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_pool_ops *mill_pool_ops_find(const char *name);

/* Starts the workers. 0; -EINVAL (no table, no options, workers or spin out of bounds); -ENOMEM; -EAGAIN (no
 * more threads); -ENOTSUP where the strategy is missing in this build, or cannot have so many workers. */
int mill_pool_create(const struct mill_pool_ops *ops, const struct mill_pool_options *options,
                     struct mill_pool **pool);

/* 0; -EINVAL (NULL, no `run`); -EPIPE once shutdown has begun, also for a task that submits while the pool
 * drains; what `shape` says. When it fails, the task stays the caller's. */
int mill_pool_submit(struct mill_pool *pool, struct mill_task *task);

/* Ends the pool: no task is taken any more, those that run end, those that are left are run or dropped. A
 * submit that overlaps it either succeeds, and its task is run or dropped, or says -EPIPE. 0: all workers
 * have ended; -ETIMEDOUT: some have not, and it may be called again, MILL_POOL_CANCEL after MILL_POOL_DRAIN
 * included; -EDEADLK, and nothing was done, when a task of this pool calls it; -EINVAL. When it has returned
 * 0 it may be called again, and returns 0. */
int mill_pool_shutdown(struct mill_pool *pool, enum mill_pool_end end, int64_t timeout_ns);

/* Shuts down with MILL_POOL_CANCEL where that has not been done, waits for it, and frees the pool. No other
 * call of the pool or of its futures may be under way. 0, also for NULL; -EDEADLK, and nothing was done, when
 * a task of this pool calls it. */
int mill_pool_destroy(struct mill_pool *pool);

/* Beside running tasks: a little late, since each worker counts for itself. */
void mill_pool_read(const struct mill_pool *pool, struct mill_pool_metrics *metrics);

/* Is the caller a task of this pool? */
bool mill_pool_inside(const struct mill_pool *pool);

#endif
