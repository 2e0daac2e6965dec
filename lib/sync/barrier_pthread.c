/* The platform's own barrier, which knows neither timeouts nor breaking. */
#include <pthread.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "core/peer.h"
#include "sync/barrier_list.h"

struct barrier {
    struct mill_barrier barrier;
    alignas(MILL_ISOLATION) pthread_barrier_t platforms;
};

static struct barrier *barrier_of(struct mill_barrier *barrier)
{
    return (struct barrier *)barrier;
}

static int create(const struct mill_barrier_ops *ops, unsigned parties, struct mill_barrier **barrier)
{
    (void)ops;
    struct barrier *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = -pthread_barrier_init(&made->platforms, NULL, parties);
    if (status < 0) {
        free(made);
        return status;
    }
    *barrier = &made->barrier;
    return 0;
}

static void destroy(struct mill_barrier *barrier)
{
    pthread_barrier_destroy(&barrier_of(barrier)->platforms);
    free(barrier);
}

static int wait(struct mill_barrier *barrier, unsigned party, uint64_t deadline)
{
    (void)party;
    (void)deadline;
    int status = pthread_barrier_wait(&barrier_of(barrier)->platforms);
    return status == PTHREAD_BARRIER_SERIAL_THREAD ? MILL_BARRIER_LEADER : 0;
}

const struct mill_barrier_ops mill_barrier_pthread = {
    .about =
        {
            .name = "pthread",
            .summary = "the platform's barrier, without timeouts and without breaking",
            .source = MILL_LIBC_SOURCE ", pthread_barrier_t",
            .library = MILL_LIBC_LIBRARY,
            .missing = MILL_LIBC_MISSING,
            .traits = MILL_PARKS | MILL_LIBC_TRAITS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct barrier),
        },
    .create = create,
    .destroy = destroy,
    .wait = wait,
};
