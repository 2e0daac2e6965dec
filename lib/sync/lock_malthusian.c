/* Malthusian lock, MCS-CR with waiters that park (Dice 2017): a queue lock with concurrency restriction. Of
 * more waiters than the lock can keep busy, a release moves the next one aside, to a passive list, and calls
 * the one behind it: so the few that circulate stay awake, with their data in the caches, and the others
 * sleep. When the queue has run out, the one that was set aside last returns. Now and then, by a Bernoulli
 * trial, the one set aside first has its turn, so that everybody gets the lock in the long run: fairness is
 * statistical, and not a bound.
 */
#include <assert.h>
#include <stdatomic.h>

#include "core/backoff.h"
#include "sync/lock_call.h"
#include "sync/lock_list.h"

struct node {
    struct node *_Atomic next;
    struct mill_call call;
    struct node *newer; /* of the passive list; both protected by the lock */
    struct node *older;
};

static_assert(sizeof(struct node) <= sizeof(struct mill_lock_context), "a context holds a node");

struct mill_lock {
    alignas(MILL_ISOLATION) struct node *_Atomic tail; /* NULL: free, and then nobody is set aside */
    alignas(MILL_ISOLATION) struct node *newest;       /* of the passive list; all protected by the lock */
    struct node *oldest;
    uint64_t random; /* of a xorshift generator */
};

/* One release of so many gives the lock to the one set aside first, as in the paper; a hunt has few. */
#define TRIAL (MILL_UNDER_HUNT ? 2u : 1000u)
#define SEED  0x9e3779b97f4a7c15ull

static int init(struct mill_lock *lock, unsigned threads)
{
    (void)threads;
    lock->random = SEED;
    return 0;
}

static struct node *node_of(struct mill_lock_context *me)
{
    return (struct node *)(void *)me;
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct node *node = node_of(me);
    /* relaxed: published by the exchange of the tail */
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    mill_call_prepare(&node->call);
    /* acquire: pairs with the release of a holder that left nobody behind, and with a predecessor's clearing
     * of its node. release: hands the cleared node to a successor. */
    struct node *ahead = atomic_exchange_explicit(&lock->tail, node, memory_order_acq_rel);
    if (ahead) {
        /* release: pairs with the loads of `next` in `linked` and `release`, whose threads call this node */
        atomic_store_explicit(&ahead->next, node, memory_order_release);
        mill_call_await(&node->call);
    }
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct node *node = node_of(me);
    struct node *none = NULL;
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    /* as the exchange in `acquire`; nobody calls who has not waited */
    return atomic_compare_exchange_strong_explicit(&lock->tail, &none, node, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

/* ---- the passive list, of which the holder disposes ---- */

static void set_aside(struct mill_lock *lock, struct node *node)
{
    node->newer = NULL;
    node->older = lock->newest;
    *(lock->newest ? &lock->newest->newer : &lock->oldest) = node;
    lock->newest = node;
}

static void bring_back(struct mill_lock *lock, struct node *node)
{
    *(node->newer ? &node->newer->older : &lock->newest) = node->older;
    *(node->older ? &node->older->newer : &lock->oldest) = node->newer;
}

static bool trial(struct mill_lock *lock)
{
    lock->random ^= lock->random << 13;
    lock->random ^= lock->random >> 7;
    lock->random ^= lock->random << 17;
    return (lock->random >> 33) % TRIAL == 0;
}

/* ---- release ---- */

/* The successor, which has taken the tail and is about to link, unless it has lost its core. */
static struct node *linked(struct node *node)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    struct node *successor;
    /* acquire: pairs with the link in `acquire` */
    while (!(successor = atomic_load_explicit(&node->next, memory_order_acquire))) {
        mill_backoff_wait(&backoff);
    }
    return successor;
}

/* Makes the end of the queue, where `node` stood alone, `then`; false if a successor has come. */
static bool end_with(struct mill_lock *lock, struct node *node, struct node *then)
{
    /* release: pairs with the acquire of the exchange that finds `then`, or NULL */
    return atomic_compare_exchange_strong_explicit(&lock->tail, &node, then, memory_order_release,
                                                   memory_order_relaxed);
}

/* Puts `back`, of the passive list, next in line behind `node`, and calls it. */
static __attribute__((noinline)) void call_back(struct mill_lock *lock, struct node *node, struct node *back)
{
    bring_back(lock, back);
    /* relaxed: `back` waits for the call, and others find it by the tail, which is released after this */
    atomic_store_explicit(&back->next, NULL, memory_order_relaxed);
    if (atomic_load_explicit(&node->next, memory_order_acquire) || !end_with(lock, node, back)) {
        /* relaxed: read by `back` alone, after the call */
        atomic_store_explicit(&back->next, linked(node), memory_order_relaxed);
    }
    mill_call(&back->call);
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct node *node = node_of(me);
    if (lock->oldest && trial(lock)) {
        call_back(lock, node, lock->oldest);
        return;
    }
    /* acquire: pairs with the link in `acquire` */
    struct node *successor = atomic_load_explicit(&node->next, memory_order_acquire);
    if (!successor) {
        if (lock->newest) {
            call_back(lock, node, lock->newest);
            return;
        }
        if (end_with(lock, node, NULL)) {
            return;
        }
        successor = linked(node);
    }
    /* the same */
    struct node *second = atomic_load_explicit(&successor->next, memory_order_acquire);
    if (second) {
        set_aside(lock, successor);
        successor = second;
    }
    mill_call(&successor->call);
}

const struct mill_lock_ops mill_lock_malthusian = {
    .about =
        {
            .name = "malthusian",
            .summary = "mcs-park that sets waiters aside while others are behind them; fair in the long run",
            .source = "Dice 2017 (MCS-CR)",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
            .size_each = sizeof(struct node),
        },
    .uses_context = true,
    .init = init,
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
