/* Locks the account that pays and then the one that is paid: two transfers the opposite way each hold what
 * the other one needs. The mistake, kept on purpose.
 */
#include "core/clock.h"
#include "sync/accounts_list.h"

/* Between its two locks a thread may lose its processor at any time; here it always does, for a moment, so
 * that the mistake shows in a run of milliseconds. A sleep and no yield: on a busy machine a thread that
 * yields comes back last of all. */
static void dawdle(void)
{
    mill_sleep_until(mill_now_ns() + MILL_NS_PER_US);
}

static int enter(struct mill_accounts *accounts, unsigned from, unsigned to)
{
    return mill_accounts_enter_both(accounts, from, to, dawdle);
}

const struct mill_accounts_ops mill_accounts_unordered = {
    .about =
        {
            .name = "unordered",
            .summary = "two locks in the order of the transfer: deadlocks",
            .source = "the mistake of nested locking without an order",
            .traits = MILL_CONTROL | MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .enter = enter,
    .leave = mill_accounts_leave_both,
};
