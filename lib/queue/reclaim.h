/* Safe memory reclamation: when may an object be freed that was taken out of a structure, while others may
 * still look at it? One table, one strategy a file, so that they can be compared. Structures themselves use
 * hazard.h and epoch.h, whose calls are inline.
 *
 *     const struct mill_reclaim_ops *ops = mill_reclaim_ops_find("hazard");
 *     struct mill_reclaim *domain;
 *     int status = ops->create(&(struct mill_retired_options){.free = free_chain}, &domain);
 *
 *     void *seat = ops->enter(domain);
 *     struct mill_retired *object = ops->acquire(seat, 0, &current);     stays until leave
 *     ops->leave(domain, seat);
 *
 *     seat = ops->enter(domain);
 *     ops->retire(domain, seat, atomic_exchange(&current, &mine->retired));
 *     ops->leave(domain, seat);
 *
 *     ops->destroy(domain);                                              frees what is still retired
 *
 * Any thread may enter, not nested. enter, acquire, retire and leave do not fail. about.progress is that of
 * enter, acquire and leave; where it is blocking, leave waits, after a batch was retired or collected, until
 * all that were inside have left. So there one thread must not wait for another while both are inside.
 */
#ifndef MILL_QUEUE_RECLAIM_H
#define MILL_QUEUE_RECLAIM_H

#include <stdatomic.h>
#include <stddef.h>

#include "core/strategy.h"
#include "queue/retired.h"

#define MILL_RECLAIM_SLOTS 3 /* objects that a thread can have acquired at once */

struct mill_reclaim; /* each strategy's own */

struct mill_reclaim_ops {
    struct mill_strategy about;
    /* 0, -EINVAL (no function to free with, a seat that is too small or absurd) or -ENOMEM. */
    int (*create)(const struct mill_retired_options *options, struct mill_reclaim **domain);
    void (*destroy)(struct mill_reclaim *domain);
    void *(*enter)(struct mill_reclaim *domain);
    /* What `source` points to, readable until the slot is used again or left. Slots below MILL_RECLAIM_SLOTS.
     */
    struct mill_retired *(*acquire)(void *seat, unsigned slot, _Atomic(struct mill_retired *) *source);
    void (*retire)(struct mill_reclaim *domain, void *seat, struct mill_retired *object);
    /* Tries, now or on leaving, to free what this thread has retired. With nobody inside but the caller, all
     * is freed after three calls, each between an enter and a leave of its own. */
    void (*collect)(struct mill_reclaim *domain, void *seat);
    void (*leave)(struct mill_reclaim *domain, void *seat);
    /* The most objects that are retired and not yet freed, whatever stalls; NULL: there is no such number. */
    size_t (*bound)(const struct mill_reclaim *domain);
};

extern const struct mill_family mill_reclaim_family;

static inline const struct mill_reclaim_ops *mill_reclaim_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_reclaim_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_reclaim_ops *mill_reclaim_ops_find(const char *name);

#endif
