/* Bounded exponential back-off for a thread that lost a race (Anderson 1990; Mellor-Crummey and Scott 1991).
 *
 *     struct mill_backoff backoff = MILL_BACKOFF_INIT;
 *     while (!try())
 *         mill_backoff_wait(&backoff);
 *
 * Each wait spins a number of pauses drawn from [1, limit] and doubles the limit up to MILL_BACKOFF_MAXIMUM.
 * After it has reached the maximum it also yields once a wait: with more threads than cores, the thread that
 * is to make progress may have no core. Belongs to one thread; wait-free.
 */
#ifndef MILL_CORE_BACKOFF_H
#define MILL_CORE_BACKOFF_H

#include <sched.h>
#include <stdint.h>

#include "core/pause.h"

#define MILL_BACKOFF_MINIMUM 4u
#define MILL_BACKOFF_MAXIMUM 1024u

struct mill_backoff {
    uint32_t limit;
    uint32_t state; /* of a xorshift generator; seeded from the address, since equal seeds would collide for
                       ever */
};

#define MILL_BACKOFF_INIT ((struct mill_backoff){.limit = MILL_BACKOFF_MINIMUM, .state = 0})

/* A number of pauses in [1, limit]. Addresses on different stacks differ in a few high bits alone, so the
 * seed is hashed (Fibonacci hashing) and the draw takes the high bits; both matter for the first draws, which
 * decide most. */
static inline uint32_t mill_backoff_draw(struct mill_backoff *backoff)
{
    if (backoff->state == 0) {
        backoff->state = (uint32_t)(((uint64_t)(uintptr_t)backoff * 0x9e3779b97f4a7c15ull) >> 32) | 1u;
    }
    backoff->state ^= backoff->state << 13;
    backoff->state ^= backoff->state >> 17;
    backoff->state ^= backoff->state << 5;
    return 1 + (uint32_t)(((uint64_t)backoff->state * backoff->limit) >> 32);
}

static inline void mill_backoff_wait(struct mill_backoff *backoff)
{
    for (uint32_t spins = mill_backoff_draw(backoff); spins > 0; spins--) {
        mill_pause();
    }
    if (backoff->limit < MILL_BACKOFF_MAXIMUM) {
        backoff->limit *= 2;
    } else {
        sched_yield();
    }
}

#endif
