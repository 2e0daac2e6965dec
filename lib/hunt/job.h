/* What the command asks of a hunted program, and what that answers: one block of memory that they share, from
 * a file descriptor whose number is in the environment. Plain data; both sides are built from the same tree,
 * and `version` says so.
 */
#ifndef MILL_HUNT_JOB_H
#define MILL_HUNT_JOB_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hunt/classes.h"
#include "hunt/explore.h"
#include "hunt/failure.h"
#include "hunt/step.h"

#define MILL_JOB_ENVIRONMENT "THREADMILL_HUNT"
#define MILL_JOB_VERSION     4

/* Of a list of choices; a schedule is cut long before it is full. */
#define MILL_JOB_CHOICES     ((size_t)4 << 20)
#define MILL_JOB_TRACE       ((uint32_t)1 << 16)
#define MILL_JOB_TOLD        ((size_t)1 << 16)
#define MILL_JOB_OUTCOMES    16

/* Bytes of a sanitizer's report that are kept. */
#define MILL_JOB_REPORT      16384

enum mill_job_mode {
    MILL_JOB_EXPLORE, /* schedules first, first + stride, … of an explorer */
    MILL_JOB_FOLLOW,  /* one schedule: the choices that are given */
};

enum mill_job_flag {
    MILL_JOB_RACES = 1,
    MILL_JOB_LOCK_ORDER = 2,
    MILL_JOB_LEAKS = 4,
    MILL_JOB_SPURIOUS = 8, /* conditions wake by themselves */
    MILL_JOB_STRICT = 16,  /* FOLLOW: a choice that cannot be made ends it; else the current thread goes on */
    MILL_JOB_TRACE_ON = 32,    /* the steps are kept */
    MILL_JOB_OUTPUT = 64,      /* what the program prints is seen */
    MILL_JOB_HASH_ON = 128,    /* the steps are summed up: `hash` */
    MILL_JOB_PROGRESS = 256,   /* a thread is suspended for good (runtime/suspend.h) */
    MILL_JOB_CLASSES = 512,    /* schedules that differ are counted */
    MILL_JOB_WAIT_FREE = 1024, /* PROGRESS: in every second schedule a thread is held back instead */
};

/* What became of a schedule. */
enum mill_job_state {
    MILL_JOB_IDLE,
    MILL_JOB_RUNNING, /* and, when its process has gone: it ended in there, by exit or a signal */
    MILL_JOB_ENDED,
    MILL_JOB_CUT, /* too many steps */
    MILL_JOB_FAILED,
    MILL_JOB_REFUSED, /* it cannot be hunted; `refusal` says why */
};

/* How often all schedules came out in one way, where the program counts that. */
struct mill_job_outcome {
    _Atomic uint64_t count;
    char outcome[64]; /* empty: this row and all behind it are not used */
    char grade[16];
    char sentence[176];
};

/* Schedules in which nobody is suspended: how many points threads have is learnt from them. */
#define MILL_SUSPEND_LEARNING 8

/* Which thread is suspended for good, and at which of the points in its operations; thread 0: nobody. Or,
 * with `others` above 0, it is held back: for each of its steps the others take so many, and go on with their
 * operations until it has ended its own, for which it may take `point` steps. */
struct mill_suspension {
    uint32_t thread;
    uint32_t point;
    uint32_t others;
    uint32_t step; /* answered: so many steps had been taken */
};

/* One step that was taken. */
struct mill_traced {
    struct mill_step step;
    uint16_t thread;
    uint16_t depth;     /* of the call stack */
    uint32_t choice;    /* the number of the choice that led here, UINT32_MAX: there was none */
    const void *caller; /* of the function it is in */
};

struct mill_job {
    /* ---- asked ---- */
    uint32_t version;
    uint32_t mode;  /* of enum mill_job_mode */
    uint32_t flags; /* of enum mill_job_flag */
    uint32_t batch; /* schedules in one process; 0: as many as there are */
    uint64_t first, count, stride;
    uint32_t opened;       /* the explorer was, by an earlier process of this job */
    _Atomic uint64_t stop; /* schedules with this number and beyond are not wanted any more */
    struct mill_explore_options options;
    char explorer[32];
    char engine[16];
    int32_t expected_exit;
    uint32_t patience_s; /* without a step, then it is hung */
    uint32_t trace_from; /* steps before are not kept */
    uint32_t watched[4]; /* steps whose whole stacks are wanted; UINT32_MAX: none */

    struct mill_suspension suspension; /* EXPLORE: answered, of the schedule at hand */

    /* ---- answered ---- */
    alignas(64) _Atomic uint64_t done; /* schedules */
    _Atomic uint64_t steps;            /* of all that are done */
    _Atomic uint64_t cut;
    _Atomic uint64_t hash;   /* of the steps of all that are done: the sum of what each has */
    _Atomic uint64_t blind;  /* in which not all could be looked for, for want of room */
    _Atomic uint64_t number; /* the schedule at hand */
    _Atomic uint32_t state;  /* of enum mill_job_state */
    _Atomic uint32_t beat;   /* moves while steps are taken */
    uint32_t threads_most;
    uint32_t steps_most;
    uint64_t class_name;  /* of a schedule that has ended in a process of its own; */
    uint32_t class_ended; /* it is not yet among `classes`, which only the parent touches then */
    uint32_t points[MILL_HUNT_THREADS]; /* PROGRESS: that each thread has in its operations, at most */
    uint32_t exhausted;
    uint32_t traced;
    uint32_t trace_lost;
    char refusal[400];
    char sanitizer[32];           /* what else the program was linked with: "ThreadSanitizer"; or nothing */
    char report[MILL_JOB_REPORT]; /* what that has said, in its own words */
    struct mill_failure failure;
    struct mill_job_outcome outcomes[MILL_JOB_OUTCOMES]; /* of all that are done */
    char told[MILL_JOB_TOLD];          /* more of the failure, in lines; the target's own words */
    struct mill_failure_stack seen[4]; /* at the steps that are watched */
    uintptr_t base;                    /* what was added to the program's addresses when it was loaded */
    alignas(
        64) char explorer_state[MILL_EXPLORE_STATE]; /* beside what is above: one page serves small ones */
    alignas(64) char asked[MILL_JOB_CHOICES];        /* struct mill_choices, to be followed */
    alignas(64) char made[MILL_JOB_CHOICES];         /* struct mill_choices, of the schedule at hand */
    struct mill_traced trace[MILL_JOB_TRACE];
    struct mill_classes classes; /* that have been seen, of all that this job has ever asked for */
};

#endif
