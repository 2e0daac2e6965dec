/* A step: what a thread does between two points. A thread that stands at a point has said which step it takes
 * next (it is pending); an explorer decides by these, and two that depend on each other are what schedules
 * differ in.
 */
#ifndef MILL_HUNT_STEP_H
#define MILL_HUNT_STEP_H

#include <stdbool.h>
#include <stdint.h>

/* Threads of one program at a time, and in one schedule: numbers are not used twice. */
#define MILL_HUNT_THREADS 1024

enum mill_step_kind {
    MILL_STEP_NONE,
    MILL_STEP_BEGIN, /* a thread's first */
    MILL_STEP_READ,  /* of plain memory */
    MILL_STEP_WRITE,
    MILL_STEP_ATOMIC_READ,
    MILL_STEP_ATOMIC_WRITE,
    MILL_STEP_ATOMIC_UPDATE, /* read, modify, write; a compare-exchange too, whether it succeeds or not */
    MILL_STEP_FENCE,
    MILL_STEP_LOCK, /* mutex, spin lock, a read-write lock to write */
    MILL_STEP_TRY_LOCK,
    MILL_STEP_UNLOCK,
    MILL_STEP_SHARE, /* a read-write lock to read */
    MILL_STEP_TRY_SHARE,
    MILL_STEP_WAIT, /* a condition, a futex: `second` is the mutex that is let go */
    MILL_STEP_WAKE,
    MILL_STEP_WAKE_ALL,
    MILL_STEP_ARRIVE, /* at a barrier */
    MILL_STEP_TAKE,   /* of a semaphore */
    MILL_STEP_TRY_TAKE,
    MILL_STEP_GIVE,
    MILL_STEP_ONCE,
    MILL_STEP_CREATE,
    MILL_STEP_JOIN, /* `object` is the other thread, mill_thread_object(number), as it is in MILL_STEP_END */
    MILL_STEP_DETACH,
    MILL_STEP_CANCEL,
    MILL_STEP_END, /* a thread's last */
    MILL_STEP_YIELD,
    MILL_STEP_SLEEP,
    MILL_STEP_ALLOCATE,
    MILL_STEP_FREE,
    MILL_STEP_CHOICE, /* not a step of a thread's: one out of so many, where a call may end in several ways */
    MILL_STEP_KINDS,
};

struct mill_step {
    uint8_t kind;     /* of enum mill_step_kind */
    uint8_t flags;    /* of enum mill_step_flag */
    uint32_t size;    /* bytes at `object`; 1 where the object is a thing, not memory */
    uintptr_t object; /* an address, or a thread's number; 0: none */
    uintptr_t second; /* another object that the step changes; 0: none */
    const void *pc;   /* in the program */
};

enum mill_step_flag {
    MILL_STEP_TIMED = 1,  /* it may end by its timeout at any time */
    MILL_STEP_YIELDS = 2, /* the thread lets others go first after it: a yield, a look in vain */
};

/* *to = *from, for who calls at each point: member by member, as they were written a moment ago. Read
 * together, as the compiler would, they could not be taken from the processor's store buffer, and it would
 * wait for the cache. */
static inline void mill_step_copy(struct mill_step *to, const struct mill_step *from)
{
    uintptr_t object = from->object;
    uintptr_t second = from->second;
    const void *pc = from->pc;
    __asm__("" : "+r"(object), "+r"(second), "+r"(pc)); /* one at a time */
    to->kind = from->kind;
    to->flags = from->flags;
    to->size = from->size;
    to->object = object;
    to->second = second;
    to->pc = pc;
}

/* What stands for a thread where a step needs an object: no address of a program's. */
static inline const void *mill_thread_object(unsigned thread)
{
    return (const void *)(uintptr_t)(thread + 1);
}

/* "read", "lock", …: constant. */
const char *mill_step_name(enum mill_step_kind kind);

/* Does it change its object, so that its order among other steps on that matters? */
bool mill_step_modifies(enum mill_step_kind kind);

/* Is the order of the two, of different threads, visible? */
bool mill_steps_depend(const struct mill_step *a, const struct mill_step *b);

#endif
