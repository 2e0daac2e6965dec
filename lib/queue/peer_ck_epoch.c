/* Concurrency Kit's epochs. Its record of a thread is in the thread's seat (seats.h), like those of ours.
 *
 * The library wants an entry of two words and a function for each object, where a retired object has one
 * word: so a seat hands it whole batches, each with an entry of its own in the seat. While all of these wait,
 * what is retired waits behind them, however many they are: memory is not bounded, as with our epochs.
 */
#include "core/peer.h"
#include "queue/reclaim_list.h"

#if defined(MILL_HAVE_CK)
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <ck_epoch.h>

#include "core/cacheline.h"

/* One for each epoch in which objects may wait, and one to be filled. */
#define BATCHES (CK_EPOCH_LENGTH + 1)

struct batch {
    ck_epoch_entry_t entry; /* first */
    struct mill_reclaim *domain;
    struct mill_retired *chain; /* NULL: free to be filled */
};

struct seat {
    ck_epoch_record_t record; /* first: it wants to be aligned */
    bool known;               /* to the domain's epochs */
    struct mill_retired *fresh;
    size_t count; /* of these, since the last attempt */
    struct batch batches[BATCHES];
};

struct mill_reclaim {
    ck_epoch_t epochs;
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
    ck_epoch_init(&made->epochs);
    *domain = made;
    return 0;
}

static void free_chain(const struct mill_reclaim *domain, struct mill_retired *chain)
{
    if (chain) {
        domain->options.free(domain->options.context, chain);
    }
}

/* Nobody looks any more, so it need not be asked when. */
static void destroy(struct mill_reclaim *domain)
{
    unsigned cursor = 0;
    for (struct seat *seat; (seat = mill_seats_next(&domain->seats, &cursor));) {
        free_chain(domain, seat->fresh);
        for (unsigned i = 0; i < BATCHES; i++) {
            free_chain(domain, seat->batches[i].chain);
        }
    }
    mill_seats_close(&domain->seats);
    free(domain);
}

static void *enter(struct mill_reclaim *domain)
{
    struct seat *seat = mill_seats_take(&domain->seats);
    if (!seat->known) {
        ck_epoch_register(&domain->epochs, &seat->record, NULL);
        seat->known = true;
    }
    ck_epoch_begin(&seat->record, NULL);
    return seat;
}

static void leave(struct mill_reclaim *domain, void *seat)
{
    ck_epoch_end(&((struct seat *)seat)->record, NULL);
    mill_seats_leave(&domain->seats, seat);
}

static void free_batch(ck_epoch_entry_t *entry)
{
    struct batch *batch = (struct batch *)(void *)entry;
    struct mill_retired *chain = batch->chain;
    batch->chain = NULL;
    free_chain(batch->domain, chain);
}

static struct batch *find_free_batch(struct seat *seat)
{
    for (unsigned i = 0; i < BATCHES; i++) {
        if (!seat->batches[i].chain) {
            return &seat->batches[i];
        }
    }
    return NULL;
}

static void collect(struct mill_reclaim *domain, void *taken)
{
    struct seat *seat = taken;
    struct batch *batch = seat->fresh ? find_free_batch(seat) : NULL;
    if (batch) {
        batch->domain = domain;
        batch->chain = seat->fresh;
        seat->fresh = NULL;
        ck_epoch_call(&seat->record, &batch->entry, free_batch);
    }
    seat->count = 0;
    ck_epoch_poll(&seat->record);
}

static void retire(struct mill_reclaim *domain, void *taken, struct mill_retired *object)
{
    struct seat *seat = taken;
    object->next = seat->fresh;
    seat->fresh = object;
    if (++seat->count >= domain->options.batch) {
        collect(domain, seat);
    }
}
#define CK_SOURCE "Concurrency Kit " CK_VERSION
#else
#define CK_SOURCE "Concurrency Kit"
#endif

const struct mill_reclaim_ops mill_reclaim_ck_epoch = {
    .about =
        {
            .name = "ck-epoch",
            .summary = "Concurrency Kit's epochs",
            .source = CK_SOURCE ", ck_epoch",
            .algorithm = "epoch",
            .library = MILL_CK_LIBRARY,
            .missing = MILL_CK_MISSING,
            .traits = MILL_CK_TRAITS,
            .progress = MILL_WAIT_FREE,
        },
    .create = MILL_CK(create),
    .destroy = MILL_CK(destroy),
    .enter = MILL_CK(enter),
    .acquire = mill_reclaim_load,
    .retire = MILL_CK(retire),
    .collect = MILL_CK(collect),
    .leave = MILL_CK(leave),
};
