/* Where one thread waits for many others, once for each round: those that have not arrived yet, and the one
 * that sleeps until there are none.
 *
 *     mill_muster_arm(&muster, 10);                      before the ten may arrive
 *     if (mill_muster_await(&muster)) …                  all have; false: called off
 *
 *     mill_muster_arrive(&muster);                       each of the ten, once
 *
 * Zeroed memory is a muster that waits for whom it is armed with first. One thread arms and awaits; any may
 * call it off, once and for ever. Awaiting is blocking, all else is lock-free. What was written before
 * arriving is seen after awaiting.
 */
#ifndef MILL_SCENARIOS_MUSTER_H
#define MILL_SCENARIOS_MUSTER_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/cacheline.h"

struct mill_muster {
    alignas(MILL_ISOLATION) atomic_uint missing;
    alignas(MILL_ISOLATION) _Atomic uint32_t state; /* what the one sleeps on */
};

void mill_muster_arm(struct mill_muster *muster, unsigned count);
void mill_muster_arrive(struct mill_muster *muster);
void mill_muster_call_off(struct mill_muster *muster);

/* False when it was called off. */
bool mill_muster_await(struct mill_muster *muster);

/* The same until `deadline` (core/timeout.h). 0; -ECANCELED: called off; -ETIMEDOUT. */
int mill_muster_await_until(struct mill_muster *muster, uint64_t deadline);

/* How many have not arrived yet: a look, which orders nothing. */
static inline unsigned mill_muster_missing(struct mill_muster *muster)
{
    return atomic_load_explicit(&muster->missing, memory_order_relaxed);
}

#endif
