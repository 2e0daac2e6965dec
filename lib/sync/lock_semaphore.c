/* A POSIX semaphore of one as a lock (Dijkstra 1965): it knows no holder, so any thread could release it. */
#include <semaphore.h>

#include "core/peer.h"
#include "sync/lock_list.h"
#include "sync/lock_wall_clock.h"

struct mill_lock {
    sem_t semaphore; /* 1: free */
};

static int init(struct mill_lock *lock, unsigned threads)
{
    (void)threads;
    return sem_init(&lock->semaphore, 0, 1) < 0 ? -errno : 0;
}

static void destroy(struct mill_lock *lock)
{
    sem_destroy(&lock->semaphore);
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    while (sem_wait(&lock->semaphore) < 0) {
        /* a signal came */
    }
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    return sem_trywait(&lock->semaphore) == 0;
}

static int acquire_until(struct mill_lock *lock, struct mill_lock_context *me, uint64_t deadline)
{
    (void)me;
    do {
        struct timespec until = mill_wall_clock_at(deadline);
        if (sem_timedwait(&lock->semaphore, &until) == 0) {
            return 0;
        }
    } while (mill_now_ns() < deadline);
    return -ETIMEDOUT;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    sem_post(&lock->semaphore);
}

const struct mill_lock_ops mill_lock_semaphore = {
    .about =
        {
            .name = "semaphore",
            .summary = "a POSIX semaphore of one: knows no holder",
            .source = MILL_LIBC_SOURCE ", sem_t; Dijkstra 1965",
            .algorithm = "parking",
            .library = MILL_LIBC_LIBRARY,
            .traits = MILL_PARKS | MILL_LIBC_TRAITS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .init = init,
    .destroy = destroy,
    .acquire = acquire,
    .try_acquire = try_acquire,
    .acquire_until = acquire_until,
    .release = release,
};
