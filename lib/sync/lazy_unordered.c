/* Double-checked locking without order, as the guide's singleton has it: the instance is published where it
 * is allocated, and built afterwards. The first look is outside the lock, so others take it half-built; and
 * both are plain accesses, which would let the compiler and a processor with a weak order do the same to a
 * program that builds first. Kept on purpose.
 */
#include "sync/lazy_list.h"

struct cell {
    void *instance; /* written under the mutex, read without it */
};

static void *get(struct mill_lazy *lazy, size_t index)
{
    struct cell *cell = mill_lazy_cell(lazy, index);
    if (!cell->instance) {
        pthread_mutex_lock(&lazy->mutex);
        if (!cell->instance) {
            cell->instance = mill_lazy_object(lazy, index);
            mill_lazy_build_now(lazy, index);
        }
        pthread_mutex_unlock(&lazy->mutex);
    }
    return cell->instance;
}

const struct mill_lazy_ops mill_lazy_unordered = {
    .about =
        {
            .name = "unordered",
            .summary = "double-checked locking without order: published before it is built",
            .source =
                "the mistake of Bacon et al., The \"Double-Checked Locking is Broken\" Declaration, 2000",
            .traits = MILL_CONTROL | MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct cell),
        },
    .one_lock = true,
    .get = get,
};
