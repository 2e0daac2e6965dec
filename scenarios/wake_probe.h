/* How late a thread is given a processor that sleeps as an updater does, to absolute deadlines: what of an
 * updater's lateness is the machine's and not its own.
 *
 *     struct mill_wake_probe *probe;
 *     int status = mill_wake_probe_start(10 * MILL_NS_PER_MS, &probe);
 *     …whatever else runs meanwhile
 *     struct mill_staleness_summary late;
 *     mill_wake_probe_stop(probe, &late);
 */
#ifndef MILL_SCENARIOS_WAKE_PROBE_H
#define MILL_SCENARIOS_WAKE_PROBE_H

#include <stdint.h>

#include "device/staleness.h"

struct mill_wake_probe;

/* Starts a thread that wakes each `every_ns`. 0, -EINVAL (0 ns), -ENOMEM, -EAGAIN. */
int mill_wake_probe_start(uint64_t every_ns, struct mill_wake_probe **probe);

/* Joins it, frees the probe, and tells how late it woke in `late`, which may be NULL. NULL for the probe is
 * fine, and tells nothing. */
void mill_wake_probe_stop(struct mill_wake_probe *probe, struct mill_staleness_summary *late);

#endif
