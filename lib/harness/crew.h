/* The threads of one sample: created, pinned, let go together, and joined.
 *
 * All of them work from the start of the warm-up until the last measurement is over, so that the whole window
 * lies under the full load. The engine's own thread is never a worker: glibc leaves out atomic instructions
 * while a process has a single thread, and a one-thread sample must not profit from that.
 */
#ifndef MILL_HARNESS_CREW_H
#define MILL_HARNESS_CREW_H

#include <pthread.h>

#include "harness/sample.h"
#include "harness/worker.h"

struct mill_hand {
    struct mill_worker worker;
    struct mill_crew *crew;
    pthread_t thread;
    pid_t id;      /* of the kernel; valid after mill_crew_start */
    int processor; /* -1: not pinned */
    int status;    /* what a failing operation returned; valid after the join */
    struct mill_recording recording;
    uint64_t acquisitions, reacquisitions; /* without those of the warm-up; valid after the join */
};

struct mill_crew {
    const struct mill_sample_spec *spec;
    const struct mill_case *one;
    struct mill_hand *hands; /* one a thread */
    unsigned started;
    pthread_mutex_t gate_mutex; /* protects waiting and gate */
    pthread_cond_t gate_changed;
    unsigned waiting; /* hands that stand at the gate */
    enum mill_gate { MILL_GATE_SHUT, MILL_GATE_OPEN, MILL_GATE_CALLED_OFF } gate;
    alignas(MILL_ISOLATION) atomic_uint phase;    /* of enum mill_phase; only ever rises */
    alignas(MILL_ISOLATION) atomic_uint measured; /* hands whose measurement is over */
    alignas(MILL_ISOLATION) atomic_uint begun;    /* hands that have passed the gate */
};

/* Creates the threads, pins them and waits until all stand at the gate; then the warm-up begins. `place`
 * holds a processor (or -1) for each. 0 or a negative errno, in which case nothing is running and
 * mill_crew_destroy is due. */
int mill_crew_start(struct mill_crew *crew, const struct mill_sample_spec *spec, const struct mill_case *one,
                    const int *place);

/* Begins the window. */
void mill_crew_measure(struct mill_crew *crew);

/* Ends the window, waits until every hand has finished measuring, then ends the run and joins all. Hands
 * whose operations block are waited for a while only, where the scenario can interrupt them. An operation
 * that failed ends the run at once. Returns 0 or the first failing operation's status. */
int mill_crew_finish(struct mill_crew *crew);

void mill_crew_destroy(struct mill_crew *crew);

#endif
