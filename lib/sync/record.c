#include "sync/record.h"

#include <errno.h>

#include "sync/record_list.h"

#define STRATEGY(ident, name, peer)        &mill_record_##ident.about,
#define LOCKED_STRATEGY(ident, name, peer) &mill_record_rwlock_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_OTHER_RECORDS(STRATEGY)
                                                             MILL_RIGHT_RWLOCKS(LOCKED_STRATEGY)};

const struct mill_family mill_record_family = {
    .name = "record",
    .summary = "a value that many read and few change",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_record_ops *mill_record_ops_find(const char *name)
{
    return mill_record_ops_of(mill_family_find(&mill_record_family, name));
}

int mill_record_create(const struct mill_record_ops *ops, size_t size, struct mill_record **record)
{
    if (size == 0 || size > MILL_RECORD_SIZE_MAX) {
        return -EINVAL;
    }
    return ops->about.missing ? -ENOTSUP : ops->create(ops, size, record);
}

void mill_record_destroy(const struct mill_record_ops *ops, struct mill_record *record)
{
    if (record) {
        ops->destroy(record);
    }
}
