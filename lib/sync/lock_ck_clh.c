/* Concurrency Kit's CLH lock, a peer of ours. Where a thread's next node lies is our part, as in lock_clh.c.
 */
#include "core/peer.h"
#include "sync/lock_list.h"

#if defined(MILL_HAVE_CK)
#include <ck_spinlock.h>

#include "sync/lock_places.h"

struct node {
    alignas(MILL_ISOLATION) ck_spinlock_clh_t ck;
};

struct mill_lock {
    alignas(MILL_ISOLATION) ck_spinlock_clh_t *tail;
    alignas(MILL_ISOLATION) struct mill_lock_places places; /* only read */
    struct mill_lock_place first[]; /* and behind them the nodes, one more than these */
};

/* What the holder keeps in its context until the release. */
struct holding {
    struct mill_lock_place *place;
    ck_spinlock_clh_t *node;
};

static struct holding *holding_of(struct mill_lock_context *me)
{
    return (struct holding *)(void *)me;
}

static int init(struct mill_lock *lock, unsigned threads)
{
    struct node *nodes = (struct node *)(void *)(lock->first + threads);
    lock->places = (struct mill_lock_places){
        .first = lock->first, .mask = threads - 1, .name = mill_lock_ck_clh.about.name};
    for (unsigned i = 0; i < threads; i++) {
        lock->first[i].node = &nodes[i].ck;
    }
    ck_spinlock_clh_init(&lock->tail, &nodes[threads].ck);
    return 0;
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct holding *holding = holding_of(me);
    holding->place = mill_lock_place_find(&lock->places);
    holding->node = holding->place->node;
    ck_spinlock_clh_lock(&lock->tail, holding->node);
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct holding *holding = holding_of(me);
    (void)lock;
    ck_spinlock_clh_unlock(&holding->node);
    holding->place->node = holding->node;
}
#else
#define CK_VERSION ""
#endif

const struct mill_lock_ops mill_lock_ck_clh = {
    .about =
        {
            .name = "ck-clh",
            .summary = "Concurrency Kit's CLH lock",
            .source = "Concurrency Kit " CK_VERSION ", ck_spinlock_clh",
            .algorithm = "clh",
            .library = MILL_CK_LIBRARY,
            .missing = MILL_CK_MISSING,
            .traits = MILL_FAIR | MILL_SPINS | MILL_BOUNDED | MILL_CK_TRAITS,
            .progress = MILL_BLOCKING,
            .size = MILL_CK(sizeof(struct mill_lock) + sizeof(struct node)),
            .size_each = MILL_CK(sizeof(struct mill_lock_place) + sizeof(struct node)),
        },
    .uses_context = true,
    .init = MILL_CK(init),
    .acquire = MILL_CK(acquire),
    .release = MILL_CK(release),
};
