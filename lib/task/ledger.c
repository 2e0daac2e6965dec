#include "task/ledger.h"

#include <errno.h>

#include "task/ledger_list.h"

#define STRATEGY(ident) &mill_ledger_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_LEDGERS(STRATEGY)};

const struct mill_family mill_ledger_family = {
    .name = "ledger",
    .summary = "one state that many threads change: under a lock, without one, or by messages to its owner",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_ledger_ops *mill_ledger_ops_find(const char *name)
{
    return mill_ledger_ops_of(mill_family_find(&mill_ledger_family, name));
}

int mill_ledger_create(const struct mill_ledger_ops *ops, unsigned accounts, struct mill_ledger **ledger)
{
    if (!ops || !ledger || accounts == 0 || accounts > MILL_LEDGER_ACCOUNTS_MAX) {
        return -EINVAL;
    }
    int status = ops->create(accounts, ledger);
    if (status == 0) {
        (*ledger)->ops = ops;
        (*ledger)->accounts = accounts;
    }
    return status;
}

void mill_ledger_destroy(struct mill_ledger *ledger)
{
    if (ledger) {
        ledger->ops->destroy(ledger);
    }
}
