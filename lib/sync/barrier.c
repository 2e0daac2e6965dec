#include "sync/barrier.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/barrier_list.h"

#define STRATEGY(ident) &mill_barrier_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_BARRIERS(STRATEGY)};

const struct mill_family mill_barrier_family = {
    .name = "barrier",
    .summary = "threads wait until all of them have come",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

struct mill_barrier_party {
    alignas(MILL_ISOLATION) atomic_bool inside; /* its wait has begun and not returned */
};

const struct mill_barrier_ops *mill_barrier_ops_find(const char *name)
{
    return mill_barrier_ops_of(mill_family_find(&mill_barrier_family, name));
}

static bool is_crowded(unsigned parties)
{
    cpu_set_t processors;
    return sched_getaffinity(0, sizeof processors, &processors) == 0 &&
           parties > (unsigned)CPU_COUNT(&processors);
}

int mill_barrier_create(const struct mill_barrier_ops *ops, unsigned parties, struct mill_barrier **barrier)
{
    if (!ops || !barrier || parties == 0 || parties > MILL_BARRIER_PARTIES_MAX) {
        return -EINVAL;
    }
    if (ops->about.missing) {
        return -ENOTSUP;
    }
    struct mill_barrier_party *party = mill_isolated_alloc(parties * sizeof *party);
    if (!party) {
        return -ENOMEM;
    }
    int status = ops->create(ops, parties, barrier);
    if (status < 0) {
        free(party);
        return status;
    }
    (*barrier)->ops = ops;
    (*barrier)->parties = parties;
    (*barrier)->crowded = is_crowded(parties);
    (*barrier)->party = party;
    return 0;
}

int mill_barrier_destroy(struct mill_barrier *barrier)
{
    if (!barrier) {
        return 0;
    }
    for (unsigned i = 0; i < barrier->parties; i++) {
        /* acquire: pairs with the release at the end of mill_barrier_wait */
        if (atomic_load_explicit(&barrier->party[i].inside, memory_order_acquire)) {
            return -EBUSY;
        }
    }
    free(barrier->party);
    barrier->ops->destroy(barrier);
    return 0;
}

int mill_barrier_wait(struct mill_barrier *barrier, unsigned party, int64_t timeout_ns)
{
    uint64_t deadline;
    int status = mill_deadline_after(timeout_ns, &deadline);
    if (status < 0 || party >= barrier->parties) {
        return -EINVAL;
    }
    if (timeout_ns != MILL_FOREVER && !(barrier->ops->shape & MILL_BARRIER_BREAKS)) {
        return -ENOTSUP;
    }
    /* relaxed: one thread at a time is the party; a second one is a mistake, told as far as it is seen */
    atomic_bool *inside = &barrier->party[party].inside;
    if (atomic_load_explicit(inside, memory_order_relaxed)) {
        return -EBUSY;
    }
    atomic_store_explicit(inside, true, memory_order_relaxed);
    status = barrier->ops->wait(barrier, party, deadline);
    /* release: whoever sees it may free what the wait used */
    atomic_store_explicit(inside, false, memory_order_release);
    return status;
}

int mill_barrier_abort(struct mill_barrier *barrier)
{
    if (!barrier->ops->abort) {
        return -ENOTSUP;
    }
    barrier->ops->abort(barrier);
    return 0;
}

int mill_barrier_reset(struct mill_barrier *barrier)
{
    if (!barrier->ops->reset) {
        return -ENOTSUP;
    }
    barrier->ops->reset(barrier);
    return 0;
}

bool mill_barrier_is_broken(struct mill_barrier *barrier)
{
    return barrier->ops->is_broken && barrier->ops->is_broken(barrier);
}
