/* The gate in front of a queue whose puts cannot be refused once they have begun: closing it has to know who
 * is inside. Each producer says so in its seat (seats.h), behind a light fence, before it looks whether the
 * gate is open. Close shuts it and runs the heavy fence; from then on whoever is still inside is seen in its
 * seat, and `drained` is not said before it has left.
 *
 *     struct seat {
 *         struct mill_gate_seat at_gate;                          first
 *         …
 *     };
 *     a put:  if (mill_gate_enter(&gate, &seat->at_gate))
 *                 …put
 *             mill_gate_leave(&seat->at_gate);
 *     a get:  nothing found, and mill_gate_is_shut(&gate, &seats): look once more; nothing is left or will
 * come
 *
 * Entering and leaving are wait-free; who asks whether it is shut waits for those who are inside once it is
 * being shut.
 */
#ifndef MILL_QUEUE_GATE_H
#define MILL_QUEUE_GATE_H

#include <stdbool.h>

#include "core/backoff.h"
#include "core/c11.h"
#include "core/fence.h"
#include "queue/seats.h"

/* Of a struct mill_gate; zeroed memory is an open one. */
enum mill_gate_phase {
    MILL_GATE_OPEN,
    MILL_GATE_SHUTTING, /* who comes is refused; others may be inside unseen */
    MILL_GATE_SHUT,     /* behind the heavy fence: all that are inside are seen */
};

struct mill_gate {
    atomic_int phase;
};

struct mill_gate_seat {
    atomic_bool inside;
};

/* Is it open? Either way mill_gate_leave() follows. */
static inline bool mill_gate_enter(const struct mill_gate *gate, struct mill_gate_seat *seat)
{
    atomic_store_explicit(&seat->inside, true, memory_order_relaxed); /* the fence orders it */
    mill_fence_light();
    /* relaxed: the light fence orders it behind `inside`; pairs with the heavy one in mill_gate_shut */
    return atomic_load_explicit(&gate->phase, memory_order_relaxed) == MILL_GATE_OPEN;
}

static inline void mill_gate_leave(struct mill_gate_seat *seat)
{
    /* release: the put comes before; pairs with the acquire in mill_gate_is_shut */
    atomic_store_explicit(&seat->inside, false, memory_order_release);
}

static inline void mill_gate_shut(struct mill_gate *gate)
{
    int open = MILL_GATE_OPEN;
    /* relaxed: ordered by the fence. A second close must not lower the phase. */
    atomic_compare_exchange_strong_explicit(&gate->phase, &open, MILL_GATE_SHUTTING, memory_order_relaxed,
                                            memory_order_relaxed);
    mill_fence_heavy();
    /* release: pairs with the acquire in mill_gate_is_shut */
    atomic_store_explicit(&gate->phase, MILL_GATE_SHUT, memory_order_release);
}

/* Is it shut, and is nobody inside any more? A put that is refused wakes nobody, so a get must not go to
 * sleep over one: it is waited for here. `seats` are those that begin with a struct mill_gate_seat. */
static inline bool mill_gate_is_shut(const struct mill_gate *gate, const struct mill_seats *seats)
{
    /* acquire: pairs with the release in mill_gate_shut, behind its heavy fence */
    if (atomic_load_explicit(&gate->phase, memory_order_acquire) != MILL_GATE_SHUT) {
        return false;
    }
    const struct mill_gate_seat *seat;
    for (unsigned cursor = 0; (seat = mill_seats_next(seats, &cursor));) {
        struct mill_backoff backoff = MILL_BACKOFF_INIT;
        /* acquire: pairs with the release in mill_gate_leave */
        while (atomic_load_explicit(&seat->inside, memory_order_acquire)) {
            mill_backoff_wait(&backoff);
        }
    }
    return true;
}

#endif
