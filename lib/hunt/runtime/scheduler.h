/* The scheduler: the threads of a hunted program, of which one runs at a time, and the points at which it may
 * be left for another.
 *
 * While a schedule runs, every thread of the program calls this; outside of one (mill_hunt_on is false) hooks
 * and interposed calls do what they would do without it. How a call is interposed:
 *
 *     int pthread_mutex_lock(pthread_mutex_t *mutex)
 *     {
 *         if (!mill_hunt_on) {
 *             return real pthread_mutex_lock(mutex);
 *         }
 *         const struct mill_step step = mill_thing(MILL_STEP_LOCK, mutex, __builtin_return_address(0));
 *         mill_point_when(&step, is_free, mutex, false);       others run until the mutex is free
 *         … take it: nobody else runs until the next point …
 *         mill_race_acquire(mill_self(), (uintptr_t)mutex);
 *         return 0;
 *     }
 *
 * A step is taken after its point, so between two points a call may do as it likes with shared memory: it is
 * alone. State of an object is kept in the object itself, in the layout of the C library, so that static
 * initialisers, and objects made before the schedule, mean what they say.
 */
#ifndef MILL_HUNT_RUNTIME_SCHEDULER_H
#define MILL_HUNT_RUNTIME_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hunt/failure.h"
#include "hunt/step.h"

/* A schedule runs, and the calling thread is one of its threads. */
extern bool mill_hunt_on;

/* A program looks at what it has done, between two points and before the end of the schedule: until it
 * resumes nothing of that is the schedule's, no other thread runs, and memory comes from the C library. */
void mill_hunt_pause(void);
void mill_hunt_resume(void);

/* ---- points ---- */

/* The running thread takes this step next; others may run first. */
void mill_point(const struct mill_step *step);

/* The same, but it goes on only when ready(object, thread) says so; if nobody can go on, that is a deadlock.
 * With an end in virtual time it may go on before: at any time, if that is less than a second away, since
 * nobody knows how slow the others are; else only when all others wait. False is returned when it did before
 * it was ready. */
#define MILL_NO_END UINT64_MAX
bool mill_point_when(const struct mill_step *step, bool (*ready)(const void *object, unsigned thread),
                     const void *object, uint64_t until);

/* Something has changed for which threads wait at mill_point_when with this object, and not by a step on a
 * thing, after which all that wait are asked again anyway. */
void mill_changed(const void *object);

/* One of so many ways, at least 1, in which a call may go: which waiter is woken, and so on. */
unsigned mill_choose(unsigned ways);

/* The running thread lets others go first, if any can: a yield, a pause, a look in vain. */
void mill_yield(const struct mill_step *step);

/* The running thread goes on when it is ready, or when no other can: all have ended, or wait. */
void mill_point_last(const struct mill_step *step, bool (*ready)(const void *object, unsigned thread),
                     const void *object);

/* A step on a thing that is not memory. */
static inline struct mill_step mill_thing(enum mill_step_kind kind, const volatile void *object,
                                          const void *pc)
{
    return (struct mill_step){.kind = (uint8_t)kind, .size = 1, .object = (uintptr_t)object, .pc = pc};
}

/* ---- threads ---- */

/* The number of the running thread; 0 is the first. */
unsigned mill_self(void);

/* How many there have been in this schedule. */
unsigned mill_thread_count(void);

/* A new thread that runs start(argument); its number, or a negative errno: -EAGAIN, there are too many. It
 * has not begun. The caller makes the point of it before. */
int mill_thread_spawn(void *(*start)(void *argument), void *argument);

bool mill_thread_is_over(unsigned thread);

/* The running thread ends; what belongs to its end (keys, clean-ups) has been called. Who waits for it with
 * mill_point_when has mill_thread_data(thread) for its object, and is asked again. Does not return. */
_Noreturn void mill_thread_end(void *result);

/* Of one that has ended. */
void *mill_thread_result(unsigned thread);

/* The number of a thread by what pthread_self returns in it, or -1. */
int mill_thread_find(unsigned long handle);
unsigned long mill_thread_handle(unsigned thread);

#define MILL_THREAD_KEYS   64
#define MILL_THREAD_SHARES 16

/* What interposed calls keep for each thread; zeroed, up to its `shares`, when it is spawned, before
 * mill_thread_spawn returns. */
struct mill_thread_data {
    void *(*start)(void *argument);
    int (*start_c11)(void *argument); /* of one that C11's thrd_create made, in its place */
    void *argument;
    const void *base; /* in the stack frame below which everything is the program's */
    char name[16];

    const void *waits_for;  /* a condition, barrier or futex that it is enqueued at, or NULL */
    const void *waits_with; /* the mutex of the condition */
    bool woken;             /* of those: it may go on */
    uint32_t bits;          /* of a futex: which wakes reach it */
    uint64_t since;         /* when it was enqueued: first come, first served */
    const void *blocked_on; /* the object of mill_point_when, while it is there */
    bool (*ready)(const void *object, unsigned thread);
    uintptr_t in_vain[2];     /* objects of steps: those it last tried to get and did not, the latest first */
    unsigned robust_held;     /* robust mutexes: who waits for them hears of its end */
    unsigned shares_unlisted; /* read-write locks that it holds to read: for how many there was no room */
    unsigned shares_listed;   /* of `shares`: those beyond were never used */

    bool detached, joined;
    int joining; /* 1 + the number of the thread that it waits for to end, or 0 */
    bool cancel_wanted, cancel_disabled, cancel_asynchronous;
    bool cancel_point; /* it is blocked in a call that a cancellation ends */
    bool leaving;      /* it ends: not cancelled again */
    bool over;         /* nothing of the program's runs in it any more */
    void *result;
    void *cleanups;       /* of pthread_cleanup_push */
    unsigned destructors; /* of thread_local objects: the last registered, or 0 */

    unsigned keys_set; /* of `keys`: those beyond were never set */

    /* What follows is not zeroed. */
    struct mill_thread_share {
        const void *lock;
        unsigned count;
    } shares[MILL_THREAD_SHARES];
    const void *keys[MILL_THREAD_KEYS]; /* of pthread_setspecific */
};
struct mill_thread_data *mill_thread_data(unsigned thread);

/* ---- time ---- */

/* Virtual nanoseconds since the schedule began: a little more with each step, and at once as far as somebody
 * sleeps or waits with a timeout when that is what goes on. */
uint64_t mill_virtual_now(void);
void mill_virtual_advance(uint64_t until);

/* ---- the end of a schedule ---- */

/* The running thread is at this place of the program: for what is told next. */
void mill_stand_at(const void *pc);

/* The schedule has failed; does not return. `message` is a sentence. The stacks of all threads are added
 * where `failure` has none. */
_Noreturn void mill_fail(const struct mill_failure *failure);
_Noreturn void mill_fail_here(enum mill_failure_kind kind, const void *object, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The number of the step that is being taken. */
uint32_t mill_step_number(void);

/* The call stack of a thread, innermost first, as the hooks of function entry and exit know it; returns how
 * many there are. `pc` comes first, unless it is NULL. */
unsigned mill_thread_stack(unsigned thread, const void *pc, uintptr_t *pcs, unsigned most);

#endif
