/* From a plan to a result: rounds, each of which runs every cell once, in a random order of a stored seed,
 * every sample in a fresh child.
 *
 * Why rounds: machines drift; what is compared must have been measured side by side (DESIGN: From request to
 * verdict). Cells that are `beside_previous` form a block, whose samples of one kind are taken one after the
 * other, with one seed; their order is random in one round and the reverse in the next, so that each is as
 * often before as behind each other. A sample that did not have its processors is rejected, kept in the
 * document, and tried again.
 */
#ifndef MILL_HARNESS_RUN_H
#define MILL_HARNESS_RUN_H

#include <jansson.h>

#include "core/cpu.h"
#include "core/error.h"
#include "harness/launch.h"
#include "harness/plan.h"

struct mill_run_settings {
    unsigned rounds;
    unsigned attempts;      /* at most, for one sample that is rejected; at least 1 */
    bool throughput;        /* take a throughput sample of each cell in each round */
    uint64_t latency_every; /* and a latency sample that times each n-th operation; 0: none */
    double rate;            /* operations a second: an open loop, latency samples only; 0: closed */
    enum mill_pin pin;
    uint64_t warmup_ns;
    uint64_t window_ns;
    uint64_t slice_ns;
    uint64_t calibration_ns;
    bool helped; /* a process beside ours works for the samples: foreign time does not count against them */
    uint64_t grace_ns;  /* of the watchdog */
    uint64_t budget_ns; /* no round begins that would not fit into this time, and none goes on beyond it; 0:
                           no limit */
    uint64_t seed;      /* below 2^63 */
    const struct mill_launch *launch; /* how each child is started; NULL: this program again, as it is */
    bool perturb;                     /* its threads are preempted at random (perturb.h) */
};

/* What is going on, for a progress display. */
struct mill_run_event {
    size_t done; /* slots finished (a slot is one cell's sample of one kind in one round) */
    size_t total;
    unsigned round; /* from 1 */
    unsigned rounds;
    size_t rejected;              /* samples, so far */
    size_t bad;                   /* samples that crashed, hung, failed, … so far */
    const struct mill_cell *cell; /* whose sample begins now, or has ended */
    const json_t *sample;         /* NULL when it begins */
};

struct mill_run_observer {
    void (*event)(void *context, const struct mill_run_event *event); /* or NULL */
    bool (*interrupted)(void *context);                               /* or NULL */
    void *context;
};

/* Adds the samples to `result`. 0 also when the run was interrupted: then the document says so and holds what
 * was measured. A negative errno when the engine itself failed; the document then holds what there was. */
int mill_run(const struct mill_plan *plan, const struct mill_run_settings *settings,
             const struct mill_run_observer *observer, json_t *result, struct mill_error *error);

/* The settings as they are stored in the document. NULL when memory ran out. */
json_t *mill_run_settings_encode(const struct mill_run_settings *settings);

#endif
