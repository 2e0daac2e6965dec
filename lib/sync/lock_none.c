/* No lock at all: what the call through the table costs. */
#include "sync/lock_list.h"

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)lock;
    (void)me;
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)lock;
    (void)me;
    return true;
}

const struct mill_lock_ops mill_lock_none = {
    .about =
        {
            .name = "none",
            .summary = "no lock: the cost of the call itself",
            .source = "threadmill",
            .traits = MILL_EMPTY | MILL_ONE_THREAD,
            .progress = MILL_WAIT_FREE,
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = acquire,
};
