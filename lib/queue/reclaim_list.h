/* Every strategy of reclamation, one line each: the identifier of its table, mill_reclaim_<identifier>. */
#ifndef MILL_QUEUE_RECLAIM_LIST_H
#define MILL_QUEUE_RECLAIM_LIST_H

#include "queue/reclaim.h"
#include "queue/seats.h"

#define MILL_RECLAIMS(X) \
    X(hazard)            \
    X(epoch)             \
    X(immediate)         \
    X(ck_epoch)          \
    X(urcu_bp)

#define MILL_RECLAIM_DECLARE(ident) extern const struct mill_reclaim_ops mill_reclaim_##ident;
MILL_RECLAIMS(MILL_RECLAIM_DECLARE)
#undef MILL_RECLAIM_DECLARE

/* How a scheme that keeps seats opens: checks the options, keeps them with every 0 filled in, and opens seats
 * of at least `least` bytes. 0; -EINVAL (no function to free with, a seat that is too small or absurd);
 * -ENOMEM. */
int mill_reclaim_open_seats(struct mill_seats *seats, struct mill_retired_options *kept,
                            const struct mill_retired_options *options, size_t least);

/* `acquire` of the strategies that protect by entering alone. */
struct mill_retired *mill_reclaim_load(void *seat, unsigned slot, _Atomic(struct mill_retired *) *source);

#endif
