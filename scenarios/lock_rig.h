/* What the scenarios of one lock share, beside critical-section, which is the plainest of them: the lock,
 * what it protects, and what is checked at the end. It stands at the beginning of a scenario's state, alone
 * on its lines.
 *
 *     struct state {
 *         struct mill_lock_rig rig;
 *         …
 *     };
 *
 *     however the scenario asks for the lock
 *     uint64_t entered = mill_lock_rig_enter(worker, &state->rig);
 *     …what it does inside
 *     mill_lock_rig_leave(worker, &state->rig, &me, entered);
 *
 * The count inside is read at the entry and written at the exit, so that two who are inside at once lose an
 * update however long that is.
 */
#ifndef MILL_SCENARIOS_LOCK_RIG_H
#define MILL_SCENARIOS_LOCK_RIG_H

#include "harness/scenario.h"
#include "sync/lock.h"

struct mill_lock_rig {
    const struct mill_lock_ops *ops;
    struct mill_lock *lock;
    /* protected by `lock`, and apart from the above, which is only read */
    alignas(MILL_ISOLATION) uint64_t entries;
    unsigned holder;
    /* and of the last holder, for scenarios that ask: */
    bool was_away;       /* from its processor */
    uint64_t given_back; /* when, in ticks; 0: it was not timed */
};

/* Makes a zeroed state of `state_size` bytes, which begins with the rig, and the lock for the case's threads
 * and the one that verifies. 0, and one->state is set; -ENOMEM; or as mill_lock_create_for. */
int mill_lock_rig_open(struct mill_case *one, size_t state_size);

/* Of a rig that is open: with the state. It is a scenario's teardown. */
void mill_lock_rig_close(struct mill_case *one);

/* By who has just been given the lock. The result is for mill_lock_rig_leave. */
static inline uint64_t mill_lock_rig_enter(struct mill_worker *worker, struct mill_lock_rig *rig)
{
    uint64_t entered = rig->entries;
    mill_worker_holds(worker, &rig->holder);
    return entered;
}

/* Gives the lock back; recorded. */
static inline void mill_lock_rig_leave(struct mill_worker *worker, struct mill_lock_rig *rig,
                                       struct mill_lock_context *me, uint64_t entered)
{
    rig->entries = entered + 1;
    mill_worker_called(worker, MILL_CALL_LOCK_RELEASE, 0, 0, 0);
    mill_lock_release(rig->ops, rig->lock, me);
    mill_worker_returned(worker, 0);
}

/* Asks for the lock until it is there; recorded. */
static inline void mill_lock_rig_acquire(struct mill_worker *worker, struct mill_lock_rig *rig,
                                         struct mill_lock_context *me)
{
    mill_worker_called(worker, MILL_CALL_LOCK_ACQUIRE, 0, 0, 0);
    mill_lock_acquire(rig->ops, rig->lock, me);
    mill_worker_returned(worker, 0);
}

/* Of scenarios that ask again and again: there is nothing to wake, but only where there is an `interrupt` is
 * the end of the run told to operations that go on, so that a lock that lets nobody in is found and not hung
 * at. */
void mill_lock_rig_interrupt(struct mill_case *one);

/* Each operation was in the lock once, and none at the same time as another. */
void mill_lock_rig_verify(const struct mill_case *one, struct mill_check *check);

/* A scenario's `model`: one lock, of whose refusals each has its reason. */
const struct mill_model *mill_lock_rig_model(const struct mill_case *one, struct mill_model *copy);

/* Of controls only those are run that the scenario expects something of: why the others are not, or NULL. */
const char *mill_lock_rig_unsupported(const struct mill_case *one);

/* The lock that is let go at once, where anybody would notice. */
#define MILL_LOCK_RIG_EARLY_RELEASE                                                                \
    {                                                                                              \
        .strategy = "early-release", .findings = MILL_LOST_UPDATE | MILL_RACE | MILL_WRONG_ANSWER, \
        .min_threads = 2, .why = "the lock is let go before the work that it should protect"       \
    }

#endif
