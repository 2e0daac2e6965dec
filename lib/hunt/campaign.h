/* A hunt: many schedules of one program, side by side if wanted, until one fails or there are no more; and
 * what then makes a failure worth looking at: the same schedule with the fewest preemptions, run once more
 * with its steps kept.
 *
 * What is found does not depend on how many processes work: schedules go by their numbers, and the failing
 * one with the lowest number is told. Blocks; one thread.
 */
#ifndef MILL_HUNT_CAMPAIGN_H
#define MILL_HUNT_CAMPAIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "hunt/choices.h"
#include "hunt/drive.h"

#define MILL_CAMPAIGN_JOBS 64

struct mill_campaign_progress {
    uint64_t schedules;
    uint64_t wanted; /* 0: as many as there is time for */
    uint64_t elapsed_ns;
};

struct mill_campaign {
    struct mill_prey prey;
    uint64_t schedules; /* at most; 0: as many as there is time for */
    uint64_t time_ns;   /* at most; 0: as long as the schedules take */
    unsigned jobs;      /* side by side */
    uint32_t batch;     /* schedules in one process; 0: any number, the program can begin anew */
    uint32_t flags;     /* of enum mill_job_flag */
    struct mill_suspension suspension;   /* of mill_campaign_follow: of the failing schedule */
    struct mill_explore_options options; /* steps_max 0: the default */
    const char *explorer;                /* NULL: the portfolio */
    const char *engine;                  /* NULL: fibers */
    int expected_exit;
    uint32_t patience_s; /* 0: the default */
    bool (*interrupted)(void *context);
    void (*progress)(void *context, const struct mill_campaign_progress *progress);
    void *context;
};

struct mill_campaign_result {
    uint64_t schedules, steps, cut;
    uint64_t
        hash; /* with MILL_JOB_HASH_ON: of all steps of all schedules, in whichever order these were run */
    uint64_t blind; /* schedules in which not all could be looked for, for want of room */
    uint32_t threads_most, steps_most;
    uint64_t classes;  /* MILL_JOB_CLASSES: how many of the schedules differ (classes.h), */
    bool classes_lost; /* or more, for which there was no room */
    uint64_t elapsed_ns;
    bool exhausted; /* every schedule that the explorer can tell apart was seen */
    bool interrupted;
    char worth[2048]; /* what the silence is worth */
    bool failed;
    uint64_t number; /* of the failing schedule */
    struct mill_suspension suspension;
    uint64_t points;    /* of MILL_JOB_PROGRESS: at which threads were to be suspended, in turn; */
    uint64_t suspended; /* and schedules in which one was to be */
    struct mill_failure failure;
    struct mill_choices *choices; /* of the failing schedule; mill_campaign_free */
};

/* 0, failure or not; or a negative errno: -EOPNOTSUPP, the program cannot be hunted, and what
 * mill_drive_start and mill_drive_wait say. */
int mill_campaign_run(const struct mill_campaign *campaign, struct mill_campaign_result *result,
                      struct mill_error *error);

void mill_campaign_free(struct mill_campaign_result *result);

/* Reduces result->choices, where that is possible, and tells the failure as it was then. `attempts` is how
 * often the program may be run. 0; -ENOENT: it did not fail again. */
int mill_campaign_minimise(const struct mill_campaign *campaign, struct mill_campaign_result *result,
                           uint32_t attempts, struct mill_error *error);

/* Runs these choices once, keeping the steps: the answers are in `drive`, which is opened here. 0 or a
 * negative errno; the drive is to be closed in either case. */
int mill_campaign_follow(const struct mill_campaign *campaign, const struct mill_choices *choices,
                         bool strict, struct mill_drive *drive, struct mill_error *error);

#endif
