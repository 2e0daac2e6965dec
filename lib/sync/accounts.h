/* Accounts with a lock each, and transfers that need two of them (row 15 of the patterns): in which order the
 * two locks are taken is what the strategies differ in.
 *
 *     struct mill_accounts *accounts;
 *     int status = mill_accounts_create(mill_accounts_ops_find("ordered"), 8, 1000, threads, &accounts);
 *
 *     each thread:  mill_watch_attach(&accounts->watch, index);
 *                   status = mill_accounts_transfer(accounts, 3, 7, 250);
 *
 *     mill_accounts_destroy(accounts);
 *
 * A transfer takes both locks, moves the money and gives the locks back: all or nothing, the sum of all
 * accounts never changes, and no account falls below zero. Any attached thread may transfer. The locks can be
 * watched and broken (sync/watched_lock.h): mill_watch_break(&accounts->watch, …) names a deadlock and ends
 * every wait. Blocking.
 */
#ifndef MILL_SYNC_ACCOUNTS_H
#define MILL_SYNC_ACCOUNTS_H

#include <stdint.h>

#include "core/strategy.h"
#include "sync/ranked_lock.h"

#define MILL_ACCOUNTS_MAX 65536u

struct mill_account {
    struct mill_ranked_lock lock; /* protects `balance`; its rank is the account's number */
    int64_t balance;
};

struct mill_accounts_ops;

struct mill_accounts {
    const struct mill_accounts_ops *ops;
    unsigned count;
    struct mill_watch watch;
    struct mill_watched_lock bank; /* protects all balances; of the strategy that has one lock for all */
    struct mill_account account[];
};

struct mill_accounts_ops {
    struct mill_strategy about;
    /* Takes what a transfer between the two needs. `from` and `to` differ and exist. 0 or what the locks
     * said, and then nothing is held. */
    int (*enter)(struct mill_accounts *accounts, unsigned from, unsigned to);
    void (*leave)(struct mill_accounts *accounts, unsigned from, unsigned to);
};

extern const struct mill_family mill_accounts_family;

static inline const struct mill_accounts_ops *mill_accounts_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_accounts_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_accounts_ops *mill_accounts_ops_find(const char *name);

/* `count` accounts of `balance` each, for `threads` threads. 0; -EINVAL (no table, fewer than two accounts or
 * over MILL_ACCOUNTS_MAX, a negative balance or one whose sum is too large, no threads); -ENOMEM. */
int mill_accounts_create(const struct mill_accounts_ops *ops, unsigned count, int64_t balance,
                         unsigned threads, struct mill_accounts **accounts);

/* Nobody uses them any more. NULL is fine. */
void mill_accounts_destroy(struct mill_accounts *accounts);

/* 0; -EINVAL (no such account, twice the same, a negative amount); -ERANGE: `from` has less than that;
 * -EDEADLK, -ECANCELED, -EPERM as from the locks. Nothing was moved unless it is 0. */
int mill_accounts_transfer(struct mill_accounts *accounts, unsigned from, unsigned to, int64_t amount);

/* What all accounts hold together, and the least of them. No transfer is going on. */
int64_t mill_accounts_sum(const struct mill_accounts *accounts, int64_t *least);

#endif
