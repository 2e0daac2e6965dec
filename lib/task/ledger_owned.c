/* Ledgers that one thread owns, and whose callers send it what is to be done: an actor that is asked (each
 * addition waits until it is done) or told (it waits for room in the mailbox alone), and an event loop that
 * is called.
 *
 * A message to the actor is a number: the amount, the account, and whether the balance is wanted instead.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "task/actor.h"
#include "task/ledger_list.h"
#include "task/loop.h"

enum {
    MAILBOX = 1024,
};

struct owned {
    struct mill_ledger ledger;
    struct mill_actor *actor;
    struct mill_loop *loop;
    alignas(MILL_ISOLATION) int64_t shown; /* the owner's: the balance that was asked for last */
    int64_t balances[];                    /* the owner's */
};

static struct owned *owned_of(struct mill_ledger *ledger)
{
    return (struct owned *)ledger;
}

static struct owned *make(unsigned accounts)
{
    struct owned *made = NULL;
    return mill_isolated_alloc(sizeof *made + accounts * sizeof made->balances[0]);
}

/* ---- an actor ---- */

#define AMOUNT_SHIFT  32
#define ACCOUNT_SHIFT 2
#define ACCOUNT_MASK  0xffffu
#define SHOW          2u

/* Even, and not NULL: an amount has the maximum added to it. */
static void *addition(unsigned account, int32_t amount)
{
    uint64_t biased = (uint64_t)((int64_t)amount + MILL_LEDGER_AMOUNT_MAX + 1);
    return (void *)(uintptr_t)(biased << AMOUNT_SHIFT | (uint64_t)account << ACCOUNT_SHIFT);
}

static int receive(void *state, void *message)
{
    struct owned *owned = state;
    uint64_t bits = (uintptr_t)message;
    unsigned account = (unsigned)(bits >> ACCOUNT_SHIFT) & ACCOUNT_MASK;
    if (bits & SHOW) {
        owned->shown = owned->balances[account];
    } else {
        owned->balances[account] += (int64_t)(bits >> AMOUNT_SHIFT) - MILL_LEDGER_AMOUNT_MAX - 1;
    }
    return 0;
}

static int create_actor(unsigned accounts, struct mill_ledger **ledger)
{
    struct owned *made = make(accounts);
    if (!made) {
        return -ENOMEM;
    }
    int status = mill_actor_start(
        &made->actor, &(struct mill_actor_options){
                          .name = "ledger", .receive = receive, .state = made, .capacity = MAILBOX});
    if (status < 0) {
        free(made);
        return status;
    }
    *ledger = &made->ledger;
    return 0;
}

static void destroy_actor(struct mill_ledger *ledger)
{
    mill_actor_stop(&owned_of(ledger)->actor, MILL_FOREVER);
    free(ledger);
}

static int ask_to_add(struct mill_ledger *ledger, unsigned account, int32_t amount)
{
    int result;
    int status = mill_actor_ask(owned_of(ledger)->actor, addition(account, amount), MILL_FOREVER, &result);
    return status < 0 ? status : result;
}

static int tell_to_add(struct mill_ledger *ledger, unsigned account, int32_t amount)
{
    return mill_actor_tell(owned_of(ledger)->actor, addition(account, amount), MILL_FOREVER);
}

/* The answer orders what the actor wrote before what is read here; one thread at a time asks for balances. */
static int64_t ask_for_balance(struct mill_ledger *ledger, unsigned account)
{
    struct owned *owned = owned_of(ledger);
    void *question = (void *)((uintptr_t)addition(account, 0) | SHOW);
    while (mill_actor_ask(owned->actor, question, MILL_FOREVER, NULL) == -ENOMEM) {
    }
    return owned->shown;
}

const struct mill_ledger_ops mill_ledger_actor_ask = {
    .about =
        {
            .name = "actor-ask",
            .summary = "an actor owns the balances; each addition waits for its answer",
            .source = "Hewitt, Bishop and Steiger, A Universal Modular ACTOR Formalism, 1973; guide 5",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .create = create_actor,
    .destroy = destroy_actor,
    .add = ask_to_add,
    .balance = ask_for_balance,
};

const struct mill_ledger_ops mill_ledger_actor_tell = {
    .about =
        {
            .name = "actor-tell",
            .summary = "an actor owns the balances; additions are sent and not waited for",
            .source = "Hewitt, Bishop and Steiger, A Universal Modular ACTOR Formalism, 1973; guide 5",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .create = create_actor,
    .destroy = destroy_actor,
    .add = tell_to_add,
    .balance = ask_for_balance,
};

/* ---- an event loop ---- */

struct entry {
    struct owned *owned;
    unsigned account;
    int32_t amount;
    int64_t balance;
};

static void enter(void *argument)
{
    struct entry *entry = argument;
    entry->owned->balances[entry->account] += entry->amount;
    entry->balance = entry->owned->balances[entry->account];
}

static int create_loop(unsigned accounts, struct mill_ledger **ledger)
{
    struct owned *made = make(accounts);
    if (!made) {
        return -ENOMEM;
    }
    int status = mill_loop_start(&made->loop, "ledger");
    if (status < 0) {
        free(made);
        return status;
    }
    *ledger = &made->ledger;
    return 0;
}

static void destroy_loop(struct mill_ledger *ledger)
{
    mill_loop_stop(&owned_of(ledger)->loop, MILL_FOREVER);
    free(ledger);
}

static int call_to_add(struct mill_ledger *ledger, unsigned account, int32_t amount)
{
    struct entry entry = {owned_of(ledger), account, amount, 0};
    return mill_loop_call(entry.owned->loop, enter, &entry, MILL_FOREVER);
}

static int64_t call_for_balance(struct mill_ledger *ledger, unsigned account)
{
    struct entry entry = {owned_of(ledger), account, 0, 0};
    while (mill_loop_call(entry.owned->loop, enter, &entry, MILL_FOREVER) == -ENOMEM) {
    }
    return entry.balance;
}

const struct mill_ledger_ops mill_ledger_loop_call = {
    .about =
        {
            .name = "loop-call",
            .summary = "an event loop owns the balances; each addition is posted and waited for",
            .source = "guide 1: post to the owner thread; libuv's loop",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .create = create_loop,
    .destroy = destroy_loop,
    .add = call_to_add,
    .balance = call_for_balance,
};
