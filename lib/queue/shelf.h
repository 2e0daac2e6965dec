/* Nodes that were used once, on their way from the threads that take them out of a queue to the threads that
 * put new ones in: cheaper than free() in the one and malloc() in the other.
 *
 *     consumer, with a chain of nodes nobody looks at:   mill_shelf_give(&shelf, chain);
 *     producer, with no node of its own left:            chain = mill_shelf_take(&shelf);
 *
 * A chain is malloc()ed memory that begins with a struct mill_retired, linked and ended by NULL. Whole chains
 * change hands, so the shelf is touched once in many nodes. It has room for MILL_SHELF_PLACES chains; what
 * comes on top is freed, so that a burst gives its memory back. A place goes from empty to full and from full
 * to empty, never from one chain to the next, so there is no ABA.
 *
 * Any thread; wait-free. Zeroed memory is an empty shelf.
 */
#ifndef MILL_QUEUE_SHELF_H
#define MILL_QUEUE_SHELF_H

#include <stdalign.h>
#include <stdatomic.h>

#include "core/cacheline.h"
#include "queue/retired.h"

#define MILL_SHELF_PLACES 4

struct mill_shelf {
    alignas(MILL_ISOLATION) _Atomic(struct mill_retired *) places[MILL_SHELF_PLACES];
};

/* Frees each node of the chain, which may be NULL. */
void mill_chain_free(struct mill_retired *chain);

/* The chain is the shelf's now, or freed. */
void mill_shelf_give(struct mill_shelf *shelf, struct mill_retired *chain);

/* A chain that is the caller's now, or NULL. */
struct mill_retired *mill_shelf_take(struct mill_shelf *shelf);

/* Frees what is there. No other thread uses it any more. */
void mill_shelf_clear(struct mill_shelf *shelf);

#endif
