/* The record behind a sequence lock (seqlock.h). Writers take a mutex, change a copy of their own, and write
 * it out word by word. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/record_list.h"
#include "sync/seqlock.h"

struct mill_record {
    size_t size;
    unsigned char *copy; /* the writers'; protected by `mutex` */
    alignas(MILL_ISOLATION) pthread_mutex_t mutex;
    alignas(MILL_ISOLATION) struct mill_seqlock lock;
    _Atomic(uint64_t) words[];
};

static int create(const struct mill_record_ops *ops, size_t size, struct mill_record **record)
{
    (void)ops;
    struct mill_record *made =
        mill_isolated_alloc(sizeof *made + MILL_SEQLOCK_WORDS(size) * sizeof(uint64_t));
    unsigned char *copy = calloc(1, size);
    int status = made && copy ? -pthread_mutex_init(&made->mutex, NULL) : -ENOMEM;
    if (status < 0) {
        free(made);
        free(copy);
        return status;
    }
    made->size = size;
    made->copy = copy;
    *record = made;
    return 0;
}

static void destroy(struct mill_record *record)
{
    pthread_mutex_destroy(&record->mutex);
    free(record->copy);
    free(record);
}

static void read(struct mill_record *record, void *copy)
{
    mill_seqlock_read(&record->lock, record->words, copy, record->size);
}

static int update(struct mill_record *record, mill_record_change *change, void *argument)
{
    pthread_mutex_lock(&record->mutex);
    change(record->copy, argument);
    mill_seqlock_write(&record->lock, record->words, record->copy, record->size);
    pthread_mutex_unlock(&record->mutex);
    return 0;
}

const struct mill_record_ops mill_record_seqlock = {
    .about =
        {
            .name = "seqlock",
            .summary = "readers take no lock, and read again if a writer was there meanwhile",
            .source = "Lameter 2005; Boehm 2012",
            .traits = MILL_SPINS,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .read = read,
    .update = update,
};
