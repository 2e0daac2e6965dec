/* What a waiter of a queue lock waits for: a call, on a word of its own. It spins for about as long as a
 * sleep and a wake-up take (Karlin et al. 1991), then sleeps in the kernel.
 *
 *     the waiter                               who calls
 *
 *     mill_call_prepare(&me->call);
 *     publish(me);                             waiter = find();
 *     mill_call_await(&me->call);              mill_call(&waiter->call);
 *
 * One thread waits, one calls, once after each prepare; the call may come first. What was written before the
 * call is seen after the wait. Preparing orders nothing: publishing has to. As soon as it is called the
 * waiter may be gone, and its word be another's: so that one may wake for nothing, which futex.h allows.
 */
#ifndef MILL_SYNC_LOCK_CALL_H
#define MILL_SYNC_LOCK_CALL_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/pause.h"
#include "core/sanitizer.h"
#include "sync/futex.h"

enum mill_call_state {
    MILL_CALL_AWAITED,
    MILL_CALL_SLEPT_FOR,
    MILL_CALL_GIVEN,
};

struct mill_call {
    _Atomic uint32_t state;
};

/* Before it sleeps: some microseconds. Under a hunt a pause lets the others go first, so that few will do. */
#define MILL_CALL_LOOKS  (MILL_UNDER_HUNT ? 2u : 48u)
#define MILL_CALL_PAUSES (MILL_UNDER_HUNT ? 1u : 4u)

/* Wait-free. */
static inline void mill_call_prepare(struct mill_call *call)
{
    atomic_store_explicit(&call->state, MILL_CALL_AWAITED, memory_order_relaxed);
}

/* Until it is called, or until `deadline` (core/timeout.h). 0; or -ETIMEDOUT, after which the call may still
 * come and may be waited for again, without preparing. Blocking. */
static inline int mill_call_await_until(struct mill_call *call, uint64_t deadline)
{
    /* acquire, in all three: pairs with the exchange in `mill_call` */
    for (unsigned looks = MILL_CALL_LOOKS; looks > 0; looks--) {
        if (atomic_load_explicit(&call->state, memory_order_acquire) == MILL_CALL_GIVEN) {
            return 0;
        }
        for (unsigned pauses = MILL_CALL_PAUSES; pauses > 0; pauses--) {
            mill_pause();
        }
    }
    uint32_t state = MILL_CALL_AWAITED;
    atomic_compare_exchange_strong_explicit(&call->state, &state, MILL_CALL_SLEPT_FOR, memory_order_acquire,
                                            memory_order_acquire);
    int status = 0;
    while (atomic_load_explicit(&call->state, memory_order_acquire) != MILL_CALL_GIVEN) {
        if (status < 0) {
            return status;
        }
        status = mill_futex_wait_until(&call->state, MILL_CALL_SLEPT_FOR, deadline);
    }
    return 0;
}

static inline void mill_call_await(struct mill_call *call)
{
    mill_call_await_until(call, MILL_NO_DEADLINE);
}

/* Never waits; enters the kernel if the waiter may be asleep. */
static inline void mill_call(struct mill_call *call)
{
    /* release: pairs with the wait. An exchange, so that either this sees who sleeps or who is about to sees
     * the call. */
    if (atomic_exchange_explicit(&call->state, MILL_CALL_GIVEN, memory_order_release) ==
        MILL_CALL_SLEPT_FOR) {
        mill_futex_wake(&call->state, 1);
    }
}

#endif
