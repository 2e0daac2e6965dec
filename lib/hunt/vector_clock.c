#include "hunt/vector_clock.h"

#include <errno.h>
#include <string.h>

#include "hunt/reserve.h"

int mill_clocks_open(struct mill_clocks *clocks)
{
    clocks->words = mill_reserve(MILL_CLOCK_WORDS * sizeof *clocks->words, NULL);
    if (!clocks->words) {
        return -ENOMEM;
    }
    mill_clocks_begin(clocks);
    return 0;
}

void mill_clocks_close(struct mill_clocks *clocks)
{
    mill_unreserve(clocks->words, MILL_CLOCK_WORDS * sizeof *clocks->words);
    *clocks = (struct mill_clocks){0};
}

void mill_clocks_begin(struct mill_clocks *clocks)
{
    clocks->used = MILL_CLOCK_LEAST; /* place 0 says that there are no words */
    clocks->full = false;
    memset(clocks->free, 0, sizeof clocks->free);
}

/* Which of the sizes holds so many components. */
static unsigned size_of(unsigned length)
{
    return length <= MILL_CLOCK_LEAST ? 0 : 30 - (unsigned)__builtin_clz(length - 1); /* 5 … 8: 1 */
}

static uint32_t take(struct mill_clocks *clocks, unsigned size)
{
    uint32_t at = clocks->free[size];
    if (at != 0) {
        clocks->free[size] = clocks->words[at];
        return at;
    }
    if (clocks->used + (MILL_CLOCK_LEAST << size) > MILL_CLOCK_WORDS) {
        clocks->full = true;
        return 0;
    }
    at = (uint32_t)clocks->used;
    clocks->used += MILL_CLOCK_LEAST << size;
    return at;
}

static void give_back(struct mill_clocks *clocks, const struct mill_clock *clock)
{
    if (clock->at != 0) {
        unsigned size = size_of(clock->room);
        clocks->words[clock->at] = clocks->free[size];
        clocks->free[size] = clock->at;
    }
}

/* Longer than there is room for. */
static __attribute__((noinline)) bool move(struct mill_clocks *clocks, struct mill_clock *clock,
                                           unsigned length)
{
    unsigned size = size_of(length);
    uint32_t at = take(clocks, size);
    if (at == 0) {
        return false;
    }
    for (unsigned i = 0; i < clock->length; i++) {
        clocks->words[at + i] = clocks->words[clock->at + i];
    }
    give_back(clocks, clock);
    clock->at = at;
    clock->room = (uint16_t)(MILL_CLOCK_LEAST << size);
    return true;
}

bool mill_clock_extend(struct mill_clocks *clocks, struct mill_clock *clock, unsigned length)
{
    if (length <= clock->length) {
        return true;
    }
    if (length > clock->room && !move(clocks, clock, length)) {
        return false;
    }
    for (unsigned i = clock->length; i < length; i++) {
        clocks->words[clock->at + i] = 0;
    }
    clock->length = (uint16_t)length;
    return true;
}

void mill_clock_begin(struct mill_clocks *clocks, struct mill_clock *clock, const struct mill_clock *other,
                      unsigned thread, uint32_t value)
{
    unsigned length = thread < other->length ? other->length : thread + 1;
    unsigned size = size_of(length);
    uint32_t at = take(clocks, size);
    if (at != 0) {
        uint32_t *mine = &clocks->words[at];
        const uint32_t *theirs = &clocks->words[other->at];
        for (unsigned i = 0; i < length; i++) {
            mine[i] = i < other->length ? theirs[i] : 0;
        }
        mine[thread] = value;
        *clock = (struct mill_clock){at, (uint16_t)length, (uint16_t)(MILL_CLOCK_LEAST << size)};
    }
}

void mill_clock_join_long(struct mill_clocks *clocks, struct mill_clock *clock,
                          const struct mill_clock *other)
{
    if (!mill_clock_extend(clocks, clock, other->length)) {
        return;
    }
    uint32_t *mine = &clocks->words[clock->at];
    const uint32_t *theirs = &clocks->words[other->at];
    for (unsigned i = 0; i < other->length; i++) {
        mine[i] = mine[i] > theirs[i] ? mine[i] : theirs[i];
    }
}

void mill_clock_clear(struct mill_clocks *clocks, struct mill_clock *clock)
{
    give_back(clocks, clock);
    *clock = (struct mill_clock){0};
}
