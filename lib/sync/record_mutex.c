/* Plain bytes under one lock for readers and writers, and the control that has none. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cacheline.h"
#include "sync/lock_list.h"
#include "sync/record_list.h"

struct mill_record {
    struct mill_lock *lock; /* NULL: the control */
    size_t size;
    alignas(MILL_ISOLATION) unsigned char value[]; /* protected by `lock`; apart from what is only read */
};

static int create_without(const struct mill_record_ops *ops, size_t size, struct mill_record **record)
{
    (void)ops;
    struct mill_record *made = mill_isolated_alloc(sizeof *made + size);
    if (!made) {
        return -ENOMEM;
    }
    made->size = size;
    *record = made;
    return 0;
}

static int create(const struct mill_record_ops *ops, size_t size, struct mill_record **record)
{
    int status = create_without(ops, size, record);
    if (status == 0) {
        status = mill_lock_create(&mill_lock_pthread, &(*record)->lock);
        if (status < 0) {
            free(*record);
        }
    }
    return status;
}

static void destroy(struct mill_record *record)
{
    mill_lock_destroy(&mill_lock_pthread, record->lock);
    free(record);
}

static void read_plainly(struct mill_record *record, void *copy)
{
    memcpy(copy, record->value, record->size);
}

static int update_plainly(struct mill_record *record, mill_record_change *change, void *argument)
{
    change(record->value, argument);
    return 0;
}

static void read(struct mill_record *record, void *copy)
{
    struct mill_lock_context me;
    mill_lock_acquire(&mill_lock_pthread, record->lock, &me);
    read_plainly(record, copy);
    mill_lock_release(&mill_lock_pthread, record->lock, &me);
}

static int update(struct mill_record *record, mill_record_change *change, void *argument)
{
    struct mill_lock_context me;
    mill_lock_acquire(&mill_lock_pthread, record->lock, &me);
    update_plainly(record, change, argument);
    mill_lock_release(&mill_lock_pthread, record->lock, &me);
    return 0;
}

const struct mill_record_ops mill_record_mutex = {
    .about =
        {
            .name = "mutex",
            .summary = "plain bytes under the platform's mutex, for readers and writers alike",
            .source = "as the lock pthread",
            .traits = MILL_PARKS | MILL_PTHREADS,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .read = read,
    .update = update,
};

const struct mill_record_ops mill_record_unprotected = {
    .about =
        {
            .name = "unprotected",
            .summary = "a mistake: plain reads and writes, and no lock",
            .source = "a control",
            .traits = MILL_CONTROL | MILL_PTHREADS,
            .progress = MILL_WAIT_FREE,
        },
    .create = create_without,
    .destroy = destroy,
    .read = read_plainly,
    .update = update_plainly,
};
