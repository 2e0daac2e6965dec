/* MCS queue lock (Mellor-Crummey and Scott 1991): each waiter spins on a word of its own node, so a release
 * touches one waiter's line and no other's. The node lives in the caller's context. It never yields: with
 * more threads than cores each handover to a thread that is not running costs a time slice.
 */
#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/pause.h"
#include "sync/lock_list.h"

enum call {
    AT_ONCE, /* the lock was free */
    WAITING,
    CALLED, /* by the predecessor's release */
};

struct node {
    struct node *_Atomic next;
    _Atomic uint8_t call;
};

static_assert(sizeof(struct node) <= sizeof(struct mill_lock_context), "a context holds a node");

struct mill_lock {
    struct node *_Atomic tail; /* NULL: free */
};

static struct node *node_of(struct mill_lock_context *me)
{
    return (struct node *)(void *)me;
}

/* Each look takes the line from the predecessor that is about to write it, so a waiter looks less often than
 * it could. */
#define PAUSES_A_LOOK 4

/* relaxed: published by the exchange of the tail, or read by this thread alone */
static void clear(struct node *node)
{
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    atomic_store_explicit(&node->call, AT_ONCE, memory_order_relaxed);
}

static __attribute__((noinline)) void wait_behind(struct node *ahead, struct node *node)
{
    /* relaxed: published by the link, which `release` acquires before it calls */
    atomic_store_explicit(&node->call, WAITING, memory_order_relaxed);
    atomic_store_explicit(&ahead->next, node, memory_order_release);
    /* acquire: pairs with the call in `release` */
    while (atomic_load_explicit(&node->call, memory_order_acquire) == WAITING) {
        for (int pauses = PAUSES_A_LOOK; pauses > 0; pauses--) {
            mill_pause();
        }
    }
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct node *node = node_of(me);
    clear(node);
    /* acquire: pairs with the release of a holder that left nobody behind, and with a predecessor's `clear`.
     * release: hands the cleared node to a successor. */
    struct node *ahead = atomic_exchange_explicit(&lock->tail, node, memory_order_acq_rel);
    if (ahead) {
        wait_behind(ahead, node);
    }
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct node *node = node_of(me);
    struct node *none = NULL;
    clear(node);
    /* as the exchange in `acquire` */
    return atomic_compare_exchange_strong_explicit(&lock->tail, &none, node, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

/* Whether the lock was set free; else a successor has taken the tail. */
static bool leave_alone(struct mill_lock *lock, struct node *node)
{
    /* Who has waited is likely to have a successor that is about to link: a look spares the swap that would
     * fail. Who has not is likely to be alone. relaxed: the call is this thread's own by now, the tail only a
     * hint. */
    if (atomic_load_explicit(&node->call, memory_order_relaxed) == CALLED &&
        atomic_load_explicit(&lock->tail, memory_order_relaxed) != node) {
        return false;
    }
    /* release: pairs with the acquire of the exchange that finds NULL */
    return atomic_compare_exchange_strong_explicit(&lock->tail, &node, NULL, memory_order_release,
                                                   memory_order_relaxed);
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct node *node = node_of(me);
    /* acquire: pairs with the link in `wait_behind`: the successor has said that it waits before it is called
     */
    struct node *successor = atomic_load_explicit(&node->next, memory_order_acquire);
    if (!successor) {
        if (leave_alone(lock, node)) {
            return;
        }
        while (!(successor = atomic_load_explicit(&node->next, memory_order_acquire))) {
            mill_pause();
        }
    }
    atomic_store_explicit(&successor->call, CALLED, memory_order_release); /* pairs with `wait_behind` */
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
            .size_each = sizeof(struct node),
        },
    .uses_context = true,
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
