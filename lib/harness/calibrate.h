/* The core-to-core calibration that brackets every sample.
 *
 * Two threads on two processors pass one cache line to and fro. The time of a round trip says in which of its
 * speeds the machine is: on two-core virtual machines 80 to 160 ns (near: the processors share a core complex
 * or a socket's mesh) or 360 to 470 ns (far), and it may change within minutes with nothing else running.
 * Lock rankings invert between the two, so samples are only ever compared within one mode.
 */
#ifndef MILL_HARNESS_CALIBRATE_H
#define MILL_HARNESS_CALIBRATE_H

#include "core/clock.h"

enum mill_mode {
    MILL_MODE_SINGLE, /* one processor: there is nobody to pass a line to */
    MILL_MODE_NEAR,
    MILL_MODE_FAR,
};

/* A round trip above this many nanoseconds is far: between the two ranges seen, by their geometric middle. */
#define MILL_FAR_ABOVE_NS 240.0

/* The median round trip between processors `a` and `b` in nanoseconds, over batches that fill about
 * `budget_ns`; 0 when a == b or either is negative. Starts two threads and waits for them. Any thread may
 * call it.
 *
 * Returns 0; -ETIMEDOUT when the two did not run at once for long enough to get a hundred round trips done
 * within a tenth of a second, as on a machine that others keep busy: *round_trip_ns then is what one took of
 * that time, which says nothing of the machine's speed; or what pthread_create said, negative. */
int mill_calibrate(const struct mill_clock *clock, int a, int b, uint64_t budget_ns, double *round_trip_ns);

enum mill_mode mill_mode_of(double round_trip_ns);

/* "single", "near" or "far". */
const char *mill_mode_name(enum mill_mode mode);

#endif
