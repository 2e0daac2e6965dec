/* The platform's read-write lock in two kinds: the default, which lets readers pass waiting writers, and the
 * one that does not. */
#include <pthread.h>

#include "core/peer.h"
#include "sync/rwlock_list.h"

struct mill_rwlock {
    pthread_rwlock_t lock;
};

static void destroy(struct mill_rwlock *lock)
{
    pthread_rwlock_destroy(&lock->lock);
}

static void read_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    pthread_rwlock_rdlock(&lock->lock);
}

static bool read_try(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    return pthread_rwlock_tryrdlock(&lock->lock) == 0;
}

static void write_acquire(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    pthread_rwlock_wrlock(&lock->lock);
}

static bool write_try(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    return pthread_rwlock_trywrlock(&lock->lock) == 0;
}

static void release(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    pthread_rwlock_unlock(&lock->lock);
}

static int init(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock)
{
    (void)ops;
    return -pthread_rwlock_init(&lock->lock, NULL);
}

const struct mill_rwlock_ops mill_rwlock_pthread = {
    .about =
        {
            .name = "pthread",
            .summary = "the platform's default: readers pass writers that wait",
            .source = MILL_LIBC_SOURCE ", pthread_rwlock_t",
            .library = MILL_LIBC_LIBRARY,
            .traits = MILL_PARKS | MILL_LIBC_TRAITS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_rwlock),
        },
    .init = init,
    .destroy = destroy,
    .read_acquire = read_acquire,
    .read_try = read_try,
    .read_release = release,
    .write_acquire = write_acquire,
    .write_try = write_try,
    .write_release = release,
};

#ifdef __GLIBC__
#define WRITER_MISSING NULL

static int init_writer(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock)
{
    pthread_rwlockattr_t attributes;
    (void)ops;
    int status = pthread_rwlockattr_init(&attributes);
    if (status == 0) {
        status = pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
        if (status == 0) {
            status = pthread_rwlock_init(&lock->lock, &attributes);
        }
        pthread_rwlockattr_destroy(&attributes);
    }
    return -status;
}
#else
#define init_writer    init
#define WRITER_MISSING "this C library has no PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP: glibc has"
#endif

const struct mill_rwlock_ops mill_rwlock_pthread_writer = {
    .about =
        {
            .name = "pthread-writer",
            .summary = "the platform's lock that keeps new readers out while a writer waits",
            .source = MILL_LIBC_SOURCE ", pthread_rwlock_t of PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP",
            .algorithm = "writer-preferring",
            .library = MILL_LIBC_LIBRARY,
            .missing = WRITER_MISSING,
            .traits = MILL_PARKS | MILL_SERVES_WRITERS | MILL_LIBC_TRAITS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_rwlock),
        },
    .init = init_writer,
    .destroy = destroy,
    .read_acquire = read_acquire,
    .read_try = read_try,
    .read_release = release,
    .write_acquire = write_acquire,
    .write_try = write_try,
    .write_release = release,
};
