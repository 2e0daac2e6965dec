#include "sync/parking.h"

#include <stdbool.h>

#include "sync/futex.h"

/* Takes one wake if there is one. acquire: pairs with the release in wake_waiting, so that ThreadSanitizer
 * sees who woke whom; the structure's own atomics carry the data. */
static bool take_signal(struct mill_parking *parking)
{
    uint32_t signals = atomic_load_explicit(&parking->signals, memory_order_relaxed);
    while (signals > 0) {
        if (atomic_compare_exchange_weak_explicit(&parking->signals, &signals, signals - 1,
                                                  memory_order_acquire, memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

int mill_parking_wait(struct mill_parking *parking, uint64_t deadline)
{
    int status = 0;
    while (!take_signal(parking)) {
        if (status < 0) {
            mill_parking_cancel(parking);
            return status;
        }
        status =
            mill_futex_wait_until(&parking->signals, 0, deadline); /* after it one last look for a wake */
    }
    mill_parking_cancel(parking);
    return 0;
}

/* No more signals than waiters: a waiter that was woken and has not run yet is not woken again, which would
 * cost a system call for each item put meanwhile. A signal that outlives its waiter (it timed out) makes the
 * next one return at once, for no reason. */
void mill_parking_wake_waiting(struct mill_parking *parking, uint32_t count)
{
    uint32_t waiters = atomic_load_explicit(&parking->waiters, memory_order_relaxed);
    uint32_t signals = atomic_load_explicit(&parking->signals, memory_order_relaxed);
    uint32_t added;
    do {
        if (signals >= waiters) {
            return;
        }
        added = waiters - signals < count ? waiters - signals : count;
    } while (!atomic_compare_exchange_weak_explicit(&parking->signals, &signals, signals + added,
                                                    memory_order_release, memory_order_relaxed));
    mill_futex_wake(&parking->signals, added > INT_MAX ? INT_MAX : (int)added);
}
