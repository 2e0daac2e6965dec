/* Concurrency Kit's compare-and-swap lock, a peer of ttas: it spins on a plain read between two attempts. */
#include "core/peer.h"
#include "sync/lock_list.h"

#if defined(MILL_HAVE_CK)
#include <ck_spinlock.h>

struct mill_lock {
    ck_spinlock_cas_t word;
};

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    ck_spinlock_cas_lock(&lock->word);
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    return ck_spinlock_cas_trylock(&lock->word);
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    ck_spinlock_cas_unlock(&lock->word);
}
#else
#define CK_VERSION ""
#endif

const struct mill_lock_ops mill_lock_ck_cas = {
    .about =
        {
            .name = "ck-cas",
            .summary = "Concurrency Kit's compare-and-swap lock",
            .source = "Concurrency Kit " CK_VERSION ", ck_spinlock_cas",
            .algorithm = "ttas",
            .library = MILL_CK_LIBRARY,
            .missing = MILL_CK_MISSING,
            .traits = MILL_SPINS | MILL_CK_TRAITS,
            .progress = MILL_BLOCKING,
            .size = MILL_CK(sizeof(struct mill_lock)),
        },
    .acquire = MILL_CK(acquire),
    .try_acquire = MILL_CK(try_acquire),
    .release = MILL_CK(release),
};
