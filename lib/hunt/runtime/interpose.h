/* What the interposed calls have in common: points at which a thread may be cancelled, waiting with or
 * without an end in time, and what the calls of one family do for another (a condition for its mutex, C11 for
 * POSIX).
 *
 * State of an object is kept in the object, in glibc's layout: what its static initialisers and init
 * functions leave there means here what it means there. A thread is known there by mill_owner_mark, which is
 * no thread number of Linux's.
 */
#ifndef MILL_HUNT_RUNTIME_INTERPOSE_H
#define MILL_HUNT_RUNTIME_INTERPOSE_H

#include <pthread.h>
#include <semaphore.h>
#include <threads.h>
#include <time.h>

#include "hunt/race.h"
#include "hunt/runtime/check.h"
#include "hunt/runtime/order.h"
#include "hunt/runtime/scheduler.h"
#include "hunt/runtime/scheduler_inside.h"

/* Where the program calls. In an interposed function itself only. */
#define MILL_CALLER __builtin_return_address(0)

/* A schedule begins: called before its first thread runs. */
void mill_interpose_begin(void);

/* ---- steps ---- */

/* What a step's object is; told in the upper half of its flags. */
enum mill_thing_kind {
    MILL_THING_OTHER,
    MILL_THING_MUTEX,
    MILL_THING_CONDITION,
    MILL_THING_RWLOCK,
    MILL_THING_BARRIER,
    MILL_THING_SPIN,
    MILL_THING_SEMAPHORE,
    MILL_THING_ONCE,
    MILL_THING_THREAD,
    MILL_THING_FUTEX,
    MILL_THING_KINDS,
};

static inline struct mill_step mill_thing_step(enum mill_step_kind kind, enum mill_thing_kind thing,
                                               const volatile void *object, const void *pc)
{
    struct mill_step step = mill_thing(kind, object, pc);
    step.flags = (uint8_t)(thing << 4);
    return step;
}

static inline enum mill_thing_kind mill_step_thing(const struct mill_step *step)
{
    return (enum mill_thing_kind)(step->flags >> 4);
}

/* ---- points ---- */

/* mill_point; a thread that may be cancelled at any time is cancelled here. */
void mill_call(const struct mill_step *step);

/* When a call with a timeout gives up. */
struct mill_deadline {
    bool valid;  /* else the call fails with EINVAL where it would have to wait */
    uint64_t at; /* in virtual time */
};

enum mill_waited {
    MILL_WAIT_READY,
    MILL_WAIT_TIMED_OUT, /* virtual time is at the deadline, or beyond */
    MILL_WAIT_INVALID,   /* it is not ready, and the deadline is none */
    MILL_WAIT_CANCELLED, /* of a cancellation point alone: the caller tidies up and calls mill_cancel_here */
};

/* mill_point_when, until ready, cancelled or at the deadline (NULL: there is none). */
enum mill_waited mill_wait(const struct mill_step *step, bool (*ready)(const void *object, unsigned thread),
                           const void *object, const struct mill_deadline *deadline, bool cancel_point);

/* 0, ETIMEDOUT or EINVAL. */
int mill_wait_error(enum mill_waited waited);

/* mill_call of a step that ends at once, whether the object is there or not; and what came of it. Who tries
 * again after trying in vain, or after a timeout, lets others go first: they would else never come to give it
 * back. mill_wait does both itself. */
void mill_try(const struct mill_step *step);
void mill_tried(const struct mill_step *step, bool well);

/* Whoever is enqueued (waits_for) at the object and has not been woken: the number `index` of them in the
 * order in which they came, or -1. */
int mill_waiting(const void *object, unsigned index);
bool mill_is_waiting(unsigned thread, const void *object);
unsigned mill_waiting_count(const void *object);
void mill_enqueue(const void *object);
void mill_wake(unsigned thread);
bool mill_is_woken(const void *object, unsigned thread);

/* ---- memory ---- */

/* A call uses an object: of memory that was freed it fails. It counts as an atomic read, or, where an object
 * is made or destroyed, as a plain write: one that nothing orders with its use is a race. */
void mill_touch(const volatile void *object, size_t size, bool made, const void *pc);

/* What orders, for the running thread, while races are looked for. */
static inline void mill_released(const volatile void *object)
{
    if (mill_hunt_races) {
        mill_race_release(mill_self(), (uintptr_t)object);
    }
}

static inline void mill_acquired(const volatile void *object)
{
    if (mill_hunt_races) {
        mill_race_acquire(mill_self(), (uintptr_t)object);
    }
}

static inline void mill_joined(unsigned thread)
{
    if (mill_hunt_races) {
        mill_race_joined(mill_self(), thread);
    }
}

/* ---- threads ---- */

/* An owner as it is kept in an object; 0 is nobody. */
int mill_owner_mark(unsigned thread);
/* Whose mark it is. One that is not of ours was left before the schedule: by what is thread 0 now. */
unsigned mill_owner(int mark);

bool mill_cancel_due(unsigned thread);
/* A cancellation point: returns unless the thread is cancelled. */
void mill_cancel_here(void);
/* The thread ends, after its clean-ups and the destructors of its keys. */
_Noreturn void mill_thread_leave(void *result);
/* The same, where no clean-ups are left: its function has returned. */
_Noreturn void mill_thread_finish(void *result);
int mill_thread_make(pthread_t *made, const pthread_attr_t *attributes, void *(*start)(void *),
                     void *argument, const void *pc);
int mill_thread_make_c11(pthread_t *made, int (*start)(void *), void *argument, const void *pc);
int mill_thread_await(pthread_t handle, void **result, bool wait, const struct mill_deadline *deadline,
                      const void *pc);
int mill_thread_detach(pthread_t handle, const void *pc);

/* ---- locks ---- */

int mill_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes, const void *pc);
int mill_mutex_destroy(pthread_mutex_t *mutex, const void *pc);
int mill_mutex_lock(pthread_mutex_t *mutex, const struct mill_deadline *deadline, const void *pc);
int mill_mutex_trylock(pthread_mutex_t *mutex, const void *pc);
int mill_mutex_unlock(pthread_mutex_t *mutex, const void *pc);
/* Without a point of its own: a part of a wait. 0 or EPERM. */
int mill_mutex_give(pthread_mutex_t *mutex, const void *pc);
/* The thread that holds it, or -1. */
int mill_mutex_holder(const pthread_mutex_t *mutex);

/* Waits for a word may end without one (POSIX allows it), as a choice of the schedule's. */
extern bool mill_interpose_spurious;

/* The program has created a thread while no schedule ran: no process that is forked later has it. */
extern bool mill_interpose_early;

int mill_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes, const void *pc);
int mill_condition_destroy(pthread_cond_t *condition, const void *pc);
int mill_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct mill_deadline *deadline,
                   const void *pc);
int mill_condition_signal(pthread_cond_t *condition, const void *pc);
int mill_condition_broadcast(pthread_cond_t *condition, const void *pc);

/* The writer, or a reader, or -1. */
int mill_rwlock_holder(const pthread_rwlock_t *lock);
int mill_spin_holder(const pthread_spinlock_t *lock);
/* Who runs the initialiser, or -1. */
int mill_once_holder(const pthread_once_t *once);
int mill_once(pthread_once_t *once, void (*initialise)(void), const void *pc);
/* How many of how many are there. */
void mill_barrier_arrived(const pthread_barrier_t *object, unsigned *arrived, unsigned *count);

/* thread_local objects: a schedule begins; the running thread's are destroyed. */
void mill_local_begin(void);
void mill_local_destroy(void);

/* The destructors of the running thread's. */
void mill_keys_destroy(void);
int mill_key_create(unsigned *key, void (*destructor)(void *));
int mill_key_delete(unsigned key);
void *mill_key_get(unsigned key);
int mill_key_set(unsigned key, void *value);

/* ---- time ---- */

/* A deadline on one of the clocks; false: not a clock that can be waited on. */
bool mill_deadline_on(clockid_t clock, const struct timespec *when, struct mill_deadline *deadline);
/* What a clock shows. False: there is no such clock. */
bool mill_clock_now(clockid_t clock, struct timespec *now);
/* So long from now. */
struct mill_deadline mill_deadline_in(const struct timespec *length);
/* As clock_nanosleep does: others go first, if any can; then virtual time is there. A cancellation point. 0
 * or EINVAL. */
int mill_sleep(clockid_t clock, int flags, const struct timespec *request, const void *pc);

#endif
