/* nsync's mutex, a peer of the locks that sleep. */
#include "core/peer.h"
#include "sync/lock_list.h"

#if defined(MILL_HAVE_NSYNC)
#include <nsync_mu.h>

struct mill_lock {
    nsync_mu mutex; /* ready when zeroed */
};

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    nsync_mu_lock(&lock->mutex);
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    return nsync_mu_trylock(&lock->mutex) != 0;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    nsync_mu_unlock(&lock->mutex);
}
#endif

const struct mill_lock_ops mill_lock_nsync = {
    .about =
        {
            .name = "nsync",
            .summary = "nsync's mutex: sleeps, and hands over to the longest waiter when it starves",
            .source = "nsync (Google 2016), nsync_mu",
            .algorithm = "parking",
            .library = MILL_NSYNC_LIBRARY,
            .missing = MILL_NSYNC_MISSING,
            .traits = MILL_PARKS | MILL_NSYNC_TRAITS,
            .progress = MILL_BLOCKING,
            .size = MILL_NSYNC(sizeof(struct mill_lock)),
        },
    .acquire = MILL_NSYNC(acquire),
    .try_acquire = MILL_NSYNC(try_acquire),
    .try_may_miss = true,
    .release = MILL_NSYNC(release),
};
