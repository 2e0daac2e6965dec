/* Waits for one lock and only tries the other; where that is held, it gives the first one back, backs off,
 * and next time waits for the one that was in the way. Nobody waits while holding, so there is no circle
 * (Coffman, Elphick and Shoshani 1971: hold and wait is broken); that a transfer succeeds in the end is
 * likely, and not promised.
 */
#include <errno.h>

#include "core/backoff.h"
#include "sync/accounts_list.h"

static int enter(struct mill_accounts *accounts, unsigned from, unsigned to)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    struct mill_watched_lock *first = &accounts->account[from].lock.watched;
    struct mill_watched_lock *second = &accounts->account[to].lock.watched;
    for (;;) {
        int status = mill_watched_lock_acquire(first);
        if (status < 0) {
            return status;
        }
        status = mill_watched_lock_try(second);
        if (status == 0) {
            return 0;
        }
        mill_watched_lock_release(first);
        if (status != -EBUSY) {
            return status;
        }
        mill_backoff_wait(&backoff);
        struct mill_watched_lock *in_the_way = second;
        second = first;
        first = in_the_way;
    }
}

const struct mill_accounts_ops mill_accounts_trylock = {
    .about =
        {
            .name = "trylock",
            .summary = "waits for one lock, tries the other, backs off and begins again",
            .source = "Coffman, Elphick and Shoshani, System Deadlocks, 1971",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .enter = enter,
    .leave = mill_accounts_leave_both,
};
