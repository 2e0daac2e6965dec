/* The platform's spin lock. glibc's swaps once, then spins on a plain read between two attempts, without a
 * pause and without a bound. */
#include <pthread.h>

#include "core/peer.h"
#include "sync/lock_list.h"

struct mill_lock {
    pthread_spinlock_t word;
};

static int init(struct mill_lock *lock, unsigned threads)
{
    (void)threads;
    return -pthread_spin_init(&lock->word, PTHREAD_PROCESS_PRIVATE);
}

static void destroy(struct mill_lock *lock)
{
    pthread_spin_destroy(&lock->word);
}

static void acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    pthread_spin_lock(&lock->word);
}

static bool try_acquire(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    return pthread_spin_trylock(&lock->word) == 0;
}

static void release(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)me;
    pthread_spin_unlock(&lock->word);
}

const struct mill_lock_ops mill_lock_pthread_spin = {
    .about =
        {
            .name = "pthread-spin",
            .summary = "the platform's spin lock",
            .source = MILL_LIBC_SOURCE ", pthread_spinlock_t",
            .algorithm = "ttas",
            .library = MILL_LIBC_LIBRARY,
            .traits = MILL_SPINS | MILL_LIBC_TRAITS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct mill_lock),
        },
    .init = init,
    .destroy = destroy,
    .acquire = acquire,
    .try_acquire = try_acquire,
    .release = release,
};
