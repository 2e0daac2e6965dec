/* Anderson's array lock (1990): each thread draws a place in a ring and spins on that place's own line, so a
 * release touches one waiter's line and no other's. Built for a number of threads: a further one draws a
 * place on which somebody already waits, and both get the lock. It never yields: with more threads than cores
 * each handover to a thread that is not running costs a time slice.
 */
#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/pause.h"
#include "sync/lock_list.h"

struct place {
    alignas(MILL_ISOLATION) atomic_uint called; /* 1: whoever draws this place has the lock */
};

struct mill_lock {
    _Atomic uint32_t next; /* the number that the next thread draws; its place is the number modulo places */
    uint32_t mask;         /* places - 1 */
    struct place places[];
};

static int init(struct mill_lock *lock, unsigned threads)
{
    lock->mask = threads - 1;
    /* relaxed: whoever is given the lock sees it as it was made */
    atomic_store_explicit(&lock->places[0].called, 1, memory_order_relaxed);
    return 0;
}

static_assert(sizeof(struct place *) <= sizeof(struct mill_lock_context), "a context holds a place");

/* What the holder keeps in its context until the release: the place that it calls. Found when the number is
 * drawn, since by the release the line of `next` and `mask` is another thread's, which has drawn after it. */
static struct place **after(struct mill_lock_context *me)
{
    return (struct place **)(void *)me;
}

/* The place is for whoever draws it next, a round later: it is published by the handovers between. */
static void enter(struct place *place)
{
    atomic_store_explicit(&place->called, 0, memory_order_relaxed);
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    /* relaxed: the number orders nothing, the load of `called` does */
    uint32_t mine = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);
    struct place *place = &lock->places[mine & lock->mask];
    *after(me) = &lock->places[(mine + 1) & lock->mask];
    /* acquire: pairs with the release in `release` */
    while (!atomic_load_explicit(&place->called, memory_order_acquire)) {
        mill_pause();
    }
    enter(place);
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    uint32_t next = atomic_load_explicit(&lock->next, memory_order_relaxed);
    /* acquire: pairs with the release in `release`. Only who draws the place takes the call away, so if the
     * number is still to be had the call still stands. */
    struct place *place = &lock->places[next & lock->mask];
    if (!atomic_load_explicit(&place->called, memory_order_acquire) ||
        !atomic_compare_exchange_strong_explicit(&lock->next, &next, next + 1, memory_order_relaxed,
                                                 memory_order_relaxed)) {
        return false;
    }
    *after(me) = &lock->places[(next + 1) & lock->mask];
    enter(place);
    return true;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)lock;
    /* release: pairs with the acquire in `acquire` and `try_acquire` */
    atomic_store_explicit(&(*after(me))->called, 1, memory_order_release);
}

const struct mill_lock_ops mill_lock_anderson = {
    .about =
        {
            .name = "anderson",
            .summary = "first come, first served by places of an array; each waiter spins on its own line",
            .source = "Anderson 1990",
            .algorithm = "anderson",
            .traits = MILL_FAIR | MILL_SPINS | MILL_BOUNDED,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
            .size_each = sizeof(struct place),
        },
    .uses_context = true,
    .init = init,
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
