/* Epoch-based reclamation (Fraser 2004; Hart, McKenney, Brown and Walpole 2007): a thread says that it is
 * looking, not at what; what has been taken out of a structure is freed two epochs later, when every thread
 * that looked at that time has left.
 *
 *     struct mill_epochs epochs;                             one for each structure
 *     int status = mill_epochs_open(&epochs, &(struct mill_retired_options){.free = free_nodes});
 *
 *     struct mill_epoch_seat *seat = mill_epochs_enter(&epochs);
 *     struct node *head = atomic_load_explicit(&queue->head, memory_order_acquire);
 *     …                                                      whatever is found stays until leave
 *     if (took_it_out)
 *         mill_epoch_retire(&epochs, seat, &head->retired);
 *     mill_epochs_leave(&epochs, seat);
 *
 *     mill_epochs_close(&epochs);                            frees all that is still retired
 *
 * Any thread may enter; nothing is registered, and a thread may end without a word once it has left
 * (queue/seats.h); enter is not nested for one structure. Entering is a store and a light fence
 * (core/fence.h), however many objects are looked at; the heavy fence is paid by the thread that retires,
 * once in `batch` objects. Enter, retire and leave never fail and never allocate (but see queue/seats.h for
 * enter), and are wait-free for threads with a seat of their own.
 *
 * The price: a thread that stops between enter and leave stops all freeing. Memory then grows without bound.
 */
#ifndef MILL_QUEUE_EPOCH_H
#define MILL_QUEUE_EPOCH_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cacheline.h"
#include "core/fence.h"
#include "queue/retired.h"
#include "queue/seats.h"

#define MILL_EPOCH_LIMBOS \
    3 /* epochs of which a thread may have retired objects: the current and two before */

/* Objects of one epoch. */
struct mill_epoch_limbo {
    struct mill_retired *chain;
    uint64_t epoch;
};

/* What a thread keeps. A structure may lay it at the beginning of a larger seat of its own. */
struct mill_epoch_seat {
    alignas(MILL_ISOLATION) _Atomic uint64_t inside; /* the epoch in which it entered; 0: outside */
    size_t fresh;                                    /* objects of no epoch yet */
    struct mill_retired *fresh_first, *fresh_last;
    struct mill_epoch_limbo limbos[MILL_EPOCH_LIMBOS]; /* by the remainder of their epoch */
};

struct mill_epochs {
    struct mill_seats seats;
    struct mill_retired_options options;
    alignas(
        MILL_ISOLATION) _Atomic uint64_t now; /* from 1 on; read by every enter, written once in a batch */
};

/* 0; -EINVAL (no function to free with, a seat that is too small or absurd); -ENOMEM. */
int mill_epochs_open(struct mill_epochs *epochs, const struct mill_retired_options *options);

/* Frees what is still retired. No thread uses it any more. */
void mill_epochs_close(struct mill_epochs *epochs);

/* From here on nothing is freed that can be found from now on. */
static inline struct mill_epoch_seat *mill_epochs_enter(struct mill_epochs *epochs)
{
    struct mill_epoch_seat *seat = mill_seats_take(&epochs->seats);
    /* relaxed: an old epoch only delays the others */
    uint64_t now = atomic_load_explicit(&epochs->now, memory_order_relaxed);
    /* release: what was read when it was last inside comes before; pairs with the acquire in all_are_in. The
     * fence makes the store come before all looks. */
    atomic_store_explicit(&seat->inside, now, memory_order_release);
    mill_fence_light();
    return seat;
}

/* The object can be found by nobody any more who enters from now on; it will be freed, in this thread or in
 * another. Its owner does not touch it again, but others who are inside may read it. Inside or outside; may
 * call options.free, for other objects. */
void mill_epoch_retire(struct mill_epochs *epochs, struct mill_epoch_seat *seat, struct mill_retired *object);

/* Tries now, at the price of a heavy fence, to move the epoch on and to free what this thread has retired:
 * for a thread that will not retire more before something is freed. When nobody else is inside, all is freed
 * by the third call, each in a section of its own. */
void mill_epochs_collect(struct mill_epochs *epochs, struct mill_epoch_seat *seat);

/* Looks at nothing any more. */
static inline void mill_epochs_leave(struct mill_epochs *epochs, struct mill_epoch_seat *seat)
{
    /* release: what was read comes before; as in enter */
    atomic_store_explicit(&seat->inside, 0, memory_order_release);
    mill_seats_leave(&epochs->seats, seat);
}

#endif
