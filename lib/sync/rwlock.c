#include "sync/rwlock.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/rwlock_check.h"
#include "sync/rwlock_list.h"

#define STRATEGY(ident, name, peer) &mill_rwlock_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_RWLOCKS(STRATEGY)};

const struct mill_family mill_rwlock_family = {
    .name = "rwlock",
    .summary = "many readers at once, or one writer",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_rwlock_ops *mill_rwlock_ops_find(const char *name)
{
    return mill_rwlock_ops_of(mill_family_find(&mill_rwlock_family, name));
}

int mill_rwlock_create(const struct mill_rwlock_ops *ops, struct mill_rwlock **lock)
{
    if (ops->about.missing) {
        return -ENOTSUP;
    }
    unsigned char *block = mill_isolated_alloc(MILL_RWLOCK_CHECK_SIZE + ops->about.size);
    if (!block) {
        return -ENOMEM;
    }
    struct mill_rwlock *made = (struct mill_rwlock *)(void *)(block + MILL_RWLOCK_CHECK_SIZE);
    int status = ops->init ? ops->init(ops, made) : 0;
    if (status < 0) {
        free(block);
        return status;
    }
    *lock = made;
    return 0;
}

void mill_rwlock_destroy(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock)
{
    if (!lock) {
        return;
    }
    if (MILL_CHECKED) {
        mill_rwlock_check_is_free(ops, lock);
    }
    if (ops->destroy) {
        ops->destroy(lock);
    }
    free((unsigned char *)lock - MILL_RWLOCK_CHECK_SIZE);
}
