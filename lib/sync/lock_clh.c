/* CLH queue lock (Craig 1993; Landin and Hagersten 1994): a waiter spins on its predecessor's node, and takes
 * that node for its own when it leaves. So a release is one store and never waits for a successor to link
 * itself, as MCS's does; in exchange nodes wander, and cannot live on the stack of a thread: each thread has
 * a place in the lock where its next one lies, and the lock is built for a number of threads. It never
 * yields: with more threads than cores each handover to a thread that is not running costs a time slice.
 *
 * The tail names a node by its number, with the number of times that the node was brought: who tries would
 * otherwise mistake a tail that came round again for the one that it has looked behind.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "core/pause.h"
#include "sync/lock_list.h"
#include "sync/lock_places.h"

struct node {
    alignas(MILL_ISOLATION) atomic_uint held; /* by who brought it, or wanted so */
    uint64_t brought; /* what the tail was when it was brought last: its number, and the times above it */
};

#define NUMBER_BITS 18 /* MILL_LOCK_THREADS_MAX, and one more */
#define NUMBER_MASK ((UINT64_C(1) << NUMBER_BITS) - 1)
#define ONCE        (UINT64_C(1) << NUMBER_BITS)

struct mill_lock {
    alignas(MILL_ISOLATION) _Atomic uint64_t tail;          /* the last that was brought */
    alignas(MILL_ISOLATION) struct mill_lock_places places; /* only read, as is the next */
    struct node *nodes;                                     /* one for each place, and one more */
    struct mill_lock_place first[];                         /* and behind them the nodes */
};

/* What the holder keeps in its context until the release: the node that it brought. */
static struct node **brought_by(struct mill_lock_context *me)
{
    return (struct node **)(void *)me;
}

static int init(struct mill_lock *lock, unsigned threads)
{
    lock->places = (struct mill_lock_places){
        .first = lock->first, .mask = threads - 1, .name = mill_lock_clh.about.name};
    lock->nodes = (struct node *)(void *)(lock->first + threads);
    for (unsigned i = 0; i <= threads; i++) {
        lock->nodes[i].brought = i;
    }
    for (unsigned i = 0; i < threads; i++) {
        lock->first[i].node = &lock->nodes[i];
    }
    /* relaxed: whoever is given the lock sees it as it was made */
    atomic_store_explicit(&lock->tail, threads, memory_order_relaxed);
    return 0;
}

static struct node *node_at(struct mill_lock *lock, uint64_t tail)
{
    return &lock->nodes[tail & NUMBER_MASK];
}

/* The caller's node, ready to be brought. relaxed: published by the write of the tail. */
static struct node *bring(struct mill_lock_place *place)
{
    struct node *mine = place->node;
    mine->brought += ONCE;
    atomic_store_explicit(&mine->held, 1, memory_order_relaxed);
    return mine;
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct mill_lock_place *place = mill_lock_place_find(&lock->places);
    struct node *mine = bring(place);
    /* release: the successor that gets this tail sees the node as held. acquire: pairs with that of the
     * predecessor. */
    uint64_t tail = atomic_exchange_explicit(&lock->tail, mine->brought, memory_order_acq_rel);
    struct node *ahead = node_at(lock, tail);
    /* acquire: pairs with the release in `release` */
    while (atomic_load_explicit(&ahead->held, memory_order_acquire)) {
        mill_pause();
    }
    place->node = ahead; /* which nobody looks at any more */
    *brought_by(me) = mine;
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct mill_lock_place *place = mill_lock_place_find(&lock->places);
    /* acquire: pairs with the write of the tail by who brought that node, and then with its release. Nobody
     * brings it again before somebody else was behind it, and then the tail has changed. */
    uint64_t tail = atomic_load_explicit(&lock->tail, memory_order_acquire);
    struct node *ahead = node_at(lock, tail);
    if (atomic_load_explicit(&ahead->held, memory_order_acquire)) {
        return false;
    }
    struct node *mine = bring(place);
    if (!atomic_compare_exchange_strong_explicit(&lock->tail, &tail, mine->brought, memory_order_acq_rel,
                                                 memory_order_relaxed)) {
        return false; /* the node stays this thread's, and nobody saw it */
    }
    place->node = ahead; /* which nobody looks at any more */
    *brought_by(me) = mine;
    return true;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)lock;
    /* release: pairs with the acquire of the successor, whose the node is from now on */
    atomic_store_explicit(&(*brought_by(me))->held, 0, memory_order_release);
}

const struct mill_lock_ops mill_lock_clh = {
    .about =
        {
            .name = "clh",
            .summary = "first come, first served by queue; each waiter spins on its predecessor's line",
            .source = "Craig 1993; Landin and Hagersten 1994",
            .algorithm = "clh",
            .traits = MILL_FAIR | MILL_SPINS | MILL_BOUNDED,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock) + sizeof(struct node),
            .size_each = sizeof(struct mill_lock_place) + sizeof(struct node),
        },
    .uses_context = true,
    .init = init,
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
