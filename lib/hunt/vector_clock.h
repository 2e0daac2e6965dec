/* Vector clocks (Mattern 1989), as long as they need to be: what lies beyond a clock's length is 0. Their
 * words come out of one pool, which is emptied in constant time; a clock of up to four threads takes four
 * words.
 *
 *     struct mill_clocks clocks = {0};
 *     mill_clocks_open(&clocks);
 *     struct mill_clock mine = {0}, theirs = {0};     a clock of all zeros holds no words
 *     mill_clock_set(&clocks, &mine, 3, 7);
 *     mill_clock_join(&clocks, &theirs, &mine);
 *     mill_clocks_begin(&clocks);                     all clocks are gone: start from {0} again
 *
 * One kernel thread at a time.
 */
#ifndef MILL_HUNT_VECTOR_CLOCK_H
#define MILL_HUNT_VECTOR_CLOCK_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hunt/step.h"

/* Words of the pool, and sizes that its pieces have: 4, 8, … MILL_HUNT_THREADS. */
#define MILL_CLOCK_WORDS ((size_t)1 << 30)
#define MILL_CLOCK_LEAST 4u
#define MILL_CLOCK_SIZES 9

static_assert(MILL_CLOCK_LEAST << (MILL_CLOCK_SIZES - 1) == MILL_HUNT_THREADS,
              "the longest clock has all threads");

struct mill_clocks {
    uint32_t *words;
    size_t used;
    bool full;                       /* since the pool was emptied, a clock has found no room */
    uint32_t free[MILL_CLOCK_SIZES]; /* pieces that were given back, linked by their first word; 0: none */
};

struct mill_clock {
    uint32_t at; /* in `words`; 0: it has none */
    uint16_t length, room;
};

/* 0 or -ENOMEM. */
int mill_clocks_open(struct mill_clocks *clocks);
void mill_clocks_close(struct mill_clocks *clocks);

/* The pool is empty again. */
void mill_clocks_begin(struct mill_clocks *clocks);

/* The component of a thread. */
static inline uint32_t mill_clock_get(const struct mill_clocks *clocks, const struct mill_clock *clock,
                                      unsigned thread)
{
    return thread < clock->length ? clocks->words[clock->at + thread] : 0;
}

/* Room for `length` components, at most MILL_HUNT_THREADS; new ones are 0. False: the pool is full, which it
 * remembers, and the clock is as it was. */
bool mill_clock_extend(struct mill_clocks *clocks, struct mill_clock *clock, unsigned length);

/* The calls below do nothing where there is no room. */
static inline void mill_clock_set(struct mill_clocks *clocks, struct mill_clock *clock, unsigned thread,
                                  uint32_t value)
{
    if (thread < clock->length || mill_clock_extend(clocks, clock, thread + 1)) {
        clocks->words[clock->at + thread] = value;
    }
}

/* Each component of `clock` becomes the higher of the two. */
void mill_clock_join_long(struct mill_clocks *clocks, struct mill_clock *clock,
                          const struct mill_clock *other);
static inline void mill_clock_join(struct mill_clocks *clocks, struct mill_clock *clock,
                                   const struct mill_clock *other)
{
    if (other->length > MILL_CLOCK_LEAST || other->length > clock->length) {
        mill_clock_join_long(clocks, clock, other);
        return;
    }
    uint32_t *mine = &clocks->words[clock->at];
    const uint32_t *theirs = &clocks->words[other->at];
    switch (other->length) { /* few threads: no loop */
    case 4:
        mine[3] = mine[3] > theirs[3] ? mine[3] : theirs[3];
        __attribute__((fallthrough));
    case 3:
        mine[2] = mine[2] > theirs[2] ? mine[2] : theirs[2];
        __attribute__((fallthrough));
    case 2:
        mine[1] = mine[1] > theirs[1] ? mine[1] : theirs[1];
        __attribute__((fallthrough));
    case 1:
        mine[0] = mine[0] > theirs[0] ? mine[0] : theirs[0];
        __attribute__((fallthrough));
    default:
        break;
    }
}

/* A clock of all zeros becomes a copy, with another component for one thread. */
void mill_clock_begin(struct mill_clocks *clocks, struct mill_clock *clock, const struct mill_clock *other,
                      unsigned thread, uint32_t value);

/* All zeros again; its words go back to the pool. */
void mill_clock_clear(struct mill_clocks *clocks, struct mill_clock *clock);

#endif
