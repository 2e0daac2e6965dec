/* The hint of a spin loop: lets the sibling hardware thread and the bus breathe. Not a fence. */
#ifndef MILL_CORE_PAUSE_H
#define MILL_CORE_PAUSE_H

static inline void mill_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

#endif
