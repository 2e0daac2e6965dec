/* MCS queue lock (Mellor-Crummey and Scott 1991): each waiter spins on a flag in its own node, so a release
 * touches one waiter's line and no other's. The node lives in the caller's context. It never yields: with
 * more threads than cores each handover to a thread that is not running costs a time slice.
 */
#include <assert.h>
#include <stdatomic.h>

#include "core/pause.h"
#include "sync/lock_list.h"

struct node {
    struct node *_Atomic next;
    atomic_bool waiting;
};

static_assert(sizeof(struct node) <= sizeof(struct mill_lock_context), "a context holds a node");

struct mill_lock {
    struct node *_Atomic tail; /* NULL: free */
};

static struct node *node_of(struct mill_lock_context *me)
{
    return (struct node *)(void *)me;
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct node *node = node_of(me);
    /* relaxed: published by the exchange */
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    /* acq_rel: acquires from the release of the last holder's exchange with NULL, or of the predecessor's
     * node; releases this node's `next` to the successor */
    struct node *ahead = atomic_exchange_explicit(&lock->tail, node, memory_order_acq_rel);
    if (!ahead) {
        return;
    }
    /* relaxed: published by the link, which `release` acquires before it clears the flag */
    atomic_store_explicit(&node->waiting, true, memory_order_relaxed);
    atomic_store_explicit(&ahead->next, node, memory_order_release);
    /* acquire: pairs with the release store in `release` */
    while (atomic_load_explicit(&node->waiting, memory_order_acquire)) {
        mill_pause();
    }
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct node *node = node_of(me);
    struct node *none = NULL;
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    /* as the exchange in `acquire` */
    return atomic_compare_exchange_strong_explicit(&lock->tail, &none, node, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct node *node = node_of(me);
    /* acquire: pairs with the link in `acquire`; the successor's flag was set before this thread clears it */
    struct node *successor = atomic_load_explicit(&node->next, memory_order_acquire);
    if (!successor) {
        struct node *last = node;
        /* release: pairs with the acquire of the exchange that finds NULL */
        if (atomic_compare_exchange_strong_explicit(&lock->tail, &last, NULL, memory_order_release,
                                                    memory_order_relaxed)) {
            return;
        }
        /* a successor has swapped itself in and is about to link */
        while (!(successor = atomic_load_explicit(&node->next, memory_order_acquire))) {
            mill_pause();
        }
    }
    atomic_store_explicit(&successor->waiting, false,
                          memory_order_release); /* pairs with the spin in `acquire` */
}

const struct mill_lock_ops mill_lock_mcs = {
    .about =
        {
            .name = "mcs",
            .summary =
                "first come, first served by queue; each waiter spins on its own line, and never yields",
            .source = "Mellor-Crummey and Scott 1991",
            .algorithm = "mcs",
            .traits = MILL_FAIR | MILL_SPINS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
