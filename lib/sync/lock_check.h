/* What a checked build knows of each lock (lock.h): it stands in front of the lock's own memory. And the end
 * that misuse comes to, in any build that notices it. For lock.c, the strategies and rwlock_check.c.
 */
#ifndef MILL_SYNC_LOCK_CHECK_H
#define MILL_SYNC_LOCK_CHECK_H

#include <stdatomic.h>

#include "sync/lock.h"

/* Everything is relaxed: it must not order what the lock should. */
struct mill_lock_check {
    alignas(MILL_ISOLATION) atomic_int holder;       /* as the system numbers threads; 0: none */
    const struct mill_lock_context *_Atomic context; /* that it acquired with */
    atomic_uint users;                               /* hold it or wait for it */
    unsigned threads;                                /* that the lock was built for; only read once it is */
};

/* Bytes in front of a lock. */
#define MILL_LOCK_CHECK_SIZE (MILL_CHECKED ? sizeof(struct mill_lock_check) : 0)

/* Before destroy. */
void mill_lock_check_is_free(const struct mill_lock_ops *ops, struct mill_lock *lock);

/* The calling thread, as the system numbers them. Asked of the system once a thread. */
int mill_lock_check_self(void);

/* "thread 123 (name)", or "nobody" for 0. */
struct mill_lock_thread_words {
    char text[64];
};

struct mill_lock_thread_words mill_lock_thread_words(int thread);

/* Ends the program by SIGABRT: "lock 'mcs' at 0x…: thread 123 (worker) " and the words. */
_Noreturn void mill_lock_misused(const char *name, const void *lock, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
