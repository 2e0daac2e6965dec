/* Double-checked locking with its order: built first, published by a release, seen by an acquire. */
#include <stdatomic.h>

#include "sync/lazy_list.h"

struct cell {
    atomic_bool built;
};

static void *get(struct mill_lazy *lazy, size_t index)
{
    struct cell *cell = mill_lazy_cell(lazy, index);
    /* acquire: pairs with the release below, so that the object is seen whole */
    if (!atomic_load_explicit(&cell->built, memory_order_acquire)) {
        pthread_mutex_lock(&lazy->mutex);
        if (!atomic_load_explicit(&cell->built, memory_order_relaxed)) { /* ordered by the mutex */
            mill_lazy_build_now(lazy, index);
            atomic_store_explicit(&cell->built, true, memory_order_release);
        }
        pthread_mutex_unlock(&lazy->mutex);
    }
    return mill_lazy_object(lazy, index);
}

const struct mill_lazy_ops mill_lazy_acquire_release = {
    .about =
        {
            .name = "acquire-release",
            .summary = "double-checked locking, published by release and seen by acquire",
            .source = "Schmidt and Harrison 1997, with the order of C11",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct cell),
        },
    .one_lock = true,
    .get = get,
};
