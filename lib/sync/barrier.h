/* Barriers (row 13 of the patterns): one table, one strategy a file.
 *
 *     struct mill_barrier *barrier;
 *     int status = mill_barrier_create(mill_barrier_ops_find("sense-reversing"), parties, &barrier);
 *
 *     each party, over and over:
 *         work();
 *         status = mill_barrier_wait(barrier, party, MILL_NS_PER_S);
 *         if (status == MILL_BARRIER_LEADER) …                       one of each generation, any one
 *         else if (status < 0) …                                     the barrier is broken, for all of them
 *
 *     status = mill_barrier_destroy(barrier);
 *
 * A barrier has a fixed number of parties, each with a number of its own from 0 on; the wait of a party
 * returns when all have come. Then it is tripped, and the next generation begins. What any party wrote before
 * its wait is seen by all behind theirs.
 *
 * A generation is either tripped for all of its parties, or broken for all of them: when the time of one is
 * over before all have come, that one is told -ETIMEDOUT and every other -ECANCELED. The same after an abort,
 * and after a reset while some wait. A broken barrier stays so, and refuses every wait with -ECANCELED, until
 * it is reset; then it is as new. (As Python's threading.Barrier.) Only strategies with MILL_BARRIER_BREAKS
 * can do this; on others a wait has no end but the last party, and -ENOTSUP says so.
 *
 * Any thread may abort and reset; a wait is made by the thread that is the party at the time. Waiting is
 * blocking, and that is each strategy's progress.
 */
#ifndef MILL_SYNC_BARRIER_H
#define MILL_SYNC_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/strategy.h"
#include "core/timeout.h"

#define MILL_BARRIER_LEADER      1
#define MILL_BARRIER_PARTIES_MAX 4096u

enum mill_barrier_shape {
    MILL_BARRIER_BREAKS = 1 << 0, /* knows timeouts, abort and reset */
};

struct mill_barrier_ops;
struct mill_barrier_party;

/* How every strategy's own barrier begins. Only read once the barrier is made. */
struct mill_barrier {
    const struct mill_barrier_ops *ops;
    unsigned parties;
    bool crowded;                     /* more parties than processors: it makes no sense to spin */
    struct mill_barrier_party *party; /* of barrier.c */
};

struct mill_barrier_ops {
    struct mill_strategy about;
    unsigned shape; /* of enum mill_barrier_shape */

    /* Allocates; mill_barrier_create checks the arguments and fills what all begin with. 0 or a negative
     * errno. */
    int (*create)(const struct mill_barrier_ops *ops, unsigned parties, struct mill_barrier **barrier);
    void (*destroy)(struct mill_barrier *barrier);

    /* Until a deadline (core/timeout.h). As mill_barrier_wait, after its checks. */
    int (*wait)(struct mill_barrier *barrier, unsigned party, uint64_t deadline);

    /* With MILL_BARRIER_BREAKS alone; else NULL. */
    void (*abort)(struct mill_barrier *barrier);
    void (*reset)(struct mill_barrier *barrier);
    bool (*is_broken)(struct mill_barrier *barrier);
};

extern const struct mill_family mill_barrier_family;

static inline const struct mill_barrier_ops *mill_barrier_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_barrier_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_barrier_ops *mill_barrier_ops_find(const char *name);

/* 0; -EINVAL (no table, no place for the barrier, no parties or more than MILL_BARRIER_PARTIES_MAX);
 * -ENOMEM; -ENOTSUP where the strategy is missing in this build. */
int mill_barrier_create(const struct mill_barrier_ops *ops, unsigned parties, struct mill_barrier **barrier);

/* 0; -EBUSY while a wait has not returned yet (the barrier stays, and can be destroyed later). Nobody begins
 * a wait meanwhile. NULL is fine. */
int mill_barrier_destroy(struct mill_barrier *barrier);

/* Waits until all parties have come, until `timeout_ns` is over (core/timeout.h; with 0 the last one to come
 * gets through, and any other breaks the barrier) or until it is broken. MILL_BARRIER_LEADER or 0;
 * -ETIMEDOUT; -ECANCELED; -EINVAL (a negative timeout, a party that there is not); -EBUSY (the same party
 * waits already, as far as that is seen); -ENOTSUP (any timeout but MILL_FOREVER, without
 * MILL_BARRIER_BREAKS). */
int mill_barrier_wait(struct mill_barrier *barrier, unsigned party, int64_t timeout_ns);

/* Breaks it. 0, broken or not; -ENOTSUP without MILL_BARRIER_BREAKS. */
int mill_barrier_abort(struct mill_barrier *barrier);

/* Mends it; those that wait are told -ECANCELED. 0, broken or not; -ENOTSUP without MILL_BARRIER_BREAKS. */
int mill_barrier_reset(struct mill_barrier *barrier);

bool mill_barrier_is_broken(struct mill_barrier *barrier);

#endif
