#include "sync/lock.h"

#include <errno.h>
#include <stdlib.h>

#include "sync/lock_list.h"

#define STRATEGY(ident, name, peer) &mill_lock_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_LOCKS(STRATEGY)};

const struct mill_family mill_lock_family = {
    .name = "lock",
    .summary = "mutual exclusion between threads",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_lock_ops *mill_lock_ops_find(const char *name)
{
    return mill_lock_ops_of(mill_family_find(&mill_lock_family, name));
}

int mill_lock_create(const struct mill_lock_ops *ops, struct mill_lock **lock)
{
    if (ops->about.missing) {
        return -ENOTSUP;
    }
    struct mill_lock *made = mill_isolated_alloc(ops->about.size);
    if (!made) {
        return -ENOMEM;
    }
    int status = ops->init ? ops->init(made) : 0;
    if (status < 0) {
        free(made);
        return status;
    }
    *lock = made;
    return 0;
}

void mill_lock_destroy(const struct mill_lock_ops *ops, struct mill_lock *lock)
{
    if (lock && ops->destroy) {
        ops->destroy(lock);
    }
    free(lock);
}
