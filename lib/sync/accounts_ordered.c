/* The account of the lower number is locked first, whichever way the money goes: where all go the same way
 * round there is no circle (Havender 1968).
 */
#include "sync/accounts_list.h"

static int enter(struct mill_accounts *accounts, unsigned from, unsigned to)
{
    return from < to ? mill_accounts_enter_both(accounts, from, to, NULL)
                     : mill_accounts_enter_both(accounts, to, from, NULL);
}

const struct mill_accounts_ops mill_accounts_ordered = {
    .about =
        {
            .name = "ordered",
            .summary = "two locks, that of the lower account number first",
            .source = "Havender, Avoiding Deadlock in Multitasking Systems, 1968",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .enter = enter,
    .leave = mill_accounts_leave_both,
};
