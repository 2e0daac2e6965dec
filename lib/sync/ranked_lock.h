/* A lock with a rank: a thread may acquire only a lock that ranks higher than every lock it holds. An order
 * that is kept by all cannot close a circle (Havender 1968); here it is checked at each acquire, so that who
 * breaks it is told at once, on the first run, and not on the day when two threads meet.
 *
 *     struct mill_ranked_lock table;                     rank 1
 *     struct mill_ranked_lock row;                       rank 2
 *     int status = mill_ranked_lock_init(&row, &watch, "row", 2);
 *
 *     status = mill_ranked_lock_acquire(&row);
 *     status = mill_ranked_lock_acquire(&table);         -EPERM, and nothing was waited for
 *
 * It stands on the watched lock: the same threads may call it, and the same errors come back. The rank is the
 * process's: locks of different watches stand in one order. A thread releases in any order. Blocking.
 */
#ifndef MILL_SYNC_RANKED_LOCK_H
#define MILL_SYNC_RANKED_LOCK_H

#include "sync/watched_lock.h"

struct mill_ranked_lock {
    struct mill_watched_lock watched;
    unsigned rank;
    struct mill_ranked_lock *below; /* what its holder had acquired before; the holder's */
};

/* As mill_watched_lock_init. */
int mill_ranked_lock_init(struct mill_ranked_lock *lock, struct mill_watch *watch, const char *name,
                          unsigned rank);

/* -EPERM: the caller holds a lock of the same rank or a higher one, or is not attached to the watch. Else as
 * mill_watched_lock_acquire. */
int mill_ranked_lock_acquire(struct mill_ranked_lock *lock);

/* By the holder. */
void mill_ranked_lock_release(struct mill_ranked_lock *lock);

#endif
