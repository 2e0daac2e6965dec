/* Ledgers whose callers change the balances themselves: without any care (for one thread), under a mutex, and
 * by atomic additions.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "task/ledger_list.h"

struct shared {
    struct mill_ledger ledger;
    alignas(MILL_ISOLATION) pthread_mutex_t mutex; /* protects the balances, in the ledger that has it */
    union {
        int64_t plain;
        _Atomic int64_t atomic;
    } balances[];
};

static struct shared *shared_of(struct mill_ledger *ledger)
{
    return (struct shared *)ledger;
}

static int create(unsigned accounts, struct mill_ledger **ledger)
{
    struct shared *made = mill_isolated_alloc(sizeof *made + accounts * sizeof made->balances[0]);
    if (!made) {
        return -ENOMEM;
    }
    int status = pthread_mutex_init(&made->mutex, NULL);
    if (status != 0) {
        free(made);
        return -status;
    }
    *ledger = &made->ledger;
    return 0;
}

static void destroy(struct mill_ledger *ledger)
{
    pthread_mutex_destroy(&shared_of(ledger)->mutex);
    free(ledger);
}

/* ---- one thread ---- */

static int plain_add(struct mill_ledger *ledger, unsigned account, int32_t amount)
{
    shared_of(ledger)->balances[account].plain += amount;
    return 0;
}

static int64_t plain_balance(struct mill_ledger *ledger, unsigned account)
{
    return shared_of(ledger)->balances[account].plain;
}

const struct mill_ledger_ops mill_ledger_one_thread = {
    .about =
        {
            .name = "one-thread",
            .summary = "plain arithmetic; right for one thread, and the measure of all others",
            .source = "guide 5: single thread",
            .traits = MILL_ONE_THREAD,
            .progress = MILL_WAIT_FREE,
        },
    .create = create,
    .destroy = destroy,
    .add = plain_add,
    .balance = plain_balance,
};

/* ---- under a mutex ---- */

static int locked_add(struct mill_ledger *ledger, unsigned account, int32_t amount)
{
    struct shared *shared = shared_of(ledger);
    pthread_mutex_lock(&shared->mutex);
    shared->balances[account].plain += amount;
    pthread_mutex_unlock(&shared->mutex);
    return 0;
}

static int64_t locked_balance(struct mill_ledger *ledger, unsigned account)
{
    struct shared *shared = shared_of(ledger);
    pthread_mutex_lock(&shared->mutex);
    int64_t balance = shared->balances[account].plain;
    pthread_mutex_unlock(&shared->mutex);
    return balance;
}

const struct mill_ledger_ops mill_ledger_mutex = {
    .about =
        {
            .name = "mutex",
            .summary = "every change under one mutex",
            .source = "guide 5: mutex/lock",
            .traits = MILL_PARKS | MILL_PTHREADS,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .add = locked_add,
    .balance = locked_balance,
};

/* ---- without a lock ---- */

/* relaxed, as in counter_atomic.c: a balance orders nothing but itself */
static int atomic_add(struct mill_ledger *ledger, unsigned account, int32_t amount)
{
    atomic_fetch_add_explicit(&shared_of(ledger)->balances[account].atomic, amount, memory_order_relaxed);
    return 0;
}

static int64_t atomic_balance(struct mill_ledger *ledger, unsigned account)
{
    return atomic_load_explicit(&shared_of(ledger)->balances[account].atomic, memory_order_relaxed);
}

const struct mill_ledger_ops mill_ledger_atomic = {
    .about =
        {
            .name = "atomic",
            .summary = "each balance changed by one atomic addition",
            .source = "guide 5: lock-free",
            .progress = MILL_WAIT_FREE,
        },
    .create = create,
    .destroy = destroy,
    .add = atomic_add,
    .balance = atomic_balance,
};
