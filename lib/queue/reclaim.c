#include "queue/reclaim.h"

#include <errno.h>

#include "core/fence.h"
#include "queue/reclaim_list.h"

#define STRATEGY(ident) &mill_reclaim_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_RECLAIMS(STRATEGY)};

const struct mill_family mill_reclaim_family = {
    .name = "reclaim",
    .summary = "when is an object freed that others may still look at?",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_reclaim_ops *mill_reclaim_ops_find(const char *name)
{
    return mill_reclaim_ops_of(mill_family_find(&mill_reclaim_family, name));
}

int mill_reclaim_open_seats(struct mill_seats *seats, struct mill_retired_options *kept,
                            const struct mill_retired_options *options, size_t least)
{
    *kept = *options;
    kept->batch = kept->batch > 0 ? kept->batch : MILL_RETIRED_BATCH;
    kept->seat_size = kept->seat_size > 0 ? kept->seat_size : least;
    if (!kept->free || kept->seat_size < least) {
        return -EINVAL;
    }
    mill_fence_open();
    return mill_seats_open(seats, kept->seat_size);
}

struct mill_retired *mill_reclaim_load(void *seat, unsigned slot, _Atomic(struct mill_retired *) *source)
{
    (void)seat;
    (void)slot;
    return atomic_load_explicit(source, memory_order_acquire); /* pairs with who published the object */
}
