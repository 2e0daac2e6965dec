/* A schedule that runs: its threads, who of them can go on, and how far it is. What the parts of the
 * scheduler share: points (scheduler.c), threads (threads.c), what is told of a failure (telling.c),
 * beginning and end (schedule.c).
 */
#ifndef MILL_HUNT_RUNTIME_SCHEDULE_H
#define MILL_HUNT_RUNTIME_SCHEDULE_H

#include "hunt/choices.h"
#include "hunt/runtime/scheduler_inside.h"

#define LOST_WAKES 64

/* A thread of it. */
struct mill_hunted {
    bool alive;
    bool yielded;
    bool timed;          /* it may go on at any time */
    bool can;            /* go on: `ready` says so, or there is none */
    bool last;           /* it goes on, ready or not, when nobody else can */
    uint16_t waiting_at; /* its place among those that wait, if it does */
    uint64_t until;      /* it goes on then, if nobody can before; 0: it does not */
    bool operates;       /* its points count, to suspend it at one (suspend.h) */
    bool held;           /* back, until others have gone on, or for good */
    bool has_waited;     /* in its operations */
    uint32_t points;
    bool (*ready)(const void *object, unsigned thread);
    const void *waits_at; /* the object of `ready` */
    void *(*start)(void *argument);
    void *argument;
    void *result;
    const void *vain_pc;
    uintptr_t vain_object;
    uint64_t vain_value;
    unsigned vain_looks;
    struct mill_frames *frames; /* in spare memory of its context, or `own_frames` */
    struct mill_thread_data data;
};

struct mill_schedule {
    struct mill_job *job;
    const struct mill_context_engine *engine;
    const struct mill_explorer *explorer;
    unsigned current;
    unsigned count;         /* of threads so far */
    bool stale;             /* the list of those that can go on is to be made anew */
    bool ask_again;         /* a step was on a thing that threads may wait for: those that wait are asked */
    unsigned enabled_count; /* of those that can go on, `enabled` */
    unsigned waiting_count; /* of those that are in mill_point_when, `waiting` */

    bool suspends;         /* a thread is to be suspended, or its points are counted */
    unsigned suspended;    /* or MILL_SUSPEND_NOBODY */
    uint32_t suspended_at; /* step */
    uint32_t held_for;     /* steps of others */

    unsigned yielded_count;
    unsigned stay;
    uint32_t step;
    uint32_t progress; /* the last step that changed something */
    uint32_t steps_max;
    uint32_t due;        /* the step at which more than usual is to be done: no earlier one has any */
    uint64_t hash;       /* of the steps so far, with MILL_JOB_HASH_ON */
    uint64_t skipped_ns; /* virtual time beside that of the steps */
    uint32_t choice;     /* the number of the one that led to the step at hand */
    struct mill_choices *made;
    unsigned idle_rounds; /* in a row, in which all looked in vain */
    unsigned lost_count;
    uintptr_t lost[LOST_WAKES];              /* objects at which a wake found nobody */
    uint16_t enabled[MILL_HUNT_THREADS + 1]; /* ascending */
    uint16_t waiting[MILL_HUNT_THREADS];
    struct mill_step pending[MILL_HUNT_THREADS];
    struct mill_hunted threads[MILL_HUNT_THREADS];
    struct mill_frames own_frames[MILL_HUNT_THREADS];
};
extern struct mill_schedule mill_schedule;

/* ---- scheduler.c ---- */

/* The running thread has been picked, and takes its step now. */
void mill_schedule_step(void);

/* Somebody goes on; returns when that is the running thread, or never, if it has ended. */
void mill_schedule_go_on(void);

/* Whoever watches over this process sees that it is alive. */
void mill_schedule_beat(void);

/* ---- threads.c ---- */

/* The thread of this number, new. */
void mill_schedule_thread(unsigned thread);

/* ---- telling.c ---- */

/* Nobody can go on. */
_Noreturn void mill_tell_stuck(void);

_Noreturn void mill_tell_too_many_steps(void);

/* The running thread takes steps without end, and is said not to. */
_Noreturn void mill_tell_unbounded(void);

/* Fails if memory is left. */
void mill_tell_leaks(void);

/* A wake that finds nobody waiting; whoever waits there later waits for one that has been. */
void mill_tell_keep_wake(const struct mill_step *step);

/* What tells one schedule from another, for MILL_JOB_CLASSES. */
extern struct mill_class mill_schedule_class;

/* Keeps the step, and its stack if that is wanted; and which class it makes the schedule. */
void mill_tell_step(const struct mill_step *step);

#endif
