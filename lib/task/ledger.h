/* One state that many threads change, kept in different ways (rows 24 and 25 of the patterns; the table of
 * guide 5: one thread, a lock, lock-free, an actor): accounts with balances.
 *
 *     const struct mill_ledger_ops *ops = mill_ledger_ops_find("actor-tell");
 *     struct mill_ledger *ledger;
 *     int status = mill_ledger_create(ops, 16, &ledger);
 *     status = ops->add(ledger, account, 1);
 *     int64_t balance = ops->balance(ledger, account);
 *     mill_ledger_destroy(ledger);
 *
 * Any number of threads may add. `balance` is exact for all that the caller added before, or that was ordered
 * before the call. Where a ledger has a thread of its own, an addition waits while its mailbox is full.
 * Progress is in about.progress.
 */
#ifndef MILL_TASK_LEDGER_H
#define MILL_TASK_LEDGER_H

#include <stdint.h>

#include "core/strategy.h"

#define MILL_LEDGER_ACCOUNTS_MAX 4096u
#define MILL_LEDGER_AMOUNT_MAX   (1 << 20) /* of one addition, either way */

struct mill_ledger_ops;

/* How every strategy's own ledger begins. */
struct mill_ledger {
    const struct mill_ledger_ops *ops;
    unsigned accounts;
};

struct mill_ledger_ops {
    struct mill_strategy about;
    int (*create)(unsigned accounts, struct mill_ledger **ledger); /* 0 or a negative errno */
    void (*destroy)(struct mill_ledger *ledger);
    int (*add)(struct mill_ledger *ledger, unsigned account, int32_t amount); /* 0 or a negative errno */
    int64_t (*balance)(struct mill_ledger *ledger, unsigned account);
};

extern const struct mill_family mill_ledger_family;

static inline const struct mill_ledger_ops *mill_ledger_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_ledger_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_ledger_ops *mill_ledger_ops_find(const char *name);

/* 0; -EINVAL (no table, accounts 0 or over MILL_LEDGER_ACCOUNTS_MAX); -ENOMEM, -EAGAIN. */
int mill_ledger_create(const struct mill_ledger_ops *ops, unsigned accounts, struct mill_ledger **ledger);

/* Nobody uses it any more. NULL is fine. */
void mill_ledger_destroy(struct mill_ledger *ledger);

#endif
