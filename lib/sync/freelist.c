#include "sync/freelist.h"

#include "sync/freelist_list.h"

#define STRATEGY(ident) &mill_freelist_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_FREELISTS(STRATEGY)};

const struct mill_family mill_freelist_family = {
    .name = "freelist",
    .summary = "a pool of nodes that threads take from and give back to",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_freelist_ops *mill_freelist_ops_find(const char *name)
{
    return mill_freelist_ops_of(mill_family_find(&mill_freelist_family, name));
}
