/* Nothing at all: what the table call costs. One thread only. */
#include "sync/rwlock_list.h"

struct mill_rwlock {
    char nothing;
};

static void nothing(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)lock;
    (void)me;
}

static bool always(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)lock;
    (void)me;
    return true;
}

const struct mill_rwlock_ops mill_rwlock_none = {
    .about =
        {
            .name = "none",
            .summary = "nothing: shows the cost of the table call itself",
            .source = "the empty strategy",
            .traits = MILL_EMPTY | MILL_ONE_THREAD,
            .progress = MILL_WAIT_FREE,
            .size = sizeof(struct mill_rwlock),
        },
    .read_acquire = nothing,
    .read_try = always,
    .read_release = nothing,
    .write_acquire = nothing,
    .write_try = always,
    .write_release = nothing,
};
