/* Hazard pointers (Michael 2004): a thread says which objects it is looking at, and what has been taken out
 * of a structure is freed only when nobody says so.
 *
 *     struct node {
 *         struct mill_retired retired;                       first: its address is the node's
 *         …
 *     };
 *     struct mill_hazards hazards;                           one for each structure
 *     int status = mill_hazards_open(&hazards, &(struct mill_retired_options){.free = free_nodes});
 *
 *     struct mill_hazard_seat *seat = mill_hazards_enter(&hazards);
 *     struct node *head = atomic_load_explicit(&queue->head, memory_order_acquire), *seen;
 *     do {
 *         seen = head;
 *         mill_hazard_protect(seat, 0, &seen->retired);      say so, and look whether it was still in time
 *         head = atomic_load_explicit(&queue->head, memory_order_acquire);
 *     } while (head != seen);
 *     …                                                      head stays until slot 0 changes
 *     if (took_it_out)
 *         mill_hazard_retire(&hazards, seat, &head->retired);
 *     mill_hazards_leave(&hazards, seat);
 *
 *     mill_hazards_close(&hazards);                          frees all that is still retired
 *
 * Any thread may enter; nothing is registered, and a thread may end without a word (queue/seats.h). Between
 * enter and leave a thread has MILL_HAZARDS slots; enter is not nested for one structure. Protecting is a
 * store and a light fence (core/fence.h), so the heavy one, in microseconds, is paid by the thread that
 * retires, once in `batch` objects. Enter, protect, retire and leave never fail and never allocate (but see
 * queue/seats.h for enter), and are wait-free for threads with a seat of their own.
 *
 * Memory stays bounded whatever a thread does that stops in the middle: at most mill_hazards_bound() objects
 * are retired and not yet freed.
 */
#ifndef MILL_QUEUE_HAZARD_H
#define MILL_QUEUE_HAZARD_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>

#include "core/cacheline.h"
#include "core/fence.h"
#include "queue/retired.h"
#include "queue/seats.h"

#define MILL_HAZARDS 3 /* objects that a thread can protect at once, in one structure */

/* What a thread keeps. A structure may lay it at the beginning of a larger seat of its own. */
struct mill_hazard_seat {
    alignas(MILL_ISOLATION) _Atomic(const struct mill_retired *) slots[MILL_HAZARDS];
    struct mill_retired *retired; /* by this thread, and not yet freed */
    size_t fresh;                 /* of these, since the last scan */
};

struct mill_hazards {
    struct mill_seats seats;
    struct mill_retired_options options;
};

/* 0; -EINVAL (no function to free with, a seat that is too small or absurd); -ENOMEM. */
int mill_hazards_open(struct mill_hazards *hazards, const struct mill_retired_options *options);

/* Frees what is still retired. No thread uses it any more. */
void mill_hazards_close(struct mill_hazards *hazards);

static inline struct mill_hazard_seat *mill_hazards_enter(struct mill_hazards *hazards)
{
    return mill_seats_take(&hazards->seats);
}

/* From here on `object` is not freed if it is not yet retired: to be followed by a look (acquire) at the
 * place it was found in. If that is not the same any more, the object may be gone. What the slot had before
 * is given up, as soon as this is called. NULL protects nothing.
 */
static inline void mill_hazard_protect(struct mill_hazard_seat *seat, unsigned slot,
                                       const struct mill_retired *object)
{
    /* release: what was read through the slot's last pointer comes before; pairs with the acquire in gather
     */
    atomic_store_explicit(&seat->slots[slot], object, memory_order_release);
    mill_fence_light();
}

/* Protects what `source` points to, and returns that. Lock-free. */
static inline struct mill_retired *mill_hazard_acquire(struct mill_hazard_seat *seat, unsigned slot,
                                                       _Atomic(struct mill_retired *) *source)
{
    struct mill_retired *object = atomic_load_explicit(source, memory_order_relaxed); /* the next decides */
    struct mill_retired *seen;
    do {
        seen = object;
        mill_hazard_protect(seat, slot, seen);
        object = atomic_load_explicit(source, memory_order_acquire); /* pairs with who published it */
    } while (object != seen);
    return object;
}

/* The object can be found by nobody any more; it will be freed, in this thread or in another. Its owner does
 * not touch it again, but those who protect it may read it. May call options.free, for other objects. */
void mill_hazard_retire(struct mill_hazards *hazards, struct mill_hazard_seat *seat,
                        struct mill_retired *object);

/* Frees now, at the price of a heavy fence, what this thread has retired and nobody protects: for a thread
 * that will not retire more before something is freed. */
void mill_hazards_collect(struct mill_hazards *hazards, struct mill_hazard_seat *seat);

/* Protects nothing any more. */
static inline void mill_hazards_leave(struct mill_hazards *hazards, struct mill_hazard_seat *seat)
{
    for (unsigned slot = 0; slot < MILL_HAZARDS; slot++) {
        /* release: what was read comes before; pairs with the acquire in gather */
        atomic_store_explicit(&seat->slots[slot], NULL, memory_order_release);
    }
    mill_seats_leave(&hazards->seats, seat);
}

/* The most objects that can be retired and not yet freed, with the threads that there have been so far. */
size_t mill_hazards_bound(const struct mill_hazards *hazards);

#endif
