#include "hunt/reserve.h"

#include <sys/mman.h>

void *mill_reserve(size_t size, void *hint)
{
    void *memory =
        mmap(hint, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void mill_unreserve(void *memory, size_t size)
{
    if (memory) {
        munmap(memory, size);
    }
}

void mill_reserve_clear(void *memory, size_t size)
{
    /* It cannot fail for private memory that is mapped. */
    madvise(memory, size, MADV_DONTNEED);
}
