/* OpenMP's tasks, a peer. Tasks can be made inside a parallel region alone, so an owner thread opens one with
 * all workers, takes what is submitted from an intake, and makes a task of each; that step between is what it
 * costs to use OpenMP as a pool. When its queue of tasks is full, the library has the owner run one itself.
 *
 * Built with clang this is LLVM's library, with gcc GNU's. A process gets one such pool: when the thread that
 * opened a region has ended, LLVM's library (14) mixes up its free memory, and a later region breaks down
 * (assertion failure at kmp_alloc.cpp:2169); paused by omp_pause_resource_all it recovers, but leaks.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/pause.h"
#include "task/intake.h"
#include "task/peer_pool.h"
#include "task/pool_list.h"
#include "task/thread.h"

#if defined(MILL_HAVE_OPENMP)
#include <omp.h>
#include <semaphore.h>

#include "sync/parking.h"

#define INTAKE_SLOTS         4096
#define LOOKS_BEFORE_PARKING 200

struct openmp {
    struct mill_peer_pool peer;
    struct mill_thread *owner;
    struct mill_intake intake;
    struct mill_parking submitted; /* where the owner waits for tasks */
    sem_t opened;                  /* the region, or `team` says that it could not be */
    int team;                      /* threads in it, the owner included */
};

/* Has a pool been made in this process? The library's state is the process's too. */
static atomic_flag used = ATOMIC_FLAG_INIT;

static struct openmp *openmp_of(struct mill_pool *pool)
{
    return (struct openmp *)pool;
}

/* How many tasks were taken; 0 means that it is closed and empty. */
static size_t take(struct openmp *openmp, struct mill_task **tasks)
{
    for (unsigned looks = 0;; looks++) {
        size_t count = mill_intake_take(&openmp->intake, tasks, MILL_INTAKE_BATCH, 1, NULL);
        if (count > 0) {
            return count;
        }
        if (mill_peer_pool_closed(&openmp->peer) && mill_intake_empty(&openmp->intake)) {
            return 0;
        }
        if (looks < LOOKS_BEFORE_PARKING) {
            mill_pause();
            continue;
        }
        mill_parking_prepare(&openmp->submitted);
        if (!mill_intake_empty(&openmp->intake) || mill_peer_pool_closed(&openmp->peer)) {
            mill_parking_cancel(&openmp->submitted);
        } else {
            mill_parking_wait(&openmp->submitted, MILL_NO_DEADLINE);
        }
        looks = 0;
    }
}

static void make_tasks(struct openmp *openmp)
{
    struct mill_task *tasks[MILL_INTAKE_BATCH];
    size_t count;
    while ((count = take(openmp, tasks)) > 0) {
        for (size_t i = 0; i < count; i++) {
            struct mill_task *task = tasks[i];
#pragma omp task firstprivate(openmp, task) default(none)
            mill_peer_pool_run(&openmp->peer.pool, task);
        }
    }
}

static void own(void *argument)
{
    struct openmp *openmp = argument;
    omp_set_dynamic(0);
#pragma omp parallel num_threads((int)openmp->peer.pool.workers + 1) default(none) firstprivate(openmp)
#pragma omp single
    {
        openmp->team = omp_get_num_threads();
        sem_post(&openmp->opened);
        make_tasks(openmp);
    }
}

static int submit(struct mill_pool *pool, struct mill_task *task)
{
    struct openmp *openmp = openmp_of(pool);
    int status = mill_peer_pool_closed(&openmp->peer) ? -EPIPE : mill_intake_put(&openmp->intake, task);
    if (status == 0) {
        mill_parking_wake(&openmp->submitted, 1);
    }
    return status;
}

static void drain(struct mill_pool *pool)
{
    struct openmp *openmp = openmp_of(pool);
    mill_intake_close(&openmp->intake);
    mill_parking_wake(&openmp->submitted, UINT32_MAX);
    if (openmp->owner) {
        mill_thread_join(&openmp->owner, MILL_FOREVER);
    }
}

static int shut_down(struct mill_pool *pool, uint64_t deadline)
{
    (void)deadline;
    return mill_peer_pool_shutdown(pool, drain);
}

static void destroy(struct mill_pool *pool)
{
    struct openmp *openmp = openmp_of(pool);
    mill_intake_destroy(&openmp->intake);
    sem_destroy(&openmp->opened);
    mill_peer_pool_close(&openmp->peer);
    free(openmp);
}

static int start(struct openmp *openmp)
{
    int status = mill_intake_init(&openmp->intake, INTAKE_SLOTS);
    if (status == 0) {
        status = mill_thread_start(&openmp->owner, "openmp-owner", own, openmp);
    }
    if (status < 0) {
        return status;
    }
    while (sem_wait(&openmp->opened) != 0) {
    }
    return openmp->team == (int)openmp->peer.pool.workers + 1 ? 0 : -EAGAIN;
}

static int create(const struct mill_pool_ops *ops, const struct mill_pool_options *options,
                  struct mill_pool **pool)
{
    struct openmp *openmp = mill_isolated_alloc(sizeof *openmp);
    if (!openmp) {
        return -ENOMEM;
    }
    if (atomic_flag_test_and_set_explicit(&used, memory_order_relaxed)) { /* a flag and nothing else */
        free(openmp);
        return -ENOTSUP;
    }
    int status = mill_peer_pool_open(&openmp->peer, ops, options);
    if (status < 0) {
        free(openmp);
        return status;
    }
    sem_init(&openmp->opened, 0, 0);
    status = start(openmp);
    if (status < 0) {
        if (openmp->owner) {
            shut_down(&openmp->peer.pool, MILL_NO_DEADLINE);
        }
        destroy(&openmp->peer.pool);
        return status;
    }
    *pool = &openmp->peer.pool;
    return 0;
}
#endif

const struct mill_pool_ops mill_pool_openmp = {
    .about =
        {
            .name = "openmp",
            .summary = "OpenMP tasks, made by an owner thread inside one parallel region",
#if defined(MILL_HAVE_OPENMP)
            .source = MILL_OPENMP_LIBRARY ", version " MILL_PEER_TEXT(_OPENMP) " of the standard, task",
#else
            .source = MILL_OPENMP_LIBRARY ", task",
#endif
            .library = MILL_OPENMP_LIBRARY,
            .missing = MILL_OPENMP_MISSING,
            .traits = MILL_SPINS | MILL_PARKS | MILL_HIDES_ATOMICS,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_POOL_NO_ASSIST | MILL_POOL_NO_TIMEOUT | MILL_POOL_LOOSE_SHUTDOWN | MILL_POOL_ALLOCATES |
             MILL_POOL_NO_RENDEZVOUS,
    .create = MILL_OPENMP(create),
    .destroy = MILL_OPENMP(destroy),
    .submit = MILL_OPENMP(submit),
    .shutdown = MILL_OPENMP(shut_down),
};
