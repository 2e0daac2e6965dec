#include "hunt/runtime/holders.h"

#include <stdio.h>

#include "hunt/runtime/interpose.h"

static int of_mutex(uintptr_t object)
{
    return mill_mutex_holder((const pthread_mutex_t *)object);
}

static int of_rwlock(uintptr_t object)
{
    return mill_rwlock_holder((const pthread_rwlock_t *)object);
}

static int of_spin(uintptr_t object)
{
    return mill_spin_holder((const pthread_spinlock_t *)object);
}

static int of_once(uintptr_t object)
{
    return mill_once_holder((const pthread_once_t *)object);
}

/* The other way round of mill_thread_object. */
static unsigned thread_of_object(uintptr_t object)
{
    return (unsigned)object - 1;
}

static int of_thread(uintptr_t object)
{
    unsigned thread = thread_of_object(object);
    return mill_thread_is_over(thread) ? -1 : (int)thread;
}

static const struct {
    const char *name;
    int (*holder)(uintptr_t object); /* NULL: there is none */
    const char *relation;            /* of the holder to it */
} things[MILL_THING_KINDS] = {
    [MILL_THING_OTHER] = {"object", NULL, NULL},
    [MILL_THING_MUTEX] = {"mutex", of_mutex, "holds"},
    [MILL_THING_CONDITION] = {"condition", NULL, NULL},
    [MILL_THING_RWLOCK] = {"read-write lock", of_rwlock, "holds"},
    [MILL_THING_BARRIER] = {"barrier", NULL, NULL},
    [MILL_THING_SPIN] = {"spin lock", of_spin, "holds"},
    [MILL_THING_SEMAPHORE] = {"semaphore", NULL, NULL},
    [MILL_THING_ONCE] = {"initialiser of once", of_once, "runs"},
    [MILL_THING_THREAD] = {"the end of thread", of_thread, NULL},
    [MILL_THING_FUTEX] = {"futex", NULL, NULL},
};

static enum mill_thing_kind thing_of(const struct mill_step *pending)
{
    enum mill_thing_kind thing = mill_step_thing(pending);
    return thing < MILL_THING_KINDS ? thing : MILL_THING_OTHER;
}

int mill_holder(const struct mill_step *pending)
{
    enum mill_thing_kind thing = thing_of(pending);
    return things[thing].holder == NULL ? -1 : things[thing].holder(pending->object);
}

int mill_holder_text(const struct mill_step *pending, char *buffer, size_t size)
{
    enum mill_thing_kind thing = thing_of(pending);
    const char *name = things[thing].name;
    unsigned long object = pending->object;
    int holder = mill_holder(pending);
    if (thing == MILL_THING_THREAD) {
        return snprintf(buffer, size, "%s %u", name, thread_of_object(pending->object));
    }
    if (thing == MILL_THING_BARRIER) {
        unsigned arrived;
        unsigned count;
        mill_barrier_arrived((const pthread_barrier_t *)pending->object, &arrived, &count);
        return snprintf(buffer, size, "%s 0x%lx, at which %u of %u are", name, object, arrived, count);
    }
    if (holder < 0) {
        return snprintf(buffer, size, "%s 0x%lx", name, object);
    }
    return snprintf(buffer, size, "%s 0x%lx, which thread %d %s%s", name, object, holder,
                    things[thing].relation,
                    mill_thread_is_over((unsigned)holder) ? ", although it has ended" : "");
}
