#include "sync/counter.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/counter_list.h"

#define STRATEGY(ident)                  &mill_counter_##ident.about,
#define LOCK_STRATEGY(ident, name, peer) STRATEGY(lock_##ident)
static const struct mill_strategy *const strategies[] = {MILL_COUNTERS(STRATEGY)
                                                             MILL_FURTHER_LOCKS(LOCK_STRATEGY)};

/* All but the further locks, and those of them that stand for the locks (lock.c). */
static const char *const usual[] = {"none",
                                    "unsafe",
                                    "mutex",
                                    "atomic",
                                    "cas",
                                    "cas-backoff",
                                    "sharded",
                                    "lock-pthread-adaptive",
                                    "lock-futex",
                                    "lock-nsync",
                                    "lock-ttas",
                                    "lock-ck-cas",
                                    "lock-ttas-backoff",
                                    "lock-ticket",
                                    "lock-ck-ticket",
                                    "lock-mcs",
                                    "lock-ck-mcs",
                                    NULL};

const struct mill_family mill_counter_family = {
    .name = "counter",
    .summary = "one integer that many threads add to",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
    .usual = usual,
};

const struct mill_counter_ops *mill_counter_ops_find(const char *name)
{
    return mill_counter_ops_of(mill_family_find(&mill_counter_family, name));
}

int mill_counter_create_word(const struct mill_counter_ops *ops, unsigned slots,
                             struct mill_counter **counter)
{
    (void)slots;
    *counter = mill_isolated_alloc(ops->about.size);
    return *counter ? 0 : -ENOMEM;
}

void mill_counter_destroy_word(struct mill_counter *counter)
{
    free(counter);
}
