/* MCS queue lock whose waiters park (Mellor-Crummey and Scott 1991; the waiting as Dice 2017 has it,
 * MCS-STP): each spins on a word of its own node for a moment, then sleeps on it. It serves strictly in
 * order, so with more threads than cores a handover to a thread that sleeps costs a wake-up, where one of
 * `mcs` to a thread that is not running costs a time slice.
 */
#include <assert.h>
#include <stdatomic.h>

#include "core/backoff.h"
#include "sync/lock_call.h"
#include "sync/lock_list.h"

struct node {
    struct node *_Atomic next;
    struct mill_call call;
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
    /* relaxed: published by the exchange of the tail */
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    mill_call_prepare(&node->call);
    /* acquire: pairs with the release of a holder that left nobody behind, and with a predecessor's clearing
     * of its node. release: hands the cleared node to a successor. */
    struct node *ahead = atomic_exchange_explicit(&lock->tail, node, memory_order_acq_rel);
    if (ahead) {
        /* release: pairs with the loads of `next` in `release`, which calls this node as prepared above */
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

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct node *node = node_of(me);
    /* acquire, here and below: pairs with the link in `acquire` */
    struct node *successor = atomic_load_explicit(&node->next, memory_order_acquire);
    if (!successor) {
        struct node *last = node;
        /* release: pairs with the acquire of the exchange that finds NULL */
        if (atomic_compare_exchange_strong_explicit(&lock->tail, &last, NULL, memory_order_release,
                                                    memory_order_relaxed)) {
            return;
        }
        /* a successor has come and is about to link, unless it has lost its core */
        struct mill_backoff backoff = MILL_BACKOFF_INIT;
        while (!(successor = atomic_load_explicit(&node->next, memory_order_acquire))) {
            mill_backoff_wait(&backoff);
        }
    }
    mill_call(&successor->call);
}

const struct mill_lock_ops mill_lock_mcs_park = {
    .about =
        {
            .name = "mcs-park",
            .summary =
                "first come, first served by queue; each waiter spins briefly, then sleeps on its node",
            .source = "Mellor-Crummey and Scott 1991; Dice 2017 (MCS-STP)",
            .traits = MILL_FAIR | MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
            .size_each = sizeof(struct node),
        },
    .uses_context = true,
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
