#include "sync/lock.h"

#include <errno.h>
#include <stdlib.h>

#include "sync/lock_check.h"
#include "sync/lock_list.h"

#define STRATEGY(ident, name, peer) &mill_lock_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_LOCKS(STRATEGY) MILL_BROKEN_LOCKS(STRATEGY)};

/* One or two of each way to wait, and what they are read against. Not missing-wake: a sample of it takes the
 * watchdog's time. */
static const char *const usual[] = {"none", "pthread", "pthread-adaptive", "futex",         "nsync",
                                    "ttas", "ck-cas",  "ttas-backoff",     "ticket",        "ck-ticket",
                                    "mcs",  "ck-mcs",  "early-release",    "missing-fence", NULL};

const struct mill_family mill_lock_family = {
    .name = "lock",
    .summary = "mutual exclusion between threads",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
    .usual = usual,
};

const struct mill_lock_ops *mill_lock_ops_find(const char *name)
{
    return mill_lock_ops_of(mill_family_find(&mill_lock_family, name));
}

/* Bytes of a lock for `threads`, a power of two. */
static size_t size_for(const struct mill_strategy *about, unsigned threads)
{
    return about->size + (about->traits & MILL_BOUNDED ? threads * about->size_each : 0);
}

static unsigned power_of_two_from(unsigned threads)
{
    unsigned power = 1;
    while (power < threads) {
        power *= 2;
    }
    return power;
}

static bool fits(unsigned threads)
{
    return threads > 0 && threads <= MILL_LOCK_THREADS_MAX;
}

size_t mill_lock_size(const struct mill_lock_ops *ops, unsigned threads)
{
    return fits(threads) && !ops->about.missing ? size_for(&ops->about, power_of_two_from(threads)) : 0;
}

size_t mill_lock_waiter_size(const struct mill_lock_ops *ops)
{
    return ops->about.traits & MILL_BOUNDED ? 0 : ops->about.size_each;
}

int mill_lock_create_for(const struct mill_lock_ops *ops, unsigned threads, struct mill_lock **lock)
{
    if (!fits(threads)) {
        return -EINVAL;
    }
    if (ops->about.missing) {
        return -ENOTSUP;
    }
    unsigned places = power_of_two_from(threads);
    unsigned char *block = mill_isolated_alloc(MILL_LOCK_CHECK_SIZE + size_for(&ops->about, places));
    if (!block) {
        return -ENOMEM;
    }
    if (MILL_CHECKED) {
        ((struct mill_lock_check *)(void *)block)->threads = threads;
    }
    struct mill_lock *made = (struct mill_lock *)(void *)(block + MILL_LOCK_CHECK_SIZE);
    int status = ops->init ? ops->init(made, places) : 0;
    if (status < 0) {
        free(block);
        return status;
    }
    *lock = made;
    return 0;
}

int mill_lock_create(const struct mill_lock_ops *ops, struct mill_lock **lock)
{
    return mill_lock_create_for(ops, MILL_LOCK_THREADS, lock);
}

void mill_lock_destroy(const struct mill_lock_ops *ops, struct mill_lock *lock)
{
    if (!lock) {
        return;
    }
    if (MILL_CHECKED) {
        mill_lock_check_is_free(ops, lock);
    }
    if (ops->destroy) {
        ops->destroy(lock);
    }
    free((unsigned char *)lock - MILL_LOCK_CHECK_SIZE);
}
