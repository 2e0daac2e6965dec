/* What one sample saw, and how it is written down.
 */
#ifndef MILL_HARNESS_OBSERVATION_H
#define MILL_HARNESS_OBSERVATION_H

#include "harness/cores.h"
#include "harness/crew.h"
#include "harness/meter.h"
#include "harness/recorded.h"
#include "harness/sample.h"
#include "measure/fairness.h"

struct mill_observation {
    struct mill_meter before; /* at the window's start */
    struct mill_meter after;  /* at its end */
    struct mill_cores_reading cores_before;
    struct mill_cores_reading cores_after;
    double calibration_before_ns; /* round trips; 0: not measured */
    double calibration_after_ns;
    bool calibration_late; /* one of the two came to no end: the processors were not the sample's */
    struct mill_slices *slices;
    bool oversubscribed;
    uint64_t completed; /* operations of all threads, those before and behind the window too */
    struct mill_check check;
    struct mill_recorded recorded;
    struct mill_outcomes *outcomes; /* of a litmus test; else NULL */
    int status;                     /* negative: set-up or an operation failed */
    const char *failure;            /* which of the two; NULL: the engine itself */
};

/* 0 or -ENOMEM. */
int mill_observation_create(struct mill_observation *seen, const struct mill_sample_spec *spec);
void mill_observation_destroy(struct mill_observation *seen);

/* The sample's JSON object, its status decided: ok; rejected (the machine was not the sample's own);
 * check-failed; failed. The crew has been joined. 0 or -ENOMEM. */
int mill_observation_encode(const struct mill_observation *seen, const struct mill_sample_spec *spec,
                            const struct mill_crew *crew, json_t **sample);

/* The findings of a set (enum mill_finding) as an array of their names. NULL when memory ran out. */
json_t *mill_findings_encode(unsigned findings);

#endif
