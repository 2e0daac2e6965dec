/* The platform's mutex in three kinds: the default, the one that spins before it sleeps, and the one that
 * lends its holder the priority of the most urgent waiter (Sha, Rajkumar and Lehoczky 1990), for which every
 * contended acquire and release is the kernel's. */
#include <pthread.h>

#include "core/peer.h"
#include "sync/lock_list.h"
#include "sync/lock_wall_clock.h"

struct mill_lock {
    pthread_mutex_t mutex;
};

static int init_kind(struct mill_lock *lock, int kind, int protocol)
{
    pthread_mutexattr_t attributes;
    int status = pthread_mutexattr_init(&attributes);
    if (status == 0) {
        status = pthread_mutexattr_settype(&attributes, kind);
        if (status == 0) {
            status = pthread_mutexattr_setprotocol(&attributes, protocol);
        }
        if (status == 0) {
            status = pthread_mutex_init(&lock->mutex, &attributes);
        }
        pthread_mutexattr_destroy(&attributes);
    }
    return -status;
}

static void destroy(struct mill_lock *lock)
{
    pthread_mutex_destroy(&lock->mutex);
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    pthread_mutex_lock(&lock->mutex);
}

/* By the wall clock: what waits by another has come late to the C library, to ThreadSanitizer, and with
 * priorities inherited to the kernel. */
static int acquire_until(struct mill_lock *lock, struct mill_lock_context *me, uint64_t deadline)
{
    (void)me;
    int status;
    do {
        struct timespec until = mill_wall_clock_at(deadline);
        status = pthread_mutex_timedlock(&lock->mutex, &until);
    } while (status == ETIMEDOUT && mill_now_ns() < deadline);
    return -status;
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    return pthread_mutex_trylock(&lock->mutex) == 0;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    pthread_mutex_unlock(&lock->mutex);
}

/* All of a lock but how it is made, and its names. */
#define PTHREAD_LOCK(NAME, SUMMARY, SOURCE, MISSING, INIT)                                \
    {                                                                                     \
        .about =                                                                          \
            {                                                                             \
                .name = NAME,                                                             \
                .summary = SUMMARY,                                                       \
                .source = MILL_LIBC_SOURCE ", pthread_mutex_t of " SOURCE,                \
                .algorithm = "parking",                                                   \
                .library = MILL_LIBC_LIBRARY,                                             \
                .missing = MISSING,                                                       \
                .traits = MILL_PARKS | MILL_LIBC_TRAITS,                                  \
                .progress = MILL_BLOCKING,                                                \
                .size = sizeof(struct mill_lock),                                         \
            },                                                                            \
        .init = INIT, .destroy = destroy, .acquire = acquire, .try_acquire = try_acquire, \
        .acquire_until = acquire_until, .release = release,                               \
    }

static int init(struct mill_lock *lock, unsigned threads)
{
    (void)threads;
    return init_kind(lock, PTHREAD_MUTEX_DEFAULT, PTHREAD_PRIO_NONE);
}

const struct mill_lock_ops mill_lock_pthread =
    PTHREAD_LOCK("pthread", "the platform's default mutex", "PTHREAD_MUTEX_DEFAULT", NULL, init);

#ifdef __GLIBC__
#define ADAPTIVE_KIND    PTHREAD_MUTEX_ADAPTIVE_NP
#define ADAPTIVE_MISSING NULL
#else
#define ADAPTIVE_KIND    PTHREAD_MUTEX_DEFAULT
#define ADAPTIVE_MISSING "this C library has no PTHREAD_MUTEX_ADAPTIVE_NP: glibc has"
#endif

static int init_adaptive(struct mill_lock *lock, unsigned threads)
{
    (void)threads;
    return init_kind(lock, ADAPTIVE_KIND, PTHREAD_PRIO_NONE);
}

const struct mill_lock_ops mill_lock_pthread_adaptive =
    PTHREAD_LOCK("pthread-adaptive", "the platform's mutex that spins briefly before it sleeps",
                 "PTHREAD_MUTEX_ADAPTIVE_NP", ADAPTIVE_MISSING, init_adaptive);

static int init_inheriting(struct mill_lock *lock, unsigned threads)
{
    (void)threads;
    return init_kind(lock, PTHREAD_MUTEX_DEFAULT, PTHREAD_PRIO_INHERIT);
}

const struct mill_lock_ops mill_lock_pthread_inherit =
    PTHREAD_LOCK("pthread-inherit", "the platform's mutex that lends its holder a waiter's priority",
                 "PTHREAD_PRIO_INHERIT; Sha et al. 1990", NULL, init_inheriting);
