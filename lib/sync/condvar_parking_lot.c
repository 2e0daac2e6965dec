/* A generation beside a lock, and the process's parking lot to sleep in (as WebKit's Condition; Pizlo 2016).
 *
 * A waiter reads the generation inside, leaves, and sleeps unless there is a newer one; a wake makes it newer
 * and takes the eldest sleeper, in one step as the lot has it. So a wake finds a waiter that was inside
 * before it either asleep or still on its way, and then sends it back; and it is never spent on one that came
 * later, which has read the newer generation and stands behind.
 *
 * The generation has 32 bits. A waiter would be mistaken if it went round exactly once while that one did not
 * run.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "core/timeout.h"
#include "sync/condvar_list.h"
#include "sync/lock_list.h"
#include "sync/parking_lot.h"

struct condvar {
    struct mill_condvar condvar;
    struct mill_lock *lock;                              /* protects `abandoned`, and what the user says */
    alignas(MILL_ISOLATION) _Atomic uint32_t generation; /* changes under the parking lot's mutex */
    _Atomic uint32_t waiting;                            /* that have not been woken, or are on their way */
    bool abandoned;
};

/* What one waiter sleeps on. */
struct look {
    struct condvar *condvar;
    uint32_t generation;
};

static struct condvar *condvar_of(struct mill_condvar *condvar)
{
    return (struct condvar *)condvar;
}

static int create(struct mill_condvar **condvar)
{
    struct condvar *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = mill_lock_create(&mill_lock_futex, &made->lock);
    if (status < 0) {
        free(made);
        return status;
    }
    *condvar = &made->condvar;
    return 0;
}

static void destroy(struct mill_condvar *condvar)
{
    mill_lock_destroy(&mill_lock_futex, condvar_of(condvar)->lock);
    free(condvar);
}

static void enter(struct mill_condvar *condvar)
{
    mill_lock_acquire(&mill_lock_futex, condvar_of(condvar)->lock, NULL);
}

static void leave(struct mill_condvar *condvar)
{
    mill_lock_release(&mill_lock_futex, condvar_of(condvar)->lock, NULL);
}

/* relaxed, here and below: changed under the parking lot's mutex, under which this looks. What `wait` read
 * first was read inside, before any change that its waker makes after having been there. */
static bool is_current(void *argument)
{
    const struct look *look = argument;
    return atomic_load_explicit(&look->condvar->generation, memory_order_relaxed) == look->generation;
}

static bool renew(void *argument, struct mill_parking_lot_found found)
{
    struct condvar *condvar = argument;
    (void)found;
    atomic_fetch_add_explicit(&condvar->generation, 1, memory_order_relaxed);
    return true;
}

static int wait(struct mill_condvar *base)
{
    struct condvar *condvar = condvar_of(base);
    if (condvar->abandoned) {
        return -ECANCELED;
    }
    struct look look = {condvar, atomic_load_explicit(&condvar->generation, memory_order_relaxed)};
    /* relaxed: a waker that has to know of it has been inside since */
    atomic_fetch_add_explicit(&condvar->waiting, 1, memory_order_relaxed);
    leave(base);
    mill_parking_lot_sleep(&condvar->generation, is_current, &look, MILL_NO_DEADLINE);
    atomic_fetch_sub_explicit(&condvar->waiting, 1, memory_order_relaxed);
    enter(base);
    return condvar->abandoned ? -ECANCELED : 0;
}

static void wake(struct condvar *condvar, uint32_t most)
{
    /* relaxed: see `wait`. Those that come later stand behind those that are counted here. */
    uint32_t waiting = atomic_load_explicit(&condvar->waiting, memory_order_relaxed);
    for (uint32_t i = waiting < most ? waiting : most; i > 0; i--) {
        mill_parking_lot_wake(&condvar->generation, renew, condvar);
    }
}

static void wake_one(struct mill_condvar *condvar)
{
    wake(condvar_of(condvar), 1);
}

static void wake_all(struct mill_condvar *condvar)
{
    wake(condvar_of(condvar), UINT32_MAX);
}

static void abandon(struct mill_condvar *base)
{
    struct condvar *condvar = condvar_of(base);
    enter(base);
    condvar->abandoned = true;
    leave(base);
    wake_all(base);
}

const struct mill_condvar_ops mill_condvar_parking_lot = {
    .about =
        {
            .name = "parking-lot",
            .summary = "a generation and the futex lock; waiters sleep in the process's parking lot",
            .source = "Pizlo 2016 (WebKit's Condition)",
            .algorithm = "condvar",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct condvar),
        },
    .create = create,
    .destroy = destroy,
    .enter = enter,
    .leave = leave,
    .wait = wait,
    .wake_one = wake_one,
    .wake_all = wake_all,
    .abandon = abandon,
};
