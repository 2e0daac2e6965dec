/* What an object carries so that it can be retired: taken out of its structure now, freed when no thread can
 * look at it any more (queue/hazard.h, queue/epoch.h).
 *
 * The link is part of the object, so that retiring needs no memory and cannot fail. It is written when the
 * object is retired; readers of the object never look at it.
 */
#ifndef MILL_QUEUE_RETIRED_H
#define MILL_QUEUE_RETIRED_H

#include <stddef.h>

struct mill_retired {
    struct mill_retired *next;
};

/* Frees, or uses again, a whole chain of objects: linked by `next`, ended by NULL, at least one. Called in
 * the thread that retires, and in the one that closes; it must not retire anything itself. */
typedef void mill_free_retired(void *context, struct mill_retired *chain);

/* Objects between two attempts to free, where the structure names no number: so many that an attempt, some
 * microseconds for its fence, is some nanoseconds an object. Large objects want fewer. */
#define MILL_RETIRED_BATCH 512

/* How a structure wants its objects reclaimed. */
struct mill_retired_options {
    mill_free_retired *free;
    void *context;    /* handed to free */
    size_t batch;     /* objects that one thread retires between two attempts; 0: MILL_RETIRED_BATCH */
    size_t seat_size; /* bytes of a seat, which begins with the seat of the scheme; 0: no more than that */
};

#endif
