/* Destructors of C++'s thread_local objects, which run when their thread ends, the last made first, before
 * those of keys. The first thread's are the C library's to run: they run at exit too.
 */
#include "hunt/runtime/interpose.h"

#include "hunt/reserve.h"
#include "hunt/runtime/real.h"

#define PLACES 16384

/* Those of a thread are a chain, from mill_thread_data's `destructors`. Numbers are places and 1; 0 is none.
 */
static struct {
    void (*destroy)(void *object);
    void *object;
    unsigned next;
} places[PLACES];

static MILL_WRITTEN unsigned used;   /* places that were ever taken in this schedule */
static MILL_WRITTEN unsigned unused; /* the first of those that were given back */

void mill_local_begin(void)
{
    used = 0;
    unused = 0;
}

static unsigned take_place(void)
{
    unsigned place = unused;
    if (place != 0) {
        unused = places[place - 1].next;
    } else if (used < PLACES) {
        place = ++used;
    }
    return place;
}

static void add(void (*destroy)(void *), void *object)
{
    struct mill_thread_data *data = mill_thread_data(mill_self());
    unsigned place = take_place();
    if (place == 0) {
        mill_fail_here(MILL_FAILURE_UNSUPPORTED, NULL, "more than %u thread_local objects with destructors",
                       PLACES);
    }
    places[place - 1].destroy = destroy;
    places[place - 1].object = object;
    places[place - 1].next = data->destructors;
    data->destructors = place;
}

void mill_local_destroy(void)
{
    struct mill_thread_data *data = mill_thread_data(mill_self());
    while (data->destructors != 0) {
        unsigned place = data->destructors;
        void (*destroy)(void *) = places[place - 1].destroy;
        void *object = places[place - 1].object;
        data->destructors = places[place - 1].next;
        places[place - 1].next = unused;
        unused = place;
        destroy(object);
    }
}

int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *library)
{
    if (!mill_hunt_on || mill_self() == 0) {
        return mill_real()->__cxa_thread_atexit_impl(destroy, object, library);
    }
    add(destroy, object);
    return 0;
}
