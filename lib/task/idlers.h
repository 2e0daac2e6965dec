/* The idle workers of a pool: who looks for work, who sleeps, and who is woken for a task, if anybody.
 *
 * Waking costs the submitter a system call, and then a processor for a worker that may find nothing left. So:
 *
 * - Of the awake workers without work only some search at a time (half as many as there are processors); the
 *   others sleep. Who has searched in vain for as long as the pool spins sleeps too.
 * - A submit wakes a worker only if nobody searches: the one that does will find the task. A searcher that
 *   finds one, was the last, and sees more of them wakes the next. (As the schedulers of Go and Tokio do.)
 * - Before it does, it looks for a moment, much shorter than a wake, whether a worker comes round that was
 *   just about to. Whoever waits for a task and submits the next as soon as it is done meets its worker
 *   between the two, and would else wake another each time, and the two would take turns at sleeping.
 * - While tasks are so short that an awake worker is round sooner than a sleeping one is up, no submit wakes
 *   anybody as long as one worker is awake. Since that one may be stuck all the same, one sleeper is on the
 *   lookout: it looks once in MILL_LOOKOUT_NS whether tasks are waiting, and if so joins. The lookout gives
 *   the word (`brisk`) as it falls asleep and takes it back when it leaves, so that nobody relies on one that
 *   is not there. When all sleep, nobody is on the lookout, and nothing uses any processor time.
 *
 * Why no wake is missed. A worker first says that it sleeps, then looks at the queues a last time; a submit
 * first puts its task, then looks who sleeps: with a fence between the two on either side, one sees the
 * other. Which fences: where workers fall asleep seldom, since they spin before, a heavy one for the sleeper
 * and a light one for the submit; where they sleep as soon as there is nothing to do, full ones for both,
 * since the heavy one would stand in the way of every task (and, on a virtual machine, cost more than the
 * sleep). Likewise a searcher that stops says so before it looks for more, and a submit that leaves the task
 * to a searcher has looked after its put; both with full fences, which a submit pays for only while somebody
 * sleeps. A sleeper's bit is cleared either by itself or by who wakes it, never by both.
 */
#ifndef MILL_TASK_IDLERS_H
#define MILL_TASK_IDLERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/cacheline.h"
#include "core/fence.h"
#include "core/timeout.h"
#include "task/pool.h"

#define MILL_LOOKOUT_NS MILL_NS_PER_MS

/* How a worker's tasks have been of late: a hint. Quick is told by what they take, not by how they follow
 * each other: where a submitter waits for each, a slow pool would else stay slow by its own wakes. */
enum mill_pace {
    MILL_PACE_SLOW,
    MILL_PACE_QUICK, /* so short that a worker is round sooner than one that sleeps is up */
    MILL_PACE_DENSE, /* they come faster than two processors pass a line to and fro */
};

/* One worker's bed. */
struct mill_idler {
    alignas(MILL_ISOLATION) _Atomic uint32_t call; /* of enum mill_call; the word that it sleeps on */
};

/* Why a worker is awake again. */
enum mill_call {
    MILL_CALL_NONE,
    MILL_CALL_SEARCH, /* to look for work; it counts as searching already */
    MILL_CALL_LOOK,   /* something has settled, or the pool ends */
    MILL_CALL_SELF,   /* nobody called: it saw a reason itself, or it is late */
};

struct mill_idlers {
    uint64_t everyone;                 /* a bit for each worker */
    bool seldom;                       /* workers fall asleep seldom */
    bool (*more)(const void *context); /* are there tasks? */
    const void *context;
    uint32_t searchers_most;   /* that search at a time of their own accord */
    struct mill_idler *idlers; /* one for each worker */
    /* Written when a worker falls asleep or wakes up, and read by every submit. */
    alignas(MILL_ISOLATION) _Atomic uint64_t asleep; /* sleeping, or about to */
    atomic_bool brisk;                               /* somebody is on the lookout */
    /* Written whenever a worker begins to search and ends. */
    alignas(MILL_ISOLATION) _Atomic uint32_t searching;
    _Atomic uint64_t joining;                      /* those asleep that wait for something to settle */
    alignas(MILL_ISOLATION) _Atomic uint32_t pace; /* of enum mill_pace; written when it changes */
};

/* `workers` is 1 … MILL_POOL_WORKERS_MAX; `seldom`: they spin before they sleep; `more` tells from any thread
 * whether there are tasks: true for each from its put until a worker has it in hand to run it, without a gap.
 * 0 or -ENOMEM. */
int mill_idlers_init(struct mill_idlers *idlers, unsigned workers, bool seldom,
                     bool (*more)(const void *context), const void *context);

/* One that is zeroed and was never initialised is fine. */
void mill_idlers_destroy(struct mill_idlers *idlers);

/* The part of mill_idlers_notice for which somebody sleeps: wakes one, unless one searches or comes round. */
void mill_idlers_wake(struct mill_idlers *idlers);

/* Between what was done for workers and the look who sleeps. Pairs with fence_sleeper in idlers.c. */
static inline void mill_idlers_fence(const struct mill_idlers *idlers)
{
    if (idlers->seldom) {
        mill_fence_light();
    } else {
        mill_fence();
    }
}

/* A task has been put where any worker finds it. Any thread. */
static inline void mill_idlers_notice(struct mill_idlers *idlers)
{
    mill_idlers_fence(idlers);
    /* relaxed, both: the fences order */
    uint64_t asleep = atomic_load_explicit(&idlers->asleep, memory_order_relaxed);
    if (asleep != 0 &&
        (asleep == idlers->everyone || !atomic_load_explicit(&idlers->brisk, memory_order_relaxed))) {
        mill_idlers_wake(idlers);
    }
}

/* A worker without work begins to search; false: enough do. */
bool mill_idlers_search(struct mill_idlers *idlers);

/* A searcher stops without falling asleep: it has found a task, or is needed elsewhere. */
void mill_idlers_found(struct mill_idlers *idlers);

struct mill_rest {
    unsigned worker;
    bool searching; /* it counts as a searcher until it has said that it sleeps */
    bool joining;   /* MILL_CALL_LOOK is for it too */
    uint64_t deadline;
    bool (*reason)(const void *context); /* not to sleep, or to stop */
    const void *context;
};

/* Sleeps until called, until there is a reason, or until the deadline. */
enum mill_call mill_idlers_sleep(struct mill_idlers *idlers, const struct mill_rest *rest);

/* Something has settled: those that are joining look. */
void mill_idlers_nudge(struct mill_idlers *idlers);

/* The pool ends: all look. To be called after the word of it has been published. */
void mill_idlers_rouse(struct mill_idlers *idlers);

#endif
