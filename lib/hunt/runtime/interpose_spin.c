/* Spin locks. Who finds one taken waits like at a mutex: spinning is nothing that a schedule could tell
 * apart.
 */
#include "hunt/runtime/interpose.h"

#include <errno.h>

#include "hunt/runtime/real.h"

/* glibc has 1 for a free lock on x86, and nothing above 0 for one that is taken; elsewhere 0, and another
 * number. */
#if defined(__x86_64__) || defined(__i386__)
#define FREE         1
#define TAKEN(owner) (-(owner))
#define MARK(value)  (-(value))
#else
#define FREE         0
#define TAKEN(owner) (owner)
#define MARK(value)  (value)
#endif

static bool is_free(const void *object, unsigned thread)
{
    (void)thread;
    return *(const pthread_spinlock_t *)object == FREE;
}

/* Of one that was never initialised, or taken before the schedule, nobody is known. */
int mill_spin_holder(const pthread_spinlock_t *lock)
{
    int mark = MARK(*lock);
    return *lock != FREE && mark == mill_owner_mark(mill_owner(mark)) ? (int)mill_owner(mark) : -1;
}

static int take(pthread_spinlock_t *lock, bool tried, const void *pc)
{
    *lock = TAKEN(mill_owner_mark(mill_self()));
    mill_acquired(lock);
    mill_order_taken(lock, tried ? MILL_ORDER_GIVES_UP : MILL_ORDER_WAITS, pc);
    return 0;
}

static int acquire(pthread_spinlock_t *lock, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_LOCK, MILL_THING_SPIN, lock, pc);
    mill_wait(&step, is_free, (const void *)lock, NULL, false);
    mill_touch(lock, sizeof *lock, false, pc);
    return take(lock, false, pc);
}

static int try_acquire(pthread_spinlock_t *lock, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_TRY_LOCK, MILL_THING_SPIN, lock, pc);
    mill_try(&step);
    mill_touch(lock, sizeof *lock, false, pc);
    bool well = is_free((const void *)lock, mill_self());
    mill_tried(&step, well);
    return well ? take(lock, true, pc) : EBUSY;
}

static int release(pthread_spinlock_t *lock, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_UNLOCK, MILL_THING_SPIN, lock, pc);
    mill_call(&step);
    mill_touch(lock, sizeof *lock, false, pc);
    int holder = mill_spin_holder(lock);
    if (*lock == FREE || (holder >= 0 && holder != (int)mill_self())) {
        mill_fail_here(MILL_FAILURE_MISUSE, (const void *)lock,
                       "thread %u unlocks spin lock %p, which it does not hold", mill_self(), (void *)lock);
    }
    *lock = FREE;
    mill_released(lock);
    mill_order_given(lock);
    return 0;
}

static int make(pthread_spinlock_t *lock, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WRITE, MILL_THING_SPIN, lock, pc);
    mill_call(&step);
    mill_touch(lock, sizeof *lock, true, pc);
    mill_order_renewed(lock);
    *lock = FREE;
    return 0;
}

static int destroy(pthread_spinlock_t *lock, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WRITE, MILL_THING_SPIN, lock, pc);
    mill_call(&step);
    mill_touch(lock, sizeof *lock, true, pc);
    int holder = mill_spin_holder(lock);
    if (holder >= 0) {
        mill_fail_here(MILL_FAILURE_MISUSE, (const void *)lock,
                       "thread %u destroys spin lock %p, which thread %d holds", mill_self(), (void *)lock,
                       holder);
    }
    mill_order_renewed(lock);
    return 0;
}

/* ---- the names ---- */

int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
    return mill_hunt_on ? make(lock, MILL_CALLER) : mill_real()->pthread_spin_init(lock, shared);
}

int pthread_spin_destroy(pthread_spinlock_t *lock)
{
    return mill_hunt_on ? destroy(lock, MILL_CALLER) : mill_real()->pthread_spin_destroy(lock);
}

int pthread_spin_lock(pthread_spinlock_t *lock)
{
    return mill_hunt_on ? acquire(lock, MILL_CALLER) : mill_real()->pthread_spin_lock(lock);
}

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
    return mill_hunt_on ? try_acquire(lock, MILL_CALLER) : mill_real()->pthread_spin_trylock(lock);
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
    return mill_hunt_on ? release(lock, MILL_CALLER) : mill_real()->pthread_spin_unlock(lock);
}
