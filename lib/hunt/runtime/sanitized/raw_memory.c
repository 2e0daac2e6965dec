/* For the runtime's own memory, of which a sanitizer need not know: its archives are linked with these in
 * place of memcpy, memmove, memset and mmap. Compiled with -fno-builtin.
 */
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "hunt/runtime/raw.h"

void *mill_raw_memcpy(void *to, const void *from, size_t size);
void *mill_raw_memcpy(void *to, const void *from, size_t size)
{
    char *target = to;
    const char *source = from;
    for (size_t i = 0; i < size; i++) {
        target[i] = source[i];
    }
    return to;
}

void *mill_raw_memmove(void *to, const void *from, size_t size);
void *mill_raw_memmove(void *to, const void *from, size_t size)
{
    char *target = to;
    const char *source = from;
    if (target <= source) {
        return mill_raw_memcpy(to, from, size);
    }
    while (size > 0) {
        size--;
        target[size] = source[size];
    }
    return to;
}

void *mill_raw_memset(void *to, int value, size_t size);
void *mill_raw_memset(void *to, int value, size_t size)
{
    char *target = to;
    for (size_t i = 0; i < size; i++) {
        target[i] = (char)value;
    }
    return to;
}

void *mill_raw_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
void *mill_raw_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    long result = mill_raw_syscall(SYS_mmap, (long)address, (long)size, protection, flags, file, offset);
    return result < 0 && result > -4096 ? MAP_FAILED : (void *)result;
}
