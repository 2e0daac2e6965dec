/* What locks weigh, beside what they cost in time: two columns of every scenario over locks. */
#ifndef MILL_SCENARIOS_LOCK_MEMORY_H
#define MILL_SCENARIOS_LOCK_MEMORY_H

#include "harness/scenario.h"

/* Records "lock size", the bytes of one lock as built for the case's threads, and "waiter size", what each
 * thread that waits brings besides. Where there are `locks` of them, and not one, also "all locks", the bytes
 * of all. Bytes are what the algorithm asks for: keeping locks on lines of their own is left out. To be
 * called once in `verify`, in a case whose strategy is a lock. */
void mill_lock_measure_memory(const struct mill_case *one, unsigned locks, struct mill_check *check);

#endif
