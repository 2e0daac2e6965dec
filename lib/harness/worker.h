/* The loops around an operation: the only ones in the tree. The run engine, the Google Benchmark suite and
 * the doctor all drive a scenario's operation through these.
 *
 * A worker belongs to the thread that runs it; the engine reads `operations` meanwhile. A loop ends when the
 * phase has reached `until`, when `limit` operations were completed, when an operation says MILL_STOPPED, or
 * when one fails.
 */
#ifndef MILL_HARNESS_WORKER_H
#define MILL_HARNESS_WORKER_H

#include "harness/scenario.h"
#include "measure/histogram.h"

/* What a timed loop records, and how. */
struct mill_recording {
    struct mill_histogram *latency; /* of this thread alone, and so are those of the scenario's spans: */
    struct mill_histogram *spans[MILL_SPANS_MAX]; /* NULL: spans are not recorded */
    uint64_t every;                               /* closed loop: each every-th operation is timed */
    double interval_ns;  /* open loop: time between two intended starts of this thread; 0: closed loop */
    uint64_t offset_ns;  /* open loop: the first intended start, after the loop begins */
    uint64_t drain_ns;   /* open loop: how long past the window's end a backlog may be worked off */
    uint64_t unfinished; /* out: intended starts that were not begun within drain_ns */
};

/* Prepares worker `index` of `one->threads`, and deals it a role. */
void mill_worker_init(struct mill_worker *worker, const struct mill_case *one, unsigned index,
                      const atomic_uint *phase);

/* Makes the histograms, one of the latency and one for each span of the scenario, and leaves the rest as it
 * is. 0 or -ENOMEM; to be destroyed in either case. */
int mill_recording_create(struct mill_recording *recording, const struct mill_scenario *scenario);
void mill_recording_destroy(struct mill_recording *recording);

/* Runs operations back to back without reading any clock. 0 or what a failing operation returned. */
int mill_worker_run(struct mill_worker *worker, enum mill_phase until, uint64_t limit);

/* Runs operations and records latencies into `recording`. Closed loop: from before the operation to after it.
 * Open loop: from the *intended* start, whether or not the thread was there in time, so that a stall shows in
 * every operation that it delayed; what was due before the window's end is still done (or, after drain_ns,
 * recorded with the time waited so far, and counted as unfinished). 0 or what a failing operation returned.
 */
int mill_worker_run_timed(struct mill_worker *worker, enum mill_phase until, uint64_t limit,
                          struct mill_recording *recording);

/* What the role does after its last operation. */
void mill_worker_finish(struct mill_worker *worker);

#endif
