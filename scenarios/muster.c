#include "scenarios/muster.h"

#include <errno.h>

#include "sync/futex.h"

enum { ARRIVING, COMPLETE, CALLED_OFF };

void mill_muster_arm(struct mill_muster *muster, unsigned count)
{
    /* relaxed: those that are to arrive are let go by the scenario's subject, after this */
    atomic_store_explicit(&muster->missing, count, memory_order_relaxed);
    uint32_t complete = COMPLETE;
    atomic_compare_exchange_strong_explicit(&muster->state, &complete, ARRIVING, memory_order_relaxed,
                                            memory_order_relaxed);
}

static void end(struct mill_muster *muster, uint32_t how)
{
    uint32_t arriving = ARRIVING;
    /* release: pairs with the acquire in mill_muster_await_until */
    if (atomic_compare_exchange_strong_explicit(&muster->state, &arriving, how, memory_order_release,
                                                memory_order_relaxed)) {
        mill_futex_wake(&muster->state, 1);
    }
}

void mill_muster_arrive(struct mill_muster *muster)
{
    /* acq_rel: the last one to arrive hands on what all did before */
    if (atomic_fetch_sub_explicit(&muster->missing, 1, memory_order_acq_rel) == 1) {
        end(muster, COMPLETE);
    }
}

void mill_muster_call_off(struct mill_muster *muster)
{
    end(muster, CALLED_OFF);
}

int mill_muster_await_until(struct mill_muster *muster, uint64_t deadline)
{
    uint32_t state;
    int status = 0;
    /* acquire: pairs with the release in `end` */
    while ((state = atomic_load_explicit(&muster->state, memory_order_acquire)) == ARRIVING && status == 0) {
        status = mill_futex_wait_until(&muster->state, ARRIVING, deadline);
    }
    return state == COMPLETE ? 0 : state == CALLED_OFF ? -ECANCELED : -ETIMEDOUT;
}

bool mill_muster_await(struct mill_muster *muster)
{
    return mill_muster_await_until(muster, MILL_NO_DEADLINE) == 0;
}
