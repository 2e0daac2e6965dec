#include "sync/lazy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sync/lazy_list.h"

#define STRATEGY(ident) &mill_lazy_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_LAZIES(STRATEGY)};

const struct mill_family mill_lazy_family = {
    .name = "lazy",
    .summary = "objects that are made once, when they are first asked for",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_lazy_ops *mill_lazy_ops_find(const char *name)
{
    return mill_lazy_ops_of(mill_family_find(&mill_lazy_family, name));
}

static size_t round_up(size_t size, size_t alignment)
{
    return (size + alignment - 1) / alignment * alignment;
}

int mill_lazy_create(const struct mill_lazy_ops *ops, const struct mill_lazy_plan *plan,
                     struct mill_lazy **lazy)
{
    if (!ops || !plan || !lazy || plan->cells == 0 || plan->size == 0 || !plan->build ||
        plan->size > MILL_LAZY_BYTES_MAX || plan->cells > MILL_LAZY_BYTES_MAX / plan->size) {
        return -EINVAL;
    }
    if (ops->about.missing) {
        return -ENOTSUP;
    }
    size_t object = round_up(ops->about.size, alignof(max_align_t));
    size_t stride = MILL_ISOLATED_SIZE(object + plan->size);
    struct mill_lazy *made = mill_isolated_alloc(sizeof *made + plan->cells * stride);
    if (!made) {
        return -ENOMEM;
    }
    int status = -pthread_mutex_init(&made->mutex, NULL);
    if (status < 0) {
        free(made);
        return status;
    }
    made->ops = ops;
    made->plan = *plan;
    made->object = object;
    made->stride = stride;
    *lazy = made;
    return 0;
}

void mill_lazy_destroy(struct mill_lazy *lazy)
{
    if (lazy) {
        pthread_mutex_destroy(&lazy->mutex);
    }
    free(lazy);
}

void mill_lazy_renew(struct mill_lazy *lazy)
{
    memset(lazy->memory, 0, lazy->plan.cells * lazy->stride);
}
