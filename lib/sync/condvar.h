/* Condition variables, each with the mutex that it goes with: one table, one strategy a file.
 *
 *     struct mill_condvar *queue;                       protects `items`
 *     int status = mill_condvar_create(mill_condvar_ops_find("pthread"), &queue);
 *
 *     taker:      mill_condvar_enter(queue);
 *                 while (items == 0 && status == 0)
 *                     status = mill_condvar_wait(queue);
 *                 …
 *                 mill_condvar_leave(queue);
 *
 *     giver:      mill_condvar_enter(queue);
 *                 items++;
 *                 mill_condvar_leave(queue);
 *                 mill_condvar_wake_one(queue);
 *
 * A wait leaves the mutex and falls asleep in one step as seen by those that wake: who was inside when the
 * mutex was left is woken by a wake that comes after. It may also return for no reason, so that what is
 * waited for is looked at again. wake_one wakes at least one of those that wait, if there are any, and
 * wake_all all of them. Which one is first is not promised.
 *
 * A condition can be abandoned, once and for ever: then waits end, and later ones do not begin.
 *
 * Any number of threads may make any of these calls at once, except create and destroy: wait and leave those
 * that are inside, enter and abandon those that are not, and the wakes either. What was written inside is
 * seen by those that come in later (acquire, release). Enter, wait and abandon are blocking.
 */
#ifndef MILL_SYNC_CONDVAR_H
#define MILL_SYNC_CONDVAR_H

#include "core/strategy.h"

struct mill_condvar_ops;

/* How every strategy's own begins. */
struct mill_condvar {
    const struct mill_condvar_ops *ops;
};

struct mill_condvar_ops {
    struct mill_strategy about;

    /* Allocates; mill_condvar_create sets `ops`. 0 or a negative errno. */
    int (*create)(struct mill_condvar **condvar);
    void (*destroy)(struct mill_condvar *condvar);

    void (*enter)(struct mill_condvar *condvar);
    void (*leave)(struct mill_condvar *condvar);

    /* Inside, before and after. 0, perhaps for no reason; -ECANCELED: abandoned, woken besides or not. */
    int (*wait)(struct mill_condvar *condvar);

    void (*wake_one)(struct mill_condvar *condvar);
    void (*wake_all)(struct mill_condvar *condvar);

    void (*abandon)(struct mill_condvar *condvar);
};

extern const struct mill_family mill_condvar_family;

static inline const struct mill_condvar_ops *mill_condvar_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_condvar_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_condvar_ops *mill_condvar_ops_find(const char *name);

/* 0; -EINVAL (no table, no place for it); -ENOMEM; -ENOTSUP where the strategy is missing in this build; or
 * what the platform said. */
int mill_condvar_create(const struct mill_condvar_ops *ops, struct mill_condvar **condvar);

/* Nobody is inside, nor waits. NULL is fine. */
void mill_condvar_destroy(struct mill_condvar *condvar);

static inline void mill_condvar_enter(struct mill_condvar *condvar)
{
    condvar->ops->enter(condvar);
}

static inline void mill_condvar_leave(struct mill_condvar *condvar)
{
    condvar->ops->leave(condvar);
}

static inline int mill_condvar_wait(struct mill_condvar *condvar)
{
    return condvar->ops->wait(condvar);
}

static inline void mill_condvar_wake_one(struct mill_condvar *condvar)
{
    condvar->ops->wake_one(condvar);
}

static inline void mill_condvar_wake_all(struct mill_condvar *condvar)
{
    condvar->ops->wake_all(condvar);
}

static inline void mill_condvar_abandon(struct mill_condvar *condvar)
{
    condvar->ops->abandon(condvar);
}

#endif
