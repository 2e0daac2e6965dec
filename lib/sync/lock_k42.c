/* K42's variant of MCS (Auslander, Edelsohn, Krieger, Rosenburg and Wisniewski 2003; as told by Scott 2013):
 * a queue of waiters as in MCS, but a waiter's node lives on its stack while it waits and no longer, since
 * the holder moves what it has to say into the lock itself. So the interface is that of any mutex. It never
 * yields: with more threads than cores each handover to a thread that is not running costs a time slice.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "core/pause.h"
#include "sync/lock_list.h"

struct node {
    struct node *_Atomic next; /* who waits behind this one */
    atomic_uint waits;         /* 1 until it is called */
};

/* `head.next` is who waits behind the holder. The tail is NULL (free), &head (held, nobody waits) or the last
 * waiter's node. */
struct mill_lock {
    struct node *_Atomic tail;
    struct node head;
};

/* Who waits behind `node`, which somebody has promised by taking the tail from it. acquire: pairs with the
 * link in `wait`. */
static struct node *promised(struct node *node)
{
    struct node *next;
    while (!(next = atomic_load_explicit(&node->next, memory_order_acquire))) {
        mill_pause();
    }
    return next;
}

/* The caller has the lock and is first of the queue with a node that is about to be gone: what it knows of
 * those behind goes to the head. */
static void move_in(struct mill_lock *lock, struct node *node)
{
    struct node *next = atomic_load_explicit(&node->next, memory_order_acquire);
    if (!next) {
        struct node *last = node;
        /* relaxed: nobody links to the head before the tail says so. release: pairs with the swap in `wait`
         * of who comes next, which then links. */
        atomic_store_explicit(&lock->head.next, NULL, memory_order_relaxed);
        if (atomic_compare_exchange_strong_explicit(&lock->tail, &last, &lock->head, memory_order_release,
                                                    memory_order_relaxed)) {
            return;
        }
        next = promised(node);
    }
    atomic_store_explicit(&lock->head.next, next, memory_order_relaxed); /* the holder's alone by now */
}

static __attribute__((noinline)) void wait(struct mill_lock *lock, struct node *ahead)
{
    struct node node = {.waits = 1};
    for (;;) {
        if (!ahead) {
            /* acquire: pairs with the release of a holder that left nobody behind */
            if (atomic_compare_exchange_weak_explicit(&lock->tail, &ahead, &lock->head, memory_order_acquire,
                                                      memory_order_relaxed)) {
                return;
            }
            /* release: hands the node to who comes next. acquire: pairs with that of who stands ahead, so
             * that the link below comes after the node it goes to was made. */
        } else if (atomic_compare_exchange_weak_explicit(&lock->tail, &ahead, &node, memory_order_acq_rel,
                                                         memory_order_relaxed)) {
            break;
        }
    }
    atomic_store_explicit(&ahead->next, &node, memory_order_release); /* pairs with `promised`, `release` */
    /* acquire: pairs with the call in `release` */
    while (atomic_load_explicit(&node.waits, memory_order_acquire)) {
        mill_pause();
    }
    move_in(lock, &node);
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    struct node *free = NULL;
    /* acquire: pairs with the release of a holder that left nobody behind */
    return atomic_compare_exchange_strong_explicit(&lock->tail, &free, &lock->head, memory_order_acquire,
                                                   memory_order_relaxed);
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    struct node *ahead = NULL;
    if (!atomic_compare_exchange_strong_explicit(&lock->tail, &ahead, &lock->head, memory_order_acquire,
                                                 memory_order_relaxed)) {
        wait(lock, ahead);
    }
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    /* acquire: pairs with the link in `wait` */
    struct node *next = atomic_load_explicit(&lock->head.next, memory_order_acquire);
    if (!next) {
        struct node *last = &lock->head;
        /* release: pairs with the acquire of who finds it free */
        if (atomic_compare_exchange_strong_explicit(&lock->tail, &last, NULL, memory_order_release,
                                                    memory_order_relaxed)) {
            return;
        }
        next = promised(&lock->head);
    }
    atomic_store_explicit(&next->waits, 0, memory_order_release); /* pairs with `wait` */
}

const struct mill_lock_ops mill_lock_k42 = {
    .about =
        {
            .name = "k42",
            .summary =
                "MCS with the node on the waiter's stack: the interface of any mutex, and never yields",
            .source = "Auslander et al. 2003; Scott 2013",
            .traits = MILL_FAIR | MILL_SPINS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
            .size_each = sizeof(struct node),
        },
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
