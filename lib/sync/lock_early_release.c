/* A mistake kept on purpose: the lock is let go as soon as it is had, and what it should protect runs
 * without. In C++ the guard that was given no name does it (`std::lock_guard(mutex);`), elsewhere a return
 * too early.
 */
#include "sync/lock_list.h"

static const struct mill_lock_ops *const sound = &mill_lock_ttas;

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    sound->acquire(lock, me);
    sound->release(lock, me);
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    bool got = sound->try_acquire(lock, me);
    if (got) {
        sound->release(lock, me);
    }
    return got;
}

static int acquire_until(struct mill_lock *lock, struct mill_lock_context *me, uint64_t deadline)
{
    int status = sound->acquire_until(lock, me, deadline);
    if (status == 0) {
        sound->release(lock, me);
    }
    return status;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)lock;
    (void)me;
}

const struct mill_lock_ops mill_lock_early_release = {
    .about =
        {
            .name = "early-release",
            .summary = "ttas, let go as soon as it is had",
            .source = "threadmill",
            .traits = MILL_SPINS | MILL_CONTROL,
            .progress = MILL_BLOCKING,
            .size = MILL_ISOLATION,
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .acquire_until = acquire_until,
    .release = release,
};
