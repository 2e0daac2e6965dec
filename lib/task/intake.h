/* Where tasks come into a pool from outside: any thread puts, workers take several at once.
 *
 *     status = mill_intake_put(&intake, task);
 *
 *     struct mill_task *tasks[MILL_INTAKE_BATCH];
 *     size_t count = mill_intake_take(&intake, tasks, MILL_INTAKE_BATCH, 1, NULL);
 *
 * A ring of pointers without locks, in the manner of Vyukov's bounded queue (2010); but a slot is its own
 * mark (NULL: nobody's), so that eight fit a line, and one swap takes a whole run of them. A task that finds
 * it full goes onto a list under a mutex, linked through the task itself: nothing is allocated, and no put
 * fails but for the end. Tasks come out in about the order in which they went in.
 *
 * What was written before a put is seen by whoever takes the task (release, acquire). Putting is lock-free in
 * the loose sense of bounded rings: a thread that stops between its claim and its store holds up the takers
 * behind it. Taking is lock-free.
 */
#ifndef MILL_TASK_INTAKE_H
#define MILL_TASK_INTAKE_H

#include <pthread.h>

#include "task/pool.h"

#define MILL_INTAKE_BATCH 32

typedef struct mill_task *_Atomic mill_intake_slot;

struct mill_intake {
    mill_intake_slot *slots;
    uint64_t mask;
    /* Written by those that put. */
    alignas(MILL_ISOLATION) _Atomic uint64_t tail; /* twice the next position, and 1 when closed */
    _Atomic uint64_t head_seen;                    /* `head` as it was at least */
    /* Written by those that take. */
    alignas(MILL_ISOLATION) _Atomic uint64_t head;  /* the next position */
    _Atomic uint64_t tail_seen;                     /* `tail` as a position, as it was at least */
    alignas(MILL_ISOLATION) _Atomic size_t spilled; /* tasks on the list; written under the mutex */
    pthread_mutex_t mutex;                          /* protects all below */
    struct mill_task *first, *last;
    bool closed;
};

/* `slots` is a power of two. 0 or a negative errno. */
int mill_intake_init(struct mill_intake *intake, size_t slots);

/* One that is zeroed and was never initialised is fine. */
void mill_intake_destroy(struct mill_intake *intake);

/* 0 or -EPIPE. */
int mill_intake_put(struct mill_intake *intake, struct mill_task *task);

/* Gives a task back that was taken, or takes one where -EPIPE is no answer. Never fails. */
void mill_intake_put_back(struct mill_intake *intake, struct mill_task *task);

/* Takes of the tasks that are there, at most `most` of them, the share of one among `sharers`, rounded up.
 * Returns how many: 0 when none is there, or a put is under way. `most` is at most MILL_INTAKE_BATCH.
 *
 * `carrying` is the taker's own, or NULL. It is set before the intake looks empty for the taking of more than
 * one: who finds the intake empty and then looks there sees that some are under way to where others find
 * them. The taker clears it when they are there (release, so that they are seen by who sees it cleared), and
 * also when it got none. */
size_t mill_intake_take(struct mill_intake *intake, struct mill_task **tasks, size_t most, size_t sharers,
                        atomic_bool *carrying);

/* From now on every put says -EPIPE; those that overlap this call may still succeed. */
void mill_intake_close(struct mill_intake *intake);

/* False when tasks are there or on their way; once it is closed, true stays true. */
bool mill_intake_empty(const struct mill_intake *intake);

#endif
