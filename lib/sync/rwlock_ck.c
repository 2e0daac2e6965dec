/* Concurrency Kit's phase-fair lock, a peer of ours. */
#include "core/peer.h"
#include "sync/rwlock_list.h"

#if defined(MILL_HAVE_CK)
#include <ck_pflock.h>

struct mill_rwlock {
    ck_pflock_t lock; /* ready when zeroed */
};

static void read_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    ck_pflock_read_lock(&lock->lock);
}

static void read_release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    ck_pflock_read_unlock(&lock->lock);
}

static void write_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    ck_pflock_write_lock(&lock->lock);
}

static void write_release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    ck_pflock_write_unlock(&lock->lock);
}
#else
#define CK_VERSION ""
#endif

const struct mill_rwlock_ops mill_rwlock_ck_phase_fair = {
    .about =
        {
            .name = "ck-phase-fair",
            .summary = "Concurrency Kit's phase-fair lock; cannot try",
            .source = "Concurrency Kit " CK_VERSION ", ck_pflock",
            .algorithm = "phase-fair",
            .library = MILL_CK_LIBRARY,
            .missing = MILL_CK_MISSING,
            .traits = MILL_SPINS | MILL_FAIR | MILL_SERVES_WRITERS | MILL_CK_TRAITS,
            .progress = MILL_BLOCKING,
            .size = MILL_CK(sizeof(struct mill_rwlock)),
        },
    .read_acquire = MILL_CK(read_acquire),
    .read_release = MILL_CK(read_release),
    .write_acquire = MILL_CK(write_acquire),
    .write_release = MILL_CK(write_release),
};
