/* The hint of a spin loop: lets the sibling hardware thread and the bus breathe. Not a fence. Under a hunt
 * other threads go first. */
#ifndef MILL_CORE_PAUSE_H
#define MILL_CORE_PAUSE_H

#include <sched.h>

#include "core/sanitizer.h"

static inline void mill_pause(void)
{
#if MILL_UNDER_HUNT
    sched_yield();
#elif defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

#endif
