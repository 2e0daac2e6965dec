/* liburcu: a reader is between two calls that say so, and whoever retires waits, once in a batch, until all
 * that were reading have stopped. Of the flavours, "bulletproof" registers threads by itself at their first
 * call and unregisters them at their end, which here may come without a word (seats.h); it reads the way the
 * flavour "memb" does.
 *
 * Its functions are called, not inlined: inside, its readers lie at addresses that are less aligned than
 * their type says, which the sanitizer of undefined behaviour sees.
 *
 * A grace period cannot be waited for by one that reads, so what is to be freed is freed on leaving. There
 * the writer stands as long as any reader does: a batch bounds what waits, and a reader that stalls stalls
 * the writers.
 */
#include "core/peer.h"
#include "queue/reclaim_list.h"

#if defined(MILL_HAVE_URCU)
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <urcu/urcu-bp.h>

#include "core/cacheline.h"

struct seat {
    struct mill_retired *retired;
    size_t count;
    bool due; /* to be freed on leaving */
};

struct mill_reclaim {
    struct mill_seats seats;
    struct mill_retired_options options;
};

static int create(const struct mill_retired_options *options, struct mill_reclaim **domain)
{
    struct mill_reclaim *made = mill_isolated_alloc(sizeof *made);
    int status =
        made ? mill_reclaim_open_seats(&made->seats, &made->options, options, sizeof(struct seat)) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    *domain = made;
    return 0;
}

static void free_all(const struct mill_reclaim *domain, struct seat *seat)
{
    struct mill_retired *chain = seat->retired;
    seat->retired = NULL;
    seat->count = 0;
    seat->due = false;
    if (chain) {
        domain->options.free(domain->options.context, chain);
    }
}

static void destroy(struct mill_reclaim *domain)
{
    unsigned cursor = 0;
    for (struct seat *seat; (seat = mill_seats_next(&domain->seats, &cursor));) {
        free_all(domain, seat);
    }
    mill_seats_close(&domain->seats);
    free(domain);
}

static void *enter(struct mill_reclaim *domain)
{
    struct seat *seat = mill_seats_take(&domain->seats);
    urcu_bp_read_lock();
    return seat;
}

static void leave(struct mill_reclaim *domain, void *taken)
{
    struct seat *seat = taken;
    urcu_bp_read_unlock();
    if (seat->due) {
        urcu_bp_synchronize_rcu();
        free_all(domain, seat);
    }
    mill_seats_leave(&domain->seats, seat);
}

static void collect(struct mill_reclaim *domain, void *taken)
{
    struct seat *seat = taken;
    (void)domain;
    seat->due = seat->retired != NULL;
}

static void retire(struct mill_reclaim *domain, void *taken, struct mill_retired *object)
{
    struct seat *seat = taken;
    object->next = seat->retired;
    seat->retired = object;
    if (++seat->count >= domain->options.batch) {
        collect(domain, seat);
    }
}
#endif

const struct mill_reclaim_ops mill_reclaim_urcu_bp = {
    .about =
        {
            .name = "urcu-bp",
            .summary = "liburcu: a writer waits, once in a batch, until all that were reading have stopped",
            .source = MILL_URCU_SOURCE ", liburcu-bp, synchronize_rcu",
            .algorithm = "rcu",
            .library = MILL_URCU_LIBRARY,
            .missing = MILL_URCU_MISSING,
            .traits = MILL_URCU_TRAITS,
            .progress = MILL_BLOCKING,
        },
    .create = MILL_URCU(create),
    .destroy = MILL_URCU(destroy),
    .enter = MILL_URCU(enter),
    .acquire = mill_reclaim_load,
    .retire = MILL_URCU(retire),
    .collect = MILL_URCU(collect),
    .leave = MILL_URCU(leave),
};
