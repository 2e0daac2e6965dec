/* Concurrency Kit's array lock, a peer of ours. Its places are eight bytes each, next to one another. */
#include "core/peer.h"
#include "sync/lock_list.h"

#if defined(MILL_HAVE_CK)
#include <ck_spinlock.h>

struct mill_lock {
    ck_spinlock_anderson_t ck;
    ck_spinlock_anderson_thread_t places[];
};

/* What the holder keeps in its context until the release. */
static ck_spinlock_anderson_thread_t **place_of(struct mill_lock_context *me)
{
    return (ck_spinlock_anderson_thread_t **)(void *)me;
}

static int init(struct mill_lock *lock, unsigned threads)
{
    ck_spinlock_anderson_init(&lock->ck, lock->places, threads);
    return 0;
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    ck_spinlock_anderson_lock(&lock->ck, place_of(me));
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    ck_spinlock_anderson_unlock(&lock->ck, *place_of(me));
}
#else
#define CK_VERSION ""
#endif

const struct mill_lock_ops mill_lock_ck_anderson = {
    .about =
        {
            .name = "ck-anderson",
            .summary = "Concurrency Kit's array lock",
            .source = "Concurrency Kit " CK_VERSION ", ck_spinlock_anderson",
            .algorithm = "anderson",
            .library = MILL_CK_LIBRARY,
            .missing = MILL_CK_MISSING,
            .traits = MILL_FAIR | MILL_SPINS | MILL_BOUNDED | MILL_CK_TRAITS,
            .progress = MILL_BLOCKING,
            .size = MILL_CK(sizeof(struct mill_lock)),
            .size_each = MILL_CK(sizeof(ck_spinlock_anderson_thread_t)),
        },
    .uses_context = true,
    .init = MILL_CK(init),
    .acquire = MILL_CK(acquire),
    .release = MILL_CK(release),
};
