/* C11's mutex. glibc's is its pthread mutex behind another name, which ThreadSanitizer and Valgrind do not
 * know by that name. */
#include <threads.h>

#include "core/peer.h"
#include "sync/lock_list.h"
#include "sync/lock_wall_clock.h"

struct mill_lock {
    mtx_t mutex;
};

static int init(struct mill_lock *lock, unsigned threads)
{
    (void)threads;
    int status = mtx_init(&lock->mutex, mtx_timed);
    return status == thrd_success ? 0 : status == thrd_nomem ? -ENOMEM : -EIO;
}

static void destroy(struct mill_lock *lock)
{
    mtx_destroy(&lock->mutex);
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    mtx_lock(&lock->mutex);
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    return mtx_trylock(&lock->mutex) == thrd_success;
}

static int acquire_until(struct mill_lock *lock, struct mill_lock_context *me, uint64_t deadline)
{
    (void)me;
    do {
        struct timespec until = mill_wall_clock_at(deadline);
        if (mtx_timedlock(&lock->mutex, &until) == thrd_success) {
            return 0;
        }
    } while (mill_now_ns() < deadline);
    return -ETIMEDOUT;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    mtx_unlock(&lock->mutex);
}

const struct mill_lock_ops mill_lock_c11 = {
    .about =
        {
            .name = "c11",
            .summary = "C11's mutex, mtx_t",
            .source = MILL_LIBC_SOURCE ", mtx_t of mtx_timed",
            .algorithm = "parking",
            .library = MILL_C11_LIBRARY,
            .traits = MILL_PARKS | MILL_C11_TRAITS,
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
