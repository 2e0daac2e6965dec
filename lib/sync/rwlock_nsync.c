/* nsync's mutex in its two modes, a peer of the read-write locks that sleep. */
#include "core/peer.h"
#include "sync/rwlock_list.h"

#if defined(MILL_HAVE_NSYNC)
#include <nsync_mu.h>

struct mill_rwlock {
    nsync_mu mutex; /* ready when zeroed */
};

static void read_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    nsync_mu_rlock(&lock->mutex);
}

static bool read_try(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    return nsync_mu_rtrylock(&lock->mutex) != 0;
}

static void read_release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    nsync_mu_runlock(&lock->mutex);
}

static void write_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    nsync_mu_lock(&lock->mutex);
}

static bool write_try(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    return nsync_mu_trylock(&lock->mutex) != 0;
}

static void write_release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    nsync_mu_unlock(&lock->mutex);
}
#endif

const struct mill_rwlock_ops mill_rwlock_nsync = {
    .about =
        {
            .name = "nsync",
            .summary = "nsync's mutex in reader and writer mode: sleeps; writers that wait keep readers out",
            .source = "nsync (Google 2016), nsync_mu",
            .library = MILL_NSYNC_LIBRARY,
            .missing = MILL_NSYNC_MISSING,
            .traits = MILL_PARKS | MILL_SERVES_WRITERS | MILL_NSYNC_TRAITS,
            .progress = MILL_BLOCKING,
            .size = MILL_NSYNC(sizeof(struct mill_rwlock)),
        },
    .read_acquire = MILL_NSYNC(read_acquire),
    .read_try = MILL_NSYNC(read_try),
    .read_release = MILL_NSYNC(read_release),
    .write_acquire = MILL_NSYNC(write_acquire),
    .write_try = MILL_NSYNC(write_try),
    .write_release = MILL_NSYNC(write_release),
};
