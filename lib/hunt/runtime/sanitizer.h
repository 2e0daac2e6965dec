/* What is otherwise in a program that has a sanitizer's own runtime beside this one. Each way of linking a
 * program has one of these: none (sanitizer_none.c), ThreadSanitizer (tsan/), AddressSanitizer (asan/).
 */
#ifndef MILL_HUNT_RUNTIME_SANITIZER_H
#define MILL_HUNT_RUNTIME_SANITIZER_H

#include <pthread.h>

#include "hunt/job.h"
#include "hunt/runtime/context.h"
#include "hunt/runtime/real.h"

/* Who looks for races. */
enum mill_sanitizer_races {
    MILL_SANITIZER_RACES_OURS, /* we, if the job wants it */
    MILL_SANITIZER_RACES_NONE,
    MILL_SANITIZER_RACES_ITS, /* the sanitizer, which is told of every order: hunt/race.h is in its hands */
};

struct mill_sanitizer {
    const char *name;   /* NULL: none */
    uint32_t flags_not; /* of enum mill_job_flag: what a job cannot have here */
    enum mill_sanitizer_races races;

    /* The engine as the sanitizer has to see it; or NULL for the function: as it is. */
    const struct mill_context_engine *(*dress)(const struct mill_context_engine *engine);

    /* Creates a kernel thread that contexts borrow from; NULL: the C library's pthread_create does. */
    int (*create)(pthread_t *made, const pthread_attr_t *attributes, void *(*start)(void *), void *argument);

    /* A schedule begins: called in its process before anything of it runs. May be NULL. */
    void (*begin)(struct mill_job *job);
};

extern const struct mill_sanitizer mill_sanitizer;

static inline int mill_sanitizer_create(pthread_t *made, const pthread_attr_t *attributes,
                                        void *(*start)(void *), void *argument)
{
    return mill_sanitizer.create ? mill_sanitizer.create(made, attributes, start, argument)
                                 : mill_real()->pthread_create(made, attributes, start, argument);
}

#endif
