/* Pages that the program gets from the kernel. */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "hunt/runtime/check.h"
#include "hunt/runtime/raw.h"
#include "hunt/runtime/scheduler.h"

/* What was done in pages that lay there before does not count. */
void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    long result = mill_raw_syscall(SYS_mmap, (long)address, (long)size, protection, flags, file, offset);
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return MAP_FAILED;
    }
    if (mill_hunt_on && mill_hunt_races) {
        mill_race_allocated((uintptr_t)result, size);
    }
    return (void *)result;
}
