#include "sync/condvar.h"

#include <errno.h>

#include "sync/condvar_list.h"

#define STRATEGY(ident) &mill_condvar_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_CONDVARS(STRATEGY)};

const struct mill_family mill_condvar_family = {
    .name = "condvar",
    .summary = "threads sleep under a mutex until another one has changed something",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_condvar_ops *mill_condvar_ops_find(const char *name)
{
    return mill_condvar_ops_of(mill_family_find(&mill_condvar_family, name));
}

int mill_condvar_create(const struct mill_condvar_ops *ops, struct mill_condvar **condvar)
{
    if (!ops || !condvar) {
        return -EINVAL;
    }
    if (ops->about.missing) {
        return -ENOTSUP;
    }
    int status = ops->create(condvar);
    if (status == 0) {
        (*condvar)->ops = ops;
    }
    return status;
}

void mill_condvar_destroy(struct mill_condvar *condvar)
{
    if (condvar) {
        condvar->ops->destroy(condvar);
    }
}
