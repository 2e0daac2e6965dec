#include "hunt/explore.h"

#include <string.h>

#include "hunt/explorers.h"

const struct mill_explorer *const mill_explorers[] = {
    &mill_explore_portfolio, &mill_explore_random, &mill_explore_pct,        &mill_explore_pos,
    &mill_explore_urw,       &mill_explore_surw,   &mill_explore_exhaustive, NULL,
};

const struct mill_explorer *mill_explorer_find(const char *name)
{
    for (size_t i = 0; mill_explorers[i]; i++) {
        if (strcmp(mill_explorers[i]->name, name) == 0) {
            return mill_explorers[i];
        }
    }
    return NULL;
}

unsigned mill_explore_any_way(void *state, unsigned ways)
{
    return (unsigned)mill_random_below(state, ways);
}
