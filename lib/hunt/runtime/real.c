#include "hunt/runtime/real.h"

#include <dlfcn.h>

struct mill_real mill_real_functions;

void mill_real_open(void)
{
#define X(name) *(void **)&mill_real_functions.name = dlsym(RTLD_NEXT, #name);
    MILL_REAL_FUNCTIONS(X)
#undef X
}
