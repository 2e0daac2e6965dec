#include "core/fence.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

struct mill_fences mill_fences;

static pthread_once_t registered = PTHREAD_ONCE_INIT;

static void register_process(void)
{
    /* ThreadSanitizer sees no kernel's barrier: its builds stay with the word. */
    if (!MILL_UNDER_TSAN && syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0) {
        /* relaxed: see mill_fence_light */
        atomic_store_explicit(&mill_fences.asymmetric, true, memory_order_relaxed);
    }
}

bool mill_fence_open(void)
{
    pthread_once(&registered, register_process);
    return atomic_load_explicit(&mill_fences.asymmetric, memory_order_relaxed);
}

void mill_fence_heavy(void)
{
    /* A registered process is never refused the barrier (membarrier(2)). */
    if (mill_fence_open()) {
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    } else {
        mill_fence();
    }
}
