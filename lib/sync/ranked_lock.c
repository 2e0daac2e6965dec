/* The check is Williams' hierarchical mutex (C++ Concurrency in Action, 2012), with a list of what the thread
 * holds in place of one number, so that locks may be given back in any order.
 */
#include "sync/ranked_lock.h"

#include <errno.h>

/* What the thread holds, the highest rank first: a lock that is acquired ranks above all others. */
static _Thread_local struct mill_ranked_lock *highest;

int mill_ranked_lock_init(struct mill_ranked_lock *lock, struct mill_watch *watch, const char *name,
                          unsigned rank)
{
    if (!lock) {
        return -EINVAL;
    }
    lock->rank = rank;
    lock->below = NULL;
    return mill_watched_lock_init(&lock->watched, watch, name);
}

int mill_ranked_lock_acquire(struct mill_ranked_lock *lock)
{
    if (highest && highest->rank >= lock->rank) {
        return -EPERM;
    }
    int status = mill_watched_lock_acquire(&lock->watched);
    if (status == 0) {
        lock->below = highest;
        highest = lock;
    }
    return status;
}

void mill_ranked_lock_release(struct mill_ranked_lock *lock)
{
    struct mill_ranked_lock **link = &highest;
    while (*link != lock) {
        link = &(*link)->below;
    }
    *link = lock->below;
    mill_watched_lock_release(&lock->watched);
}
