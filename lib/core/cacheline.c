#include "core/cacheline.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *mill_isolated_alloc(size_t size)
{
    if (size > SIZE_MAX - MILL_ISOLATION) {
        return NULL; /* rounding up would wrap round to nothing */
    }
    size_t whole = MILL_ISOLATED_SIZE(size > 0 ? size : 1);
    void *memory = aligned_alloc(MILL_ISOLATION, whole);
    if (memory) {
        memset(memory, 0, whole);
    }
    return memory;
}
