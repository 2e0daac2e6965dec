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
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/timeout.h"

/* Sleeps while *word is `expected`. May return for no reason (a signal, another waiter's wake): look again.
 */
static inline void mill_futex_wait(_Atomic uint32_t *word, uint32_t expected)
{
    int before = errno;
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
    errno = before;
}

/* The same until `deadline` by mill_now_ns(): 0 when it returned for any other reason, -ETIMEDOUT when the
 * deadline has passed. */
static inline int mill_futex_wait_until(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline)
{
    if (deadline == MILL_NO_DEADLINE) {
        mill_futex_wait(word, expected);
        return 0;
    }
    int before = errno;
    struct timespec until = mill_deadline_timespec(deadline);
    /* the BITSET form takes a moment of CLOCK_MONOTONIC, the plain one a length */
    long result =
        syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, &until, NULL, FUTEX_BITSET_MATCH_ANY);
    bool late = result < 0 && errno == ETIMEDOUT;
    errno = before;
    return late ? -ETIMEDOUT : 0;
}

/* Wakes up to `waiters` (INT_MAX: all) of those that sleep on the word. */
static inline void mill_futex_wake(_Atomic uint32_t *word, int waiters)
{
    int before = errno;
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, waiters, NULL, NULL, 0);
    errno = before;
}

#endif
