/* A record that many read and few change (row 14 of the patterns): what a read-write lock is mostly used for,
 * and what can also be had without one.
 *
 *     const struct mill_record_ops *ops = mill_record_ops_find("seqlock");
 *     struct mill_record *record;
 *     int status = mill_record_create(ops, sizeof(struct settings), &record);
 *
 *     any thread:   ops->read(record, &copy);                         whole, as it was at one moment
 *     any thread:   ops->update(record, set_speed, &speed);           set_speed(value, &speed) changes it
 *
 *     mill_record_destroy(ops, record);
 *
 * It is zeroed at first. Updates come one after the other; each works on what the one before left, and is
 * seen whole or not at all by every read. A read that begins after an update has returned sees it, and who
 * has read what an update left sees all that was written before, by `change` or ahead of the update. `change`
 * is called once for each update, may be called on a copy, calls nothing of the record, and does not block.
 *
 *   mutex            one lock for readers and writers
 *   rwlock-NAME      under the read-write lock of that name (rwlock.h)
 *   seqlock          readers take no lock, and read again if a writer was there meanwhile (seqlock.h)
 *   urcu             readers find the latest copy by a pointer; writers make a new one, and wait for readers
 *                    of old ones once in a while
 *   unprotected      a mistake: plain reads and writes
 *
 * Reads are blocking, except urcu's, which are wait-free. Updates are blocking.
 */
#ifndef MILL_SYNC_RECORD_H
#define MILL_SYNC_RECORD_H

#include <stddef.h>

#include "core/strategy.h"

#define MILL_RECORD_SIZE_MAX 65536

struct mill_record; /* each strategy's own */
struct mill_rwlock_ops;

typedef void mill_record_change(void *value, void *argument);

struct mill_record_ops {
    struct mill_strategy about;
    const struct mill_rwlock_ops *lock; /* of those under one */
    int (*create)(const struct mill_record_ops *ops, size_t size, struct mill_record **record);
    void (*destroy)(struct mill_record *record); /* nobody uses it */
    void (*read)(struct mill_record *record, void *copy);
    /* 0, or -ENOMEM of a strategy that makes copies; nothing has changed then. */
    int (*update)(struct mill_record *record, mill_record_change *change, void *argument);
};

extern const struct mill_family mill_record_family;

/* The table behind a strategy of mill_record_family. */
static inline const struct mill_record_ops *mill_record_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_record_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_record_ops *mill_record_ops_find(const char *name);

/* 0; -EINVAL (no size, or more than MILL_RECORD_SIZE_MAX); -ENOMEM; -ENOTSUP where the strategy is missing in
 * this build; or what create says. */
int mill_record_create(const struct mill_record_ops *ops, size_t size, struct mill_record **record);

/* NULL is fine. */
void mill_record_destroy(const struct mill_record_ops *ops, struct mill_record *record);

#endif
