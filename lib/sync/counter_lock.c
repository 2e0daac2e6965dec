/* A plain integer under a lock: one counter for every lock of the list. The default mutex goes by the name of
 * "mutex", every other one by "lock-" and the lock's name.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "core/peer.h"
#include "sync/counter_list.h"

struct mill_counter {
    const struct mill_lock_ops *ops;
    struct mill_lock *lock;
    alignas(
        MILL_ISOLATION) int64_t value; /* protected by `lock`; apart from the pointers, which are only read */
};

static int create(const struct mill_counter_ops *ops, unsigned slots, struct mill_counter **counter)
{
    struct mill_counter *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->ops = ops->lock;
    int status = mill_lock_create_for(made->ops, slots + 1, &made->lock);
    if (status < 0) {
        free(made);
        return status;
    }
    *counter = made;
    return 0;
}

static void destroy(struct mill_counter *counter)
{
    if (counter) {
        mill_lock_destroy(counter->ops, counter->lock);
    }
    free(counter);
}

static void add(struct mill_counter *counter, unsigned slot, int64_t amount)
{
    (void)slot;
    struct mill_lock_context me;
    mill_lock_acquire(counter->ops, counter->lock, &me);
    counter->value += amount;
    mill_lock_release(counter->ops, counter->lock, &me);
}

static int64_t read(struct mill_counter *counter)
{
    struct mill_lock_context me;
    mill_lock_acquire(counter->ops, counter->lock, &me);
    int64_t value = counter->value;
    mill_lock_release(counter->ops, counter->lock, &me);
    return value;
}

#define COUNTER(counter_ident, counter_name, lock_ident, lock_name, peer) \
    const struct mill_counter_ops mill_counter_##counter_ident = {        \
        .about =                                                          \
            {                                                             \
                .name = counter_name,                                     \
                .summary = "a plain integer under the lock " lock_name,   \
                .source = "as the lock " lock_name,                       \
                .library = MILL_##peer##_LIBRARY,                         \
                .missing = MILL_##peer##_MISSING,                         \
                .traits = MILL_##peer##_TRAITS,                           \
                .progress = MILL_BLOCKING,                                \
            },                                                            \
        .lock = &mill_lock_##lock_ident,                                  \
        .create = create,                                                 \
        .destroy = destroy,                                               \
        .add = add,                                                       \
        .read = read,                                                     \
    };
#define LOCK_COUNTER(ident, name, peer) COUNTER(lock_##ident, "lock-" name, ident, name, peer)

COUNTER(mutex, "mutex", pthread, "pthread", LIBC)
MILL_FURTHER_LOCKS(LOCK_COUNTER)
