/* The lock, each time: right, and what the double check is there to save. */
#include "sync/lazy_list.h"

struct cell {
    bool built; /* protected by the mutex */
};

static void *get(struct mill_lazy *lazy, size_t index)
{
    struct cell *cell = mill_lazy_cell(lazy, index);
    pthread_mutex_lock(&lazy->mutex);
    if (!cell->built) {
        mill_lazy_build_now(lazy, index);
        cell->built = true;
    }
    pthread_mutex_unlock(&lazy->mutex);
    return mill_lazy_object(lazy, index);
}

const struct mill_lazy_ops mill_lazy_locked = {
    .about =
        {
            .name = "locked",
            .summary = "a mutex around every look",
            .source = "threadmill",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct cell),
        },
    .one_lock = true,
    .get = get,
};
