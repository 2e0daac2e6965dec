/* Plain bytes under a read-write lock: one record for every lock of the list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cacheline.h"
#include "core/peer.h"
#include "sync/record_list.h"

struct mill_record {
    const struct mill_rwlock_ops *ops;
    struct mill_rwlock *lock;
    size_t size;
    alignas(MILL_ISOLATION) unsigned char value[]; /* protected by `lock`; apart from what is only read */
};

static int create(const struct mill_record_ops *ops, size_t size, struct mill_record **record)
{
    struct mill_record *made = mill_isolated_alloc(sizeof *made + size);
    if (!made) {
        return -ENOMEM;
    }
    made->ops = ops->lock;
    made->size = size;
    int status = mill_rwlock_create(made->ops, &made->lock);
    if (status < 0) {
        free(made);
        return status;
    }
    *record = made;
    return 0;
}

static void destroy(struct mill_record *record)
{
    mill_rwlock_destroy(record->ops, record->lock);
    free(record);
}

static void read(struct mill_record *record, void *copy)
{
    struct mill_rwlock_context me;
    mill_rwlock_read_acquire(record->ops, record->lock, &me);
    memcpy(copy, record->value, record->size);
    mill_rwlock_read_release(record->ops, record->lock, &me);
}

static int update(struct mill_record *record, mill_record_change *change, void *argument)
{
    struct mill_rwlock_context me;
    mill_rwlock_write_acquire(record->ops, record->lock, &me);
    change(record->value, argument);
    mill_rwlock_write_release(record->ops, record->lock, &me);
    return 0;
}

#define RECORD(ident, lock_name, peer)                                         \
    const struct mill_record_ops mill_record_rwlock_##ident = {                \
        .about =                                                               \
            {                                                                  \
                .name = "rwlock-" lock_name,                                   \
                .summary = "plain bytes under the read-write lock " lock_name, \
                .source = "as the read-write lock " lock_name,                 \
                .library = MILL_##peer##_LIBRARY,                              \
                .missing = MILL_##peer##_MISSING,                              \
                .traits = MILL_##peer##_TRAITS,                                \
                .progress = MILL_BLOCKING,                                     \
            },                                                                 \
        .lock = &mill_rwlock_##ident,                                          \
        .create = create,                                                      \
        .destroy = destroy,                                                    \
        .read = read,                                                          \
        .update = update,                                                      \
    };
MILL_RIGHT_RWLOCKS(RECORD)
