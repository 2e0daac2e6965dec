#include "queue/shelf.h"

#include <stdlib.h>

void mill_chain_free(struct mill_retired *chain)
{
    while (chain) {
        struct mill_retired *next = chain->next;
        free(chain);
        chain = next;
    }
}

void mill_shelf_give(struct mill_shelf *shelf, struct mill_retired *chain)
{
    for (unsigned i = 0; i < MILL_SHELF_PLACES; i++) {
        struct mill_retired *empty =
            atomic_load_explicit(&shelf->places[i], memory_order_relaxed); /* a hint */
        /* release: who takes the chain finds its links, and that all looks at its nodes are over */
        if (!empty && atomic_compare_exchange_strong_explicit(&shelf->places[i], &empty, chain,
                                                              memory_order_release, memory_order_relaxed)) {
            return;
        }
    }
    mill_chain_free(chain);
}

struct mill_retired *mill_shelf_take(struct mill_shelf *shelf)
{
    for (unsigned i = 0; i < MILL_SHELF_PLACES; i++) {
        if (atomic_load_explicit(&shelf->places[i], memory_order_relaxed)) { /* a hint */
            /* acquire: pairs with the release in give */
            struct mill_retired *chain =
                atomic_exchange_explicit(&shelf->places[i], NULL, memory_order_acquire);
            if (chain) {
                return chain;
            }
        }
    }
    return NULL;
}

void mill_shelf_clear(struct mill_shelf *shelf)
{
    struct mill_retired *chain;
    while ((chain = mill_shelf_take(shelf))) {
        mill_chain_free(chain);
    }
}
