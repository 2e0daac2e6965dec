/* Positions of rings: numbers that only grow, and wrap.
 *
 * The slot of a position is its low bits, so rings have a power of two of slots, and a position that wraps
 * from the largest number to 0 is still the next one. Positions are compared by the sign of their difference,
 * never by `<`. A ring starts two laps before its positions wrap: what would happen after centuries happens
 * in every test.
 */
#ifndef MILL_QUEUE_POSITIONS_H
#define MILL_QUEUE_POSITIONS_H

#include <stddef.h>
#include <stdint.h>

/* The smallest power of two that is no less than `count`, which is 1 … MILL_QUEUE_CAPACITY_MAX. */
static inline size_t mill_positions_round_up(size_t count)
{
    size_t slots = 1;
    while (slots < count) {
        slots *= 2;
    }
    return slots;
}

/* Where a ring of so many slots starts whose positions count in steps of `step`, a power of two: the position
 * of its first slot, two laps before 0. */
static inline uint64_t mill_positions_first(size_t slots, uint64_t step)
{
    return 0 - 2 * step * slots;
}

#endif
