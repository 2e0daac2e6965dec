/* Read-write locks. As in glibc, readers go first by default: a reader gets in whenever no writer is in, so
 * that recursive reading is safe and writers may starve. With PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP a
 * reader waits for the writers that wait, also one that reads already. A reader that would write waits for
 * itself.
 *
 * Of glibc's fields __cur_writer means what it means there; __pad3, which nobody uses, counts who reads. A
 * writer is ordered after writers and readers, a reader after writers alone: what readers release they
 * release at an address of its own inside the lock.
 */
#include "hunt/runtime/interpose.h"

#include <errno.h>

#include "hunt/runtime/real.h"

static const void *readers_of(const pthread_rwlock_t *lock)
{
    return &lock->__data.__pad4;
}

/* ---- who reads ---- */

static struct mill_thread_share *find_share(unsigned thread, const void *lock)
{
    struct mill_thread_data *data = mill_thread_data(thread);
    for (unsigned i = 0; i < data->shares_listed; i++) {
        if (data->shares[i].count > 0 && data->shares[i].lock == lock) {
            return &data->shares[i];
        }
    }
    return NULL;
}

static void add_share(const pthread_rwlock_t *lock)
{
    struct mill_thread_data *data = mill_thread_data(mill_self());
    struct mill_thread_share *share = find_share(mill_self(), lock);
    for (unsigned i = 0; share == NULL && i < data->shares_listed; i++) {
        if (data->shares[i].count == 0) {
            share = &data->shares[i];
        }
    }
    if (share == NULL && data->shares_listed < MILL_THREAD_SHARES) {
        share = &data->shares[data->shares_listed++];
        share->count = 0;
    }
    if (share == NULL) {
        data->shares_unlisted++;
        return;
    }
    share->lock = lock;
    share->count++;
}

/* False: the thread does not read. */
static bool remove_share(const pthread_rwlock_t *lock)
{
    struct mill_thread_share *share = find_share(mill_self(), lock);
    struct mill_thread_data *data = mill_thread_data(mill_self());
    if (share != NULL) {
        share->count--;
    } else if (data->shares_unlisted > 0) {
        data->shares_unlisted--;
    } else {
        return false;
    }
    return true;
}

int mill_rwlock_holder(const pthread_rwlock_t *lock)
{
    if (lock->__data.__cur_writer != 0) {
        return (int)mill_owner(lock->__data.__cur_writer);
    }
    for (unsigned thread = 0; lock->__data.__pad3 > 0 && thread < mill_thread_count(); thread++) {
        if (find_share(thread, lock) != NULL) {
            return (int)thread;
        }
    }
    return -1;
}

static bool is_written_by_me(const pthread_rwlock_t *lock)
{
    return lock->__data.__cur_writer != 0 && mill_owner(lock->__data.__cur_writer) == mill_self();
}

/* ---- who may go on ---- */

static bool can_write(const void *object, unsigned thread)
{
    (void)thread;
    const pthread_rwlock_t *lock = object;
    return lock->__data.__cur_writer == 0 && lock->__data.__pad3 == 0;
}

static bool writer_waits(const pthread_rwlock_t *lock)
{
    for (unsigned thread = 0; thread < mill_thread_count(); thread++) {
        const struct mill_thread_data *data = mill_thread_data(thread);
        if (data->blocked_on == lock && data->ready == can_write) {
            return true;
        }
    }
    return false;
}

static bool can_read(const void *object, unsigned thread)
{
    (void)thread;
    const pthread_rwlock_t *lock = object;
    return lock->__data.__cur_writer == 0 &&
           (lock->__data.__flags != PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP || !writer_waits(lock));
}

/* ---- what they do ---- */

static void touch(const pthread_rwlock_t *lock, const void *pc)
{
    mill_touch(lock, sizeof *lock, false, pc);
}

static int take_to_read(pthread_rwlock_t *lock)
{
    lock->__data.__pad3++;
    add_share(lock);
    mill_acquired(lock);
    return 0;
}

static int take_to_write(pthread_rwlock_t *lock)
{
    lock->__data.__cur_writer = mill_owner_mark(mill_self());
    mill_acquired(lock);
    mill_acquired(readers_of(lock));
    return 0;
}

static int take(pthread_rwlock_t *lock, bool write, bool tried, const void *pc)
{
    mill_order_taken(lock, (write ? 0 : MILL_ORDER_SHARES) | (tried ? MILL_ORDER_GIVES_UP : 0), pc);
    return write ? take_to_write(lock) : take_to_read(lock);
}

static int acquire(pthread_rwlock_t *lock, bool write, const struct mill_deadline *deadline, const void *pc)
{
    const struct mill_step step =
        mill_thing_step(write ? MILL_STEP_LOCK : MILL_STEP_SHARE, MILL_THING_RWLOCK, lock, pc);
    if (is_written_by_me(lock)) {
        mill_call(&step);
        return EDEADLK;
    }
    enum mill_waited waited = mill_wait(&step, write ? can_write : can_read, lock, deadline, false);
    touch(lock, pc);
    return waited == MILL_WAIT_READY ? take(lock, write, deadline != NULL, pc) : mill_wait_error(waited);
}

static int try_acquire(pthread_rwlock_t *lock, bool write, const void *pc)
{
    const struct mill_step step =
        mill_thing_step(write ? MILL_STEP_TRY_LOCK : MILL_STEP_TRY_SHARE, MILL_THING_RWLOCK, lock, pc);
    mill_try(&step);
    touch(lock, pc);
    bool well = write ? can_write(lock, mill_self()) : can_read(lock, mill_self());
    mill_tried(&step, well);
    return well ? take(lock, write, true, pc) : EBUSY;
}

static int release(pthread_rwlock_t *lock, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_UNLOCK, MILL_THING_RWLOCK, lock, pc);
    mill_call(&step);
    touch(lock, pc);
    if (is_written_by_me(lock)) {
        lock->__data.__cur_writer = 0;
        mill_released(lock);
    } else if (lock->__data.__pad3 > 0 && remove_share(lock)) {
        lock->__data.__pad3--;
        mill_released(readers_of(lock));
    } else {
        mill_fail_here(MILL_FAILURE_MISUSE, lock,
                       "thread %u unlocks read-write lock %p, which it does not hold", mill_self(),
                       (void *)lock);
    }
    mill_order_given(lock);
    return 0;
}

static int make(pthread_rwlock_t *lock, const pthread_rwlockattr_t *attributes, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WRITE, MILL_THING_RWLOCK, lock, pc);
    mill_call(&step);
    mill_touch(lock, sizeof *lock, true, pc);
    mill_order_renewed(lock);
    return mill_real()->pthread_rwlock_init(lock, attributes);
}

static int destroy(pthread_rwlock_t *lock, const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WRITE, MILL_THING_RWLOCK, lock, pc);
    mill_call(&step);
    mill_touch(lock, sizeof *lock, true, pc);
    if (!can_write(lock, mill_self())) {
        mill_fail_here(MILL_FAILURE_MISUSE, lock,
                       "thread %u destroys read-write lock %p, which thread %d holds", mill_self(),
                       (void *)lock, mill_rwlock_holder(lock));
    }
    mill_order_renewed(lock);
    return 0;
}

/* ---- the names ---- */

int pthread_rwlock_init(pthread_rwlock_t *lock, const pthread_rwlockattr_t *attributes)
{
    return mill_hunt_on ? make(lock, attributes, MILL_CALLER)
                        : mill_real()->pthread_rwlock_init(lock, attributes);
}

int pthread_rwlock_destroy(pthread_rwlock_t *lock)
{
    return mill_hunt_on ? destroy(lock, MILL_CALLER) : mill_real()->pthread_rwlock_destroy(lock);
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    return mill_hunt_on ? acquire(lock, false, NULL, MILL_CALLER) : mill_real()->pthread_rwlock_rdlock(lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    return mill_hunt_on ? acquire(lock, true, NULL, MILL_CALLER) : mill_real()->pthread_rwlock_wrlock(lock);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
    return mill_hunt_on ? try_acquire(lock, false, MILL_CALLER) : mill_real()->pthread_rwlock_tryrdlock(lock);
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
{
    return mill_hunt_on ? try_acquire(lock, true, MILL_CALLER) : mill_real()->pthread_rwlock_trywrlock(lock);
}

static int acquire_on(pthread_rwlock_t *lock, bool write, clockid_t clock, const struct timespec *when,
                      const void *pc)
{
    struct mill_deadline deadline;
    return mill_deadline_on(clock, when, &deadline) ? acquire(lock, write, &deadline, pc) : EINVAL;
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *lock, const struct timespec *when)
{
    return mill_hunt_on ? acquire_on(lock, false, CLOCK_REALTIME, when, MILL_CALLER)
                        : mill_real()->pthread_rwlock_timedrdlock(lock, when);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *lock, const struct timespec *when)
{
    return mill_hunt_on ? acquire_on(lock, true, CLOCK_REALTIME, when, MILL_CALLER)
                        : mill_real()->pthread_rwlock_timedwrlock(lock, when);
}

int pthread_rwlock_clockrdlock(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *when)
{
    return mill_hunt_on ? acquire_on(lock, false, clock, when, MILL_CALLER)
                        : mill_real()->pthread_rwlock_clockrdlock(lock, clock, when);
}

int pthread_rwlock_clockwrlock(pthread_rwlock_t *lock, clockid_t clock, const struct timespec *when)
{
    return mill_hunt_on ? acquire_on(lock, true, clock, when, MILL_CALLER)
                        : mill_real()->pthread_rwlock_clockwrlock(lock, clock, when);
}

int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    return mill_hunt_on ? release(lock, MILL_CALLER) : mill_real()->pthread_rwlock_unlock(lock);
}
