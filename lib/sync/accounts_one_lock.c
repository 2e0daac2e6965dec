/* One lock for all accounts: nothing to order, and nothing at the same time. The yardstick. */
#include "sync/accounts_list.h"

static int enter(struct mill_accounts *accounts, unsigned from, unsigned to)
{
    (void)from;
    (void)to;
    return mill_watched_lock_acquire(&accounts->bank);
}

static void leave(struct mill_accounts *accounts, unsigned from, unsigned to)
{
    (void)from;
    (void)to;
    mill_watched_lock_release(&accounts->bank);
}

const struct mill_accounts_ops mill_accounts_one_lock = {
    .about =
        {
            .name = "one-lock",
            .summary = "one lock for all accounts",
            .source = "threadmill",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .enter = enter,
    .leave = leave,
};
