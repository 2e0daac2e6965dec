/* One sample: one case, run once in this process, from set-up to verdict.
 *
 * The engine runs each sample in a fresh child process (child.h): `mill_sample_run` is what the child does.
 * The specification travels to the child and the sample back as JSON; the sample's object goes into the
 * result document as it is (results/schema/ describes it).
 */
#ifndef MILL_HARNESS_SAMPLE_H
#define MILL_HARNESS_SAMPLE_H

#include <jansson.h>

#include "core/cpu.h"
#include "core/error.h"
#include "harness/parameter.h"
#include "harness/scenario.h"

#define MILL_THREADS_MAX 1024

enum mill_sample_kind {
    MILL_THROUGHPUT, /* no clock is read in the loop */
    MILL_LATENCY,    /* every, or every n-th, operation is timed */
    MILL_HISTORY,    /* as the first, and recorded: its numbers do not count */
};

struct mill_sample_spec {
    const struct mill_scenario *scenario;
    const struct mill_strategy *strategy;
    int64_t values[MILL_PARAMETERS_MAX];
    unsigned threads;
    enum mill_sample_kind kind;
    uint64_t every; /* latency: each every-th operation */
    double rate;    /* operations a second over all threads; 0: closed loop */
    enum mill_pin pin;
    uint64_t warmup_ns;
    uint64_t window_ns;
    uint64_t slice_ns;       /* fairness is also looked at in slices of this length */
    uint64_t calibration_ns; /* how long each bracket takes; 0: none, as under a sanitizer */
    uint64_t history;        /* so many calls of each thread are recorded, at most; 0: none */
    bool perturb;            /* threads are preempted at random (perturb.h) */
    bool helped;             /* by another process: foreign time does not count against it */
    uint64_t seed;           /* below 2^63, so that JSON can carry it */
};

#define MILL_HISTORY_MAX 100000 /* calls of each thread */

const char *mill_sample_kind_name(enum mill_sample_kind kind);

/* The specification as JSON; NULL when memory ran out. The caller owns the reference. */
json_t *mill_sample_spec_encode(const struct mill_sample_spec *spec);

/* The other way, over the scenarios in `list`. -EINVAL with a message that names the member that is wrong. */
int mill_sample_spec_decode(struct mill_sample_spec *spec, const json_t *json,
                            const struct mill_scenario_list *list, struct mill_error *error);

/* Runs the case. On success *sample is the sample's object: what was measured, or `"status": "failed"` with a
 * "reason" when set-up or an operation failed. A negative errno when not even that could be made. Does not
 * return while an operation hangs: that is for the parent's watchdog. */
int mill_sample_run(const struct mill_sample_spec *spec, json_t **sample, struct mill_error *error);

#endif
