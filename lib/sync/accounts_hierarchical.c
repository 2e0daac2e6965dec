/* Every lock has a rank, the account's number, and a lock against the order is refused: the transfer goes for
 * its locks the way the money goes, and where it is told that this is the wrong way round, it goes the other.
 * What the check costs over `ordered`, which must be right by itself.
 */
#include <errno.h>

#include "sync/accounts_list.h"

static int enter_in_this_order(struct mill_account *first, struct mill_account *second)
{
    int status = mill_ranked_lock_acquire(&first->lock);
    if (status < 0) {
        return status;
    }
    status = mill_ranked_lock_acquire(&second->lock);
    if (status < 0) {
        mill_ranked_lock_release(&first->lock);
    }
    return status;
}

static int enter(struct mill_accounts *accounts, unsigned from, unsigned to)
{
    struct mill_account *payer = &accounts->account[from];
    struct mill_account *payee = &accounts->account[to];
    int status = enter_in_this_order(payer, payee);
    return status == -EPERM ? enter_in_this_order(payee, payer) : status;
}

static void leave(struct mill_accounts *accounts, unsigned from, unsigned to)
{
    mill_ranked_lock_release(&accounts->account[from].lock);
    mill_ranked_lock_release(&accounts->account[to].lock);
}

const struct mill_accounts_ops mill_accounts_hierarchical = {
    .about =
        {
            .name = "hierarchical",
            .summary = "every lock has a rank, and is refused against the order",
            .source = "Havender 1968; Williams, C++ Concurrency in Action, 2012",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .enter = enter,
    .leave = leave,
};
