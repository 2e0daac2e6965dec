/* Places in a lock for the threads that use it: where a queue lock of the CLH kind keeps the node that a
 * thread brings next time, which is not the one that it brought last time. Private to lock_*.c.
 *
 * A thread has the same place of a lock each time, and inherits it from a thread that has ended: places go by
 * thread numbers (core/thread_index.h). So what has to fit is the threads that live at once and use the lock.
 */
#ifndef MILL_SYNC_LOCK_PLACES_H
#define MILL_SYNC_LOCK_PLACES_H

#include <stdatomic.h>

#include "core/cacheline.h"
#include "core/thread_index.h"

struct mill_lock_place {
    alignas(MILL_ISOLATION) atomic_int owner; /* its number plus one; 0: nobody's yet, and then for ever */
    void *node;                               /* the owner's alone */
};

struct mill_lock_places {
    struct mill_lock_place *first;
    unsigned mask;    /* their number, a power of two, minus one */
    const char *name; /* of the lock, for what is said of a thread too many */
};

/* The slow part of find, for a thread that comes for the first time or whose number's place is another's. A
 * thread for which there is none, or no number, ends the program by name in any build: there is nothing that
 * it could wait with. */
struct mill_lock_place *mill_lock_place_take(const struct mill_lock_places *places, int index);

/* The calling thread's. Wait-free but for the first call. */
static inline struct mill_lock_place *mill_lock_place_find(const struct mill_lock_places *places)
{
    int index = mill_thread_index();
    struct mill_lock_place *place = &places->first[(unsigned)index & places->mask];
    /* relaxed: only this thread, or one before it with its number, has written it so */
    return atomic_load_explicit(&place->owner, memory_order_relaxed) == index + 1
               ? place
               : mill_lock_place_take(places, index);
}

#endif
