/* Random transfers between accounts (row 15 of the patterns): the sum is conserved, no account falls below
 * zero, and no two transfers wait for each other.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "sync/accounts.h"

enum { ACCOUNTS, BALANCE };

static const struct mill_parameter parameters[] = {
    [ACCOUNTS] = {.name = "accounts",
                  .summary = "accounts that money goes between: the fewer, the more often two transfers meet",
                  .type = MILL_INTEGER,
                  .minimum = 2,
                  .maximum = MILL_ACCOUNTS_MAX,
                  .fallback = 3},
    [BALANCE] = {.name = "balance",
                 .summary = "what each account begins with; a transfer is of up to 100",
                 .type = MILL_INTEGER,
                 .minimum = 0,
                 .maximum = 1000000000,
                 .fallback = 1000},
};

/* Of one thread. */
struct teller {
    alignas(MILL_ISOLATION) uint64_t refused; /* transfers of more than there was */
};

struct state {
    struct mill_accounts *accounts;
    char deadlock[256]; /* the circle that the engine's thread found when it ended the run, or "" */
    struct teller tellers[];
};

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->tellers[0]);
    if (!state) {
        return -ENOMEM;
    }
    int status = mill_accounts_create(mill_accounts_ops_of(one->strategy), (unsigned)one->values[ACCOUNTS],
                                      one->values[BALANCE], one->threads, &state->accounts);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

static int transfer(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct mill_accounts *accounts = state->accounts;
    mill_watch_attach(&accounts->watch, worker->index);
    unsigned from = (unsigned)mill_random_below(&worker->random, accounts->count);
    unsigned to = (unsigned)mill_random_below(&worker->random, accounts->count - 1);
    to += to >= from;
    int status = mill_accounts_transfer(accounts, from, to, (int64_t)mill_random_below(&worker->random, 101));
    if (status == -EDEADLK || status == -ECANCELED) {
        return MILL_STOPPED;
    }
    if (status == -ERANGE) {
        state->tellers[worker->index].refused++;
        return MILL_DONE;
    }
    return status;
}

/* Threads in a deadlock stay there until the run is over; this ends it. */
static void interrupt(struct mill_case *one)
{
    struct state *state = one->state;
    mill_watch_break(&state->accounts->watch, state->deadlock, sizeof state->deadlock);
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    int64_t least;
    int64_t sum = mill_accounts_sum(state->accounts, &least);
    int64_t expected = one->values[ACCOUNTS] * one->values[BALANCE];
    if (state->deadlock[0] != '\0') {
        mill_check_found(check, MILL_DEADLOCK, "%s", state->deadlock);
    }
    if (sum != expected) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "the accounts began with %" PRId64 " together and ended with %" PRId64, expected,
                         sum);
    }
    if (least < 0) {
        mill_check_found(check, MILL_CORRUPTION, "an account was overdrawn: %" PRId64, least);
    }
    uint64_t refused = 0;
    for (unsigned i = 0; i < one->threads; i++) {
        refused += state->tellers[i].refused;
    }
    if (one->operations > 0) {
        mill_check_measured(check, "refused", "%", 100.0 * (double)refused / (double)one->operations);
    }
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_accounts_destroy(state->accounts);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "teller", .summary = "moves money from one account to another", .operation = transfer},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "unordered",
     .findings = MILL_DEADLOCK,
     .min_threads = 2,
     .why = "two transfers the opposite way each hold the lock that the other one waits for"},
};

const struct mill_scenario mill_scenario_transfer = {
    .name = "transfer",
    .summary = "money goes between accounts, each under a lock of its own",
    .family = &mill_accounts_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .setup = setup,
    .verify = verify,
    .interrupt = interrupt,
    .teardown = teardown,
};
