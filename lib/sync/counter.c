#include "sync/counter.h"

#include "sync/counter_list.h"

#define STRATEGY(ident)                  &mill_counter_##ident.about,
#define LOCK_STRATEGY(ident, name, peer) STRATEGY(lock_##ident)
static const struct mill_strategy *const strategies[] = {MILL_COUNTERS(STRATEGY)
                                                             MILL_FURTHER_LOCKS(LOCK_STRATEGY)};

const struct mill_family mill_counter_family = {
    .name = "counter",
    .summary = "one integer that many threads add to",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_counter_ops *mill_counter_ops_find(const char *name)
{
    return mill_counter_ops_of(mill_family_find(&mill_counter_family, name));
}
