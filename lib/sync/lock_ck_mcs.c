/* Concurrency Kit's MCS lock, a peer of ours. */
#include "core/peer.h"
#include "sync/lock_list.h"

#if defined(MILL_HAVE_CK)
#include <assert.h>

#include <ck_spinlock.h>

struct mill_lock {
    ck_spinlock_mcs_t tail;
};

static_assert(sizeof(ck_spinlock_mcs_context_t) <= sizeof(struct mill_lock_context),
              "a context holds a node");

static ck_spinlock_mcs_context_t *node_of(struct mill_lock_context *me)
{
    return (ck_spinlock_mcs_context_t *)(void *)me;
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    ck_spinlock_mcs_lock(&lock->tail, node_of(me));
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    return ck_spinlock_mcs_trylock(&lock->tail, node_of(me));
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    ck_spinlock_mcs_unlock(&lock->tail, node_of(me));
}
#else
#define CK_VERSION ""
#endif

const struct mill_lock_ops mill_lock_ck_mcs = {
    .about =
        {
            .name = "ck-mcs",
            .summary = "Concurrency Kit's MCS lock",
            .source = "Concurrency Kit " CK_VERSION ", ck_spinlock_mcs",
            .algorithm = "mcs",
            .library = MILL_CK_LIBRARY,
            .missing = MILL_CK_MISSING,
            .traits = MILL_FAIR | MILL_SPINS | MILL_CK_TRAITS,
            .progress = MILL_BLOCKING,
            .size = MILL_CK(sizeof(struct mill_lock)),
            .size_each = MILL_CK(sizeof(ck_spinlock_mcs_context_t)),
        },
    .uses_context = true,
    .acquire = MILL_CK(acquire),
    .try_acquire = MILL_CK(try_acquire),
    .release = MILL_CK(release),
};
