/* Why two epochs are enough. The epoch goes from e to e+1 only after a look at every seat, behind a fence
 * that followed the reading of e, has found nobody inside of any epoch but e. A reader that entered before an
 * object was sealed with epoch s (its batch was out of the structure before the fence that stands before the
 * reading of s) is seen by whoever reads an epoch of s+1 or later: so s+1 to s+2 waits for it, unless it has
 * left. Sealing whole batches behind that one fence also spares retire the order between taking the object
 * out and reading the epoch.
 */
#include "queue/epoch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "queue/reclaim_list.h"

int mill_epochs_open(struct mill_epochs *epochs, const struct mill_retired_options *options)
{
    atomic_init(&epochs->now, 1);
    return mill_reclaim_open_seats(&epochs->seats, &epochs->options, options, sizeof(struct mill_epoch_seat));
}

static void free_chain(struct mill_epochs *epochs, struct mill_retired *chain)
{
    if (chain) {
        epochs->options.free(epochs->options.context, chain);
    }
}

void mill_epochs_close(struct mill_epochs *epochs)
{
    struct mill_epoch_seat *seat;
    for (unsigned cursor = 0; (seat = mill_seats_next(&epochs->seats, &cursor));) {
        free_chain(epochs, seat->fresh_first);
        for (unsigned i = 0; i < MILL_EPOCH_LIMBOS; i++) {
            free_chain(epochs, seat->limbos[i].chain);
        }
    }
    mill_seats_close(&epochs->seats);
}

/* ---- once in a batch ---- */

static bool all_are_in(const struct mill_epochs *epochs, uint64_t epoch)
{
    const struct mill_epoch_seat *seat;
    for (unsigned cursor = 0; (seat = mill_seats_next(&epochs->seats, &cursor));) {
        /* acquire: what the readers that left have read comes before the free; pairs with the release in
         * leave */
        uint64_t inside = atomic_load_explicit(&seat->inside, memory_order_acquire);
        if (inside != 0 && inside != epoch) {
            return false;
        }
    }
    return true;
}

/* Frees what is two epochs old. */
static void free_expired(struct mill_epochs *epochs, struct mill_epoch_seat *seat, uint64_t now)
{
    for (unsigned i = 0; i < MILL_EPOCH_LIMBOS; i++) {
        struct mill_epoch_limbo *limbo = &seat->limbos[i];
        if (limbo->chain && limbo->epoch + 2 <= now) {
            struct mill_retired *chain = limbo->chain;
            limbo->chain = NULL;
            free_chain(epochs, chain);
        }
    }
}

/* The limbo's last epoch is the same, or three or more ago and has been freed. */
static void seal(struct mill_epoch_seat *seat, uint64_t epoch)
{
    struct mill_epoch_limbo *limbo = &seat->limbos[epoch % MILL_EPOCH_LIMBOS];
    seat->fresh_last->next = limbo->chain;
    *limbo = (struct mill_epoch_limbo){.chain = seat->fresh_first, .epoch = epoch};
    seat->fresh_first = seat->fresh_last = NULL;
    seat->fresh = 0;
}

void mill_epochs_collect(struct mill_epochs *epochs, struct mill_epoch_seat *seat)
{
    /* acquire, here and below: whoever moved the epoch has seen the readers leave; pairs with the release of
     * the exchange */
    uint64_t before = atomic_load_explicit(&epochs->now, memory_order_acquire);
    mill_fence_heavy();
    uint64_t now = atomic_load_explicit(&epochs->now, memory_order_acquire);
    free_expired(epochs, seat, now);
    if (seat->fresh > 0) {
        seal(seat, now);
    }
    if (now == before && all_are_in(epochs, now) &&
        atomic_compare_exchange_strong_explicit(&epochs->now, &now, now + 1, memory_order_acq_rel,
                                                memory_order_acquire)) {
        free_expired(epochs, seat, before + 1);
    }
}

void mill_epoch_retire(struct mill_epochs *epochs, struct mill_epoch_seat *seat, struct mill_retired *object)
{
    object->next = seat->fresh_first;
    seat->fresh_first = object;
    if (seat->fresh++ == 0) {
        seat->fresh_last = object;
    }
    if (seat->fresh >= epochs->options.batch) {
        mill_epochs_collect(epochs, seat);
    }
}

/* ---- as a strategy of the family ---- */

struct mill_reclaim {
    struct mill_epochs epochs;
};

static int create(const struct mill_retired_options *options, struct mill_reclaim **domain)
{
    struct mill_reclaim *made = mill_isolated_alloc(sizeof *made);
    int status = made ? mill_epochs_open(&made->epochs, options) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    *domain = made;
    return 0;
}

static void destroy(struct mill_reclaim *domain)
{
    mill_epochs_close(&domain->epochs);
    free(domain);
}

static void *enter(struct mill_reclaim *domain)
{
    return mill_epochs_enter(&domain->epochs);
}

static void retire(struct mill_reclaim *domain, void *seat, struct mill_retired *object)
{
    mill_epoch_retire(&domain->epochs, seat, object);
}

static void collect(struct mill_reclaim *domain, void *seat)
{
    mill_epochs_collect(&domain->epochs, seat);
}

static void leave(struct mill_reclaim *domain, void *seat)
{
    mill_epochs_leave(&domain->epochs, seat);
}

const struct mill_reclaim_ops mill_reclaim_epoch = {
    .about =
        {
            .name = "epoch",
            .summary = "epochs: a reader says that it looks, not at what",
            .source = "Fraser 2004; Hart, McKenney, Brown and Walpole 2007",
            .algorithm = "epoch",
            .progress = MILL_WAIT_FREE,
        },
    .create = create,
    .destroy = destroy,
    .enter = enter,
    .acquire = mill_reclaim_load,
    .retire = retire,
    .collect = collect,
    .leave = leave,
};
