#include "sync/accounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "sync/accounts_list.h"

#define STRATEGY(ident) &mill_accounts_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_ACCOUNTS(STRATEGY)};

const struct mill_family mill_accounts_family = {
    .name = "accounts",
    .summary = "transfers between accounts that have a lock each",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_accounts_ops *mill_accounts_ops_find(const char *name)
{
    return mill_accounts_ops_of(mill_family_find(&mill_accounts_family, name));
}

static int open_accounts(struct mill_accounts *accounts, int64_t balance)
{
    char name[MILL_WATCH_NAME_MAX + 1];
    int status = mill_watched_lock_init(&accounts->bank, &accounts->watch, "the bank");
    for (unsigned i = 0; status == 0 && i < accounts->count; i++) {
        struct mill_account *account = &accounts->account[i];
        account->balance = balance;
        snprintf(name, sizeof name, "account %u", i);
        status = mill_ranked_lock_init(&account->lock, &accounts->watch, name, i);
    }
    return status;
}

int mill_accounts_create(const struct mill_accounts_ops *ops, unsigned count, int64_t balance,
                         unsigned threads, struct mill_accounts **accounts)
{
    if (!ops || !accounts || count < 2 || count > MILL_ACCOUNTS_MAX || balance < 0 ||
        balance > INT64_MAX / count) {
        return -EINVAL;
    }
    struct mill_accounts *made = mill_isolated_alloc(sizeof *made + count * sizeof made->account[0]);
    if (!made) {
        return -ENOMEM;
    }
    made->ops = ops;
    made->count = count;
    int status = mill_watch_open(&made->watch, threads);
    if (status < 0) {
        free(made);
        return status;
    }
    status = open_accounts(made, balance);
    if (status < 0) {
        mill_accounts_destroy(made);
        return status;
    }
    *accounts = made;
    return 0;
}

void mill_accounts_destroy(struct mill_accounts *accounts)
{
    if (accounts) {
        mill_watch_close(&accounts->watch);
    }
    free(accounts);
}

int mill_accounts_transfer(struct mill_accounts *accounts, unsigned from, unsigned to, int64_t amount)
{
    if (from == to || from >= accounts->count || to >= accounts->count || amount < 0) {
        return -EINVAL;
    }
    int status = accounts->ops->enter(accounts, from, to);
    if (status < 0) {
        return status;
    }
    if (accounts->account[from].balance < amount) {
        status = -ERANGE;
    } else {
        accounts->account[from].balance -= amount;
        accounts->account[to].balance += amount;
    }
    accounts->ops->leave(accounts, from, to);
    return status;
}

int64_t mill_accounts_sum(const struct mill_accounts *accounts, int64_t *least)
{
    int64_t sum = 0;
    *least = accounts->account[0].balance;
    for (unsigned i = 0; i < accounts->count; i++) {
        int64_t balance = accounts->account[i].balance;
        sum += balance;
        *least = balance < *least ? balance : *least;
    }
    return sum;
}

int mill_accounts_enter_both(struct mill_accounts *accounts, unsigned first, unsigned second,
                             void (*between)(void))
{
    int status = mill_watched_lock_acquire(&accounts->account[first].lock.watched);
    if (status < 0) {
        return status;
    }
    if (between) {
        between();
    }
    status = mill_watched_lock_acquire(&accounts->account[second].lock.watched);
    if (status < 0) {
        mill_watched_lock_release(&accounts->account[first].lock.watched);
    }
    return status;
}

void mill_accounts_leave_both(struct mill_accounts *accounts, unsigned from, unsigned to)
{
    mill_watched_lock_release(&accounts->account[from].lock.watched);
    mill_watched_lock_release(&accounts->account[to].lock.watched);
}
