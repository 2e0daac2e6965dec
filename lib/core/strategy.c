#include "core/strategy.h"

#include <string.h>

const struct mill_strategy *mill_family_find(const struct mill_family *family, const char *name)
{
    for (size_t i = 0; i < family->count; i++) {
        if (strcmp(family->strategies[i]->name, name) == 0) {
            return family->strategies[i];
        }
    }
    return NULL;
}

const char *mill_family_shape(const struct mill_family *family, const struct mill_strategy *strategy,
                              char *buffer)
{
    return family->shape ? family->shape(strategy, buffer, MILL_SHAPE_MAX) : NULL;
}

bool mill_family_is_usual(const struct mill_family *family, const struct mill_strategy *strategy)
{
    for (size_t i = 0; family->usual && family->usual[i]; i++) {
        if (strcmp(family->usual[i], strategy->name) == 0) {
            return true;
        }
    }
    return !family->usual;
}

bool mill_strategy_is_foreign(const struct mill_strategy *strategy)
{
    return strategy->library && strcmp(strategy->library, "glibc") != 0 &&
           strcmp(strategy->library, "libc") != 0;
}

const char *mill_progress_name(enum mill_progress progress)
{
    static const char *const names[] = {
        [MILL_BLOCKING] = "blocking",
        [MILL_LOCK_FREE] = "lock-free",
        [MILL_WAIT_FREE] = "wait-free",
    };
    return names[progress];
}

const char *mill_trait_name(enum mill_trait trait)
{
    static const struct {
        enum mill_trait trait;
        const char *name;
    } names[] = {
        {MILL_FAIR, "fair"},
        {MILL_SPINS, "spins"},
        {MILL_PARKS, "parks"},
        {MILL_EMPTY, "empty"},
        {MILL_ONE_THREAD, "one-thread"},
        {MILL_CONTROL, "control"},
        {MILL_HIDES_ATOMICS, "hides-atomics"},
        {MILL_PTHREADS, "pthreads"},
        {MILL_BOUNDED, "bounded"},
        {MILL_SERVES_WRITERS, "serves-writers"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].trait == trait) {
            return names[i].name;
        }
    }
    return "unknown";
}
