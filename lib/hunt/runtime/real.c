#include "hunt/runtime/real.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

struct mill_real mill_real_functions;

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
#define X(name) {#name, offsetof(struct mill_real, name)},
    MILL_REAL_FUNCTIONS(X)
#undef X
        {"gettimeofday", offsetof(struct mill_real, gettimeofday)},
};

void mill_real_open(void)
{
    /* In a place of its own first: mill_real() takes the table for filled once its last name is there. */
    struct mill_real found;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *address = dlsym(RTLD_NEXT, functions[i].name);
        memcpy((char *)&found + functions[i].offset, &address, sizeof address);
    }
    mill_real_functions = found;
}
