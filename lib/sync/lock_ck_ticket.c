/* Concurrency Kit's ticket lock, a peer of ours. */
#include "core/peer.h"
#include "sync/lock_list.h"

#if defined(MILL_HAVE_CK)
#include <ck_spinlock.h>

struct mill_lock {
    ck_spinlock_ticket_t ticket;
};

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    ck_spinlock_ticket_lock(&lock->ticket);
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    return ck_spinlock_ticket_trylock(&lock->ticket);
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    ck_spinlock_ticket_unlock(&lock->ticket);
}
#else
#define CK_VERSION ""
#endif

const struct mill_lock_ops mill_lock_ck_ticket = {
    .about =
        {
            .name = "ck-ticket",
            .summary = "Concurrency Kit's ticket lock",
            .source = "Concurrency Kit " CK_VERSION ", ck_spinlock_ticket",
            .algorithm = "ticket",
            .library = MILL_CK_LIBRARY,
            .missing = MILL_CK_MISSING,
            .traits = MILL_FAIR | MILL_SPINS | MILL_CK_TRAITS,
            .progress = MILL_BLOCKING,
            .size = MILL_CK(sizeof(struct mill_lock)),
        },
    .acquire = MILL_CK(acquire),
    .try_acquire = MILL_CK(try_acquire),
    .release = MILL_CK(release),
};
