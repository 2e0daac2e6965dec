/* Fences: order between one's own store and one's own later load, where an operation cannot carry it.
 *
 *     mine = true;                   theirs = true;
 *     mill_fence();                  mill_fence();
 *     if (theirs) …                  if (mine) …           at least one of the two sees the other
 *
 * mill_fence() is a sequentially consistent fence. Where one side runs all the time and the other seldom, the
 * pair of mill_fence_light() and mill_fence_heavy() moves the whole price to the seldom one: light is no
 * instruction at all, heavy makes the kernel run a fence on every processor that runs a thread of this
 * process (Linux membarrier, private expedited; some microseconds). A light fence pairs with heavy ones,
 * never with another light one. Where the kernel refuses, both are mill_fence().
 *
 * ThreadSanitizer knows no stand-alone fences. Its builds get, for each of the three, a read-modify-write of
 * one word that all fences share: whatever stands before one fence then happens before what stands behind any
 * later one. That is more order than a fence gives, so a race that only a fence hides is not reported by it;
 * but nothing needs to be suppressed. Any thread may call all three.
 */
#ifndef MILL_CORE_FENCE_H
#define MILL_CORE_FENCE_H

#include <stdbool.h>

#include "core/c11.h"
#include "core/sanitizer.h"

/* The process's fences: the one context that changes here. `asymmetric` rises once, when the kernel has been
 * told that this process will ask for barriers. */
struct mill_fences {
    atomic_bool asymmetric;
    atomic_uint word; /* what ThreadSanitizer's builds read and write */
};
extern struct mill_fences mill_fences;

static inline void mill_fence(void)
{
#if MILL_UNDER_TSAN
    atomic_fetch_add_explicit(&mill_fences.word, 0, memory_order_seq_cst);
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

/* The cheap side. A thread that still sees `asymmetric` false runs a full fence, which pairs with a heavy one
 * of either kind. relaxed: whoever sees true may rely on the kernel, since it was told before. */
static inline void mill_fence_light(void)
{
    if (atomic_load_explicit(&mill_fences.asymmetric, memory_order_relaxed)) {
        atomic_signal_fence(memory_order_seq_cst);
    } else {
        mill_fence();
    }
}

/* The dear side. */
void mill_fence_heavy(void);

/* Tells the kernel now instead of at the first heavy fence, so that light ones are cheap from the start. True
 * when they will be. */
bool mill_fence_open(void);

#endif
