/* Compact NUMA-aware lock (Dice and Kogan 2019): MCS with one queue for waiters of the holder's node and a
 * second one for the others, which hangs on the first and takes no room in the lock. A release looks for the
 * next waiter of its own node and moves those that it passes to the second queue; after a number of
 * handovers within a node the second queue has its turn. It never yields: with more threads than cores each
 * handover to a thread that is not running costs a time slice.
 */
#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/node.h"
#include "core/pause.h"
#include "core/sanitizer.h"
#include "sync/lock_list.h"

struct node {
    struct node *_Atomic next; /* of the queue it is in */
    atomic_bool called;
    int home; /* NUMA node it waits on; UNKNOWN of who did not wait */

    /* What goes from holder to holder, valid once called: */
    uint32_t at_home;  /* handovers within the NUMA node so far */
    struct node *away; /* first of the second queue; NULL: it is empty */

    struct node *last; /* of the second queue; valid in its first node */
};

#define UNKNOWN      (-1)
/* Handovers within a node before the others have their turn. A schedule that is hunted is short. */
#define AT_HOME_MOST (MILL_UNDER_HUNT ? 1u : 256u)

static_assert(sizeof(struct node) <= sizeof(struct mill_lock_context), "a context holds a node");

struct mill_lock {
    struct node *_Atomic tail; /* NULL: free */
};

static struct node *node_of(struct mill_lock_context *me)
{
    return (struct node *)(void *)me;
}

static int init(struct mill_lock *lock, unsigned threads)
{
    (void)lock;
    (void)threads;
    return mill_nodes_open();
}

/* relaxed: published by the exchange of the tail, or read by this thread alone */
static void clear(struct node *node)
{
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    atomic_store_explicit(&node->called, false, memory_order_relaxed);
    node->home = UNKNOWN;
    node->at_home = 0;
    node->away = NULL;
}

static __attribute__((noinline)) void wait_behind(struct node *ahead, struct node *node)
{
    node->home = (int)mill_node_self();
    /* release: pairs with the loads of `next` in `release` and `find_neighbour` */
    atomic_store_explicit(&ahead->next, node, memory_order_release);
    /* acquire: pairs with the release in `call` */
    while (!atomic_load_explicit(&node->called, memory_order_acquire)) {
        mill_pause();
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

static void call(struct node *node, struct node *away, uint32_t at_home)
{
    node->away = away;
    node->at_home = at_home;
    atomic_store_explicit(&node->called, true, memory_order_release); /* pairs with `wait_behind` */
}

/* acquire: pairs with the link in `wait_behind`, and makes what stands in that node readable */
static struct node *next_of(const struct node *node)
{
    return atomic_load_explicit(&node->next, memory_order_acquire);
}

/* relaxed: of links that are set, which the holder alone changes and reads; `call` hands them on */
static void link_to(struct node *node, struct node *next)
{
    atomic_store_explicit(&node->next, next, memory_order_relaxed);
}

/* The first waiter from `first` on that is of NUMA node `home`, or NULL: there is none among those that have
 * linked themselves. Those before it go to the end of the second queue, `away`. The last of the whole queue
 * is never moved: others are about to link to it. */
static struct node *find_neighbour(struct node *first, int home, struct node **away)
{
    struct node *passed = NULL;
    struct node *each = first;
    while (each->home != home) {
        passed = each;
        each = next_of(each);
        if (!each) {
            return NULL;
        }
    }
    if (passed) {
        link_to(passed, NULL);
        if (*away) {
            link_to((*away)->last, first);
        } else {
            *away = first;
        }
        (*away)->last = passed;
    }
    return each;
}

/* Nobody has linked itself behind the holder. Whether the lock was left: set free, or to the second queue;
 * else somebody has taken the tail and will link itself. */
static bool leave_main(struct mill_lock *lock, struct node *node)
{
    struct node *tail = node;
    struct node *away = node->away;
    if (!away) {
        /* release: pairs with the acquire of the exchange that finds NULL */
        return atomic_compare_exchange_strong_explicit(&lock->tail, &tail, NULL, memory_order_release,
                                                       memory_order_relaxed);
    }
    /* release: who comes next links itself to that node, which somebody else made */
    if (!atomic_compare_exchange_strong_explicit(&lock->tail, &tail, away->last, memory_order_release,
                                                 memory_order_relaxed)) {
        return false;
    }
    call(away, NULL, 0);
    return true;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    struct node *node = node_of(me);
    struct node *next = next_of(node);
    if (!next) {
        if (leave_main(lock, node)) {
            return;
        }
        while (!(next = next_of(node))) {
            mill_pause();
        }
    }
    int home = node->home == UNKNOWN ? (int)mill_node_self() : node->home;
    struct node *away = node->away;
    struct node *neighbour = node->at_home < AT_HOME_MOST ? find_neighbour(next, home, &away) : NULL;
    if (neighbour) {
        call(neighbour, away, node->at_home + 1);
    } else if (away) { /* its turn: the main queue goes behind it */
        link_to(away->last, next);
        call(away, NULL, 0);
    } else {
        call(next, NULL, 0);
    }
}

const struct mill_lock_ops mill_lock_cna = {
    .about =
        {
            .name = "cna",
            .summary = "MCS that prefers waiters of the holder's NUMA node, for a while; never yields",
            .source = "Dice and Kogan 2019 (EuroSys)",
            .traits = MILL_SPINS,
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
