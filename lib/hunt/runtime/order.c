#include "hunt/runtime/order.h"

#include <stdio.h>

#include "hunt/lock_order.h"
#include "hunt/runtime/check.h"
#include "hunt/runtime/scheduler.h"

bool mill_hunt_lock_order;

int mill_order_open(void)
{
    int status = mill_lock_order_open();
    mill_hunt_lock_order = status == 0;
    return status;
}

void mill_order_begin(void)
{
    mill_lock_order_forget();
}

static _Noreturn void fail(const struct mill_lock_cycle *cycle)
{
    struct mill_failure failure = {.kind = MILL_FAILURE_LOCK_ORDER, .object = cycle->order[0].wanted.lock};
    int length = snprintf(failure.message, sizeof failure.message, "locks are taken in a circle");
    for (unsigned i = 0; i < cycle->count; i++) {
        const struct mill_lock_taken *held = &cycle->order[i].held;
        const struct mill_lock_taken *wanted = &cycle->order[i].wanted;
        char what[sizeof failure.stack->label];
        if ((size_t)length < sizeof failure.message) {
            length += snprintf(failure.message + length, sizeof failure.message - (size_t)length,
                               "%s thread %u holds 0x%tx and takes 0x%tx", i == 0 ? ":" : ",", wanted->thread,
                               held->lock, wanted->lock);
        }
        snprintf(what, sizeof what, "takes lock 0x%tx", wanted->lock);
        mill_check_place(&failure, wanted->thread, wanted->when, wanted->pc, what);
        snprintf(what, sizeof what, "holds lock 0x%tx, which it took", held->lock);
        mill_check_place(&failure, held->thread, held->when, held->pc, what);
    }
    mill_fail(&failure);
}

void mill_order_take(const volatile void *lock, unsigned how, const void *pc)
{
    const struct mill_lock_taken taken = {
        .thread = mill_self(),
        .when = mill_step_number(),
        .lock = (uintptr_t)lock,
        .pc = pc,
        .shared = how & MILL_ORDER_SHARES,
        .tried = how & MILL_ORDER_GIVES_UP,
    };
    struct mill_lock_cycle cycle;
    if (mill_lock_order_acquired(&taken, &cycle)) {
        fail(&cycle);
    }
}

void mill_order_give(const volatile void *lock)
{
    mill_lock_order_released(mill_self(), (uintptr_t)lock);
}

void mill_order_renew(const volatile void *lock)
{
    mill_lock_order_renewed((uintptr_t)lock);
}

void mill_order_spawn(unsigned child)
{
    mill_lock_order_spawned(mill_self(), child);
}

void mill_order_join(unsigned child)
{
    mill_lock_order_joined(mill_self(), child);
}
