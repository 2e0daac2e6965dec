/* Sleeping on a word until another thread of this process changes it (Linux futex; Franke, Russell and
 * Kirkwood 2002).
 *
 *     while (atomic_load(&word) == CLOSED)
 *         mill_futex_wait(&word, CLOSED);
 *
 *     atomic_store(&word, OPEN);
 *     mill_futex_wake(&word, 1);
 *
 * The kernel compares and falls asleep in one step, so a change followed by a wake is never missed. Neither
 * call orders memory: that is the word's own atomics' part. Any thread may call both. errno is left as it
 * was.
 */
#ifndef MILL_SYNC_FUTEX_H
#define MILL_SYNC_FUTEX_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sleeps while *word is `expected`. May return for no reason (a signal, another waiter's wake): look again.
 */
static inline void mill_futex_wait(_Atomic uint32_t *word, uint32_t expected)
{
    int before = errno;
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
    errno = before;
}

/* Wakes up to `waiters` (INT_MAX: all) of those that sleep on the word. */
static inline void mill_futex_wake(_Atomic uint32_t *word, int waiters)
{
    int before = errno;
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, waiters, NULL, NULL, 0);
    errno = before;
}

#endif
