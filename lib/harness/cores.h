/* Whether a sample had the processors it ran on: foreign work, and time the hypervisor gave to somebody else.
 *
 * The kernel counts a processor's busy and stolen time in ticks (1/100 s as a rule), so over a short window
 * the figures are coarse; `resolution` says how coarse, and a limit finer than that cannot reject.
 */
#ifndef MILL_HARNESS_CORES_H
#define MILL_HARNESS_CORES_H

#include <stdbool.h>
#include <stdint.h>

/* Times summed over all processors of the machine, since boot. */
struct mill_cores_reading {
    bool known; /* /proc/stat could be read */
    uint64_t at_ns;
    uint64_t busy_ns;  /* all but idle and waiting for input or output; stolen time is not in it */
    uint64_t steal_ns; /* the hypervisor ran something else although a processor had work */
    uint64_t own_ns;   /* processor time of this process */
    unsigned processors;
};

/* What happened between two readings, each as a share of one processor's time over the window. */
struct mill_cores_use {
    bool known;
    double own;
    double foreign; /* busy with other processes; never below 0 */
    double steal;
    double resolution; /* one tick, as such a share: the kernel rounds the sum over the processors */
};

void mill_cores_read(struct mill_cores_reading *reading);
void mill_cores_between(const struct mill_cores_reading *before, const struct mill_cores_reading *after,
                        struct mill_cores_use *use);

#endif
