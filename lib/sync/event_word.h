/* An event in one word: whether it is set, whether it is abandoned, and its generation, which grows with each
 * clear of a set event. A wait that finds another generation than the one it began in knows that the event
 * was set meanwhile, however shortly.
 *
 * The generation has 29 bits. A waiter would be mistaken if the event went through exactly a multiple of 2^29
 * generations while it did not run once.
 */
#ifndef MILL_SYNC_EVENT_WORD_H
#define MILL_SYNC_EVENT_WORD_H

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

enum mill_event_word {
    MILL_EVENT_SET = 1 << 0,
    MILL_EVENT_ABANDONED = 1 << 1,
    MILL_EVENT_SLEEPERS = 1 << 2, /* somebody may be asleep on the word; of those strategies that do so */
    MILL_EVENT_GENERATION = 1 << 3,
};

/* For a wait that began when the word was `first`: 0 it is let through; -ECANCELED; -EAGAIN it waits on. */
static inline int mill_event_word_look(uint32_t first, uint32_t word)
{
    if ((word & MILL_EVENT_SET) || word / MILL_EVENT_GENERATION != first / MILL_EVENT_GENERATION) {
        return 0;
    }
    return word & MILL_EVENT_ABANDONED ? -ECANCELED : -EAGAIN;
}

/* Those that sleep on a set event are being woken by whoever set it, so nobody sleeps in the next generation.
 * relaxed: as a read-modify-write it leaves what the set published to those that read its own value */
static inline void mill_event_word_clear(_Atomic uint32_t *word)
{
    uint32_t before = atomic_load_explicit(word, memory_order_relaxed);
    uint32_t after;
    do {
        if (!(before & MILL_EVENT_SET)) {
            return;
        }
        after = (before & ~(uint32_t)(MILL_EVENT_SET | MILL_EVENT_SLEEPERS)) + MILL_EVENT_GENERATION;
    } while (!atomic_compare_exchange_weak_explicit(word, &before, after, memory_order_relaxed,
                                                    memory_order_relaxed));
}

#endif
