/* Cohort lock of two levels, C-TKT-TKT (Dice, Marathe and Shavit 2012): one ticket lock for each NUMA node
 * and one for them all. Who holds both has the lock; a release leaves the upper one to the next waiter of the
 * same node, for a number of times, so that the lock and what it protects stay within the node. It never
 * yields: with more threads than cores each handover to a thread that is not running costs a time slice.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/node.h"
#include "core/pause.h"
#include "core/sanitizer.h"
#include "sync/lock_list.h"

struct ticket {
    _Atomic uint32_t next;  /* the number that the next thread draws */
    _Atomic uint32_t owner; /* the number whose turn it is; equal to `next`: free */
};

/* One NUMA node's. */
struct side {
    alignas(MILL_ISOLATION) struct ticket ticket;
    alignas(
        MILL_ISOLATION) bool inherits; /* who gets the ticket has the upper lock; protected by the ticket */
    uint32_t inherited;                /* so often in a row; the same */
};

/* Before the other nodes have their turn. A schedule that is hunted is short. */
#define INHERITED_MOST (MILL_UNDER_HUNT ? 1u : 256u)

struct mill_lock {
    alignas(MILL_ISOLATION) struct ticket upper;
    alignas(MILL_ISOLATION) struct side *sides; /* one for each NUMA node; only read */
    alignas(MILL_ISOLATION) unsigned home;      /* the holder's side; protected by `upper` */
};

static int init(struct mill_lock *lock, unsigned threads)
{
    (void)threads;
    int status = mill_nodes_open();
    if (status < 0) {
        return status;
    }
    lock->sides = mill_isolated_alloc(mill_nodes_count() * sizeof lock->sides[0]);
    return lock->sides ? 0 : -ENOMEM;
}

static void destroy(struct mill_lock *lock)
{
    free(lock->sides);
}

static void draw_and_wait(struct ticket *ticket)
{
    /* relaxed: the number orders nothing, the load of `owner` does */
    uint32_t mine = atomic_fetch_add_explicit(&ticket->next, 1, memory_order_relaxed);
    /* acquire: pairs with the release in `call_next` */
    while (atomic_load_explicit(&ticket->owner, memory_order_acquire) != mine) {
        mill_pause();
    }
}

static bool try_to_draw(struct ticket *ticket)
{
    /* as in lock_ticket.c */
    uint32_t owner = atomic_load_explicit(&ticket->owner, memory_order_acquire);
    return atomic_compare_exchange_strong_explicit(&ticket->next, &owner, owner + 1, memory_order_relaxed,
                                                   memory_order_relaxed);
}

static void call_next(struct ticket *ticket)
{
    /* relaxed: only the holder writes it */
    uint32_t owner = atomic_load_explicit(&ticket->owner, memory_order_relaxed);
    atomic_store_explicit(&ticket->owner, owner + 1,
                          memory_order_release); /* pairs with who waits, or tries */
}

/* A hint for who holds it: somebody who comes a moment later is not seen. */
static bool somebody_waits(struct ticket *ticket)
{
    return atomic_load_explicit(&ticket->next, memory_order_relaxed) -
               atomic_load_explicit(&ticket->owner, memory_order_relaxed) >
           1;
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    unsigned home = mill_node_self();
    struct side *side = &lock->sides[home];
    draw_and_wait(&side->ticket);
    if (!side->inherits) {
        draw_and_wait(&lock->upper);
        lock->home = home;
    }
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    unsigned home = mill_node_self();
    struct side *side = &lock->sides[home];
    if (!try_to_draw(&side->ticket)) {
        return false;
    }
    /* nobody waited, so nothing was left to this thread */
    if (!try_to_draw(&lock->upper)) {
        call_next(&side->ticket);
        return false;
    }
    lock->home = home;
    return true;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    struct side *side = &lock->sides[lock->home];
    side->inherits = side->inherited < INHERITED_MOST && somebody_waits(&side->ticket);
    side->inherited = side->inherits ? side->inherited + 1 : 0;
    if (!side->inherits) {
        call_next(&lock->upper);
    }
    call_next(&side->ticket);
}

const struct mill_lock_ops mill_lock_cohort = {
    .about =
        {
            .name = "cohort",
            .summary = "a ticket lock for each NUMA node and one for all; stays in a node for a while",
            .source = "Dice, Marathe and Shavit 2012 (C-TKT-TKT)",
            .traits = MILL_SPINS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .init = init,
    .destroy = destroy,
    .acquire = acquire,
    .try_acquire = try_acquire,
    .try_may_miss = true,
    .release = release,
};
