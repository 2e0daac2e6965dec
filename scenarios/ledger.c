/* Threads change one state: actors and loops against locks and atomics (rows 24 and 25 of the patterns; the
 * table of guide 5). An operation is an addition to one of the accounts; where it is only sent, its latency
 * is that of sending.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "task/ledger.h"

enum { ACCOUNTS, THINK };

static const struct mill_parameter parameters[] = {
    [ACCOUNTS] = {.name = "accounts",
                  .summary = "accounts, of which each addition takes one at random",
                  .type = MILL_INTEGER,
                  .minimum = 1,
                  .maximum = MILL_LEDGER_ACCOUNTS_MAX,
                  .fallback = 64},
    [THINK] = {.name = "think",
               .summary = "what a thread does between two additions",
               .type = MILL_DURATION,
               .maximum = MILL_NS_PER_S},
};

static int setup(struct mill_case *one)
{
    struct mill_ledger *ledger;
    int status =
        mill_ledger_create(mill_ledger_ops_of(one->strategy), (unsigned)one->values[ACCOUNTS], &ledger);
    one->state = status == 0 ? ledger : NULL;
    return status;
}

static int add_one(struct mill_worker *worker)
{
    struct mill_ledger *ledger = worker->state;
    unsigned account = (unsigned)mill_random_below(&worker->random, ledger->accounts);
    return ledger->ops->add(ledger, account, 1);
}

static void think(struct mill_worker *worker)
{
    mill_spend(worker->clock, (uint64_t)worker->the_case->values[THINK]);
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct mill_ledger *ledger = one->state;
    int64_t total = 0;
    for (unsigned account = 0; account < ledger->accounts; account++) {
        total += ledger->ops->balance(ledger, account);
    }
    if (total != (int64_t)one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " additions of one, but the balances sum to %" PRId64, one->operations,
                         total);
    }
}

static void teardown(struct mill_case *one)
{
    mill_ledger_destroy(one->state);
}

static const struct mill_role roles[] = {
    {.name = "clerk", .summary = "adds one to some account", .operation = add_one, .between = think},
};

const struct mill_scenario mill_scenario_ledger = {
    .name = "ledger",
    .summary = "threads change one state: by messages to its owner, under a lock, or without one",
    .family = &mill_ledger_family,
    .plain = true,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
