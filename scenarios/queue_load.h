/* What the scenarios of queues share: items that say who put them and as which, and the tallies that show
 * whether each came out once and in order.
 *
 * An item is a number, so nothing behind it needs memory. A tally belongs to one consumer; several are added
 * up in `verify`, where a producer's count is compared with all that consumers got from it: the number of
 * items, their sum and the sum of their squares (modulo 2^64) agree only if nothing was lost and nothing came
 * twice.
 */
#ifndef MILL_SCENARIOS_QUEUE_LOAD_H
#define MILL_SCENARIOS_QUEUE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/scenario.h"
#include "queue/queue.h"

#define MILL_LOAD_SEQUENCE_BITS 44

/* The `sequence`-th item, from 0, of producer `producer`; never NULL. */
static inline void *mill_load_item(unsigned producer, uint64_t sequence)
{
    return (void *)(uintptr_t)((((uint64_t)producer + 1) << MILL_LOAD_SEQUENCE_BITS) | sequence);
}

static inline unsigned mill_load_producer(const void *item)
{
    return (unsigned)((uintptr_t)item >> MILL_LOAD_SEQUENCE_BITS) - 1;
}

static inline uint64_t mill_load_sequence(const void *item)
{
    return (uintptr_t)item & ((1ull << MILL_LOAD_SEQUENCE_BITS) - 1);
}

/* What one consumer got from one producer. */
struct mill_load_tally {
    uint64_t next; /* the least number that may come next */
    uint64_t count, sum, squares;
    uint64_t disordered; /* items that came after a later one */
};

static inline void mill_load_got(struct mill_load_tally *tallies, const void *item)
{
    struct mill_load_tally *tally = &tallies[mill_load_producer(item)];
    uint64_t sequence = mill_load_sequence(item);
    tally->disordered += sequence < tally->next;
    tally->next = sequence + 1;
    tally->count++;
    tally->sum += sequence;
    tally->squares += sequence * sequence;
}

/* Adds what one consumer got to what others got. */
void mill_load_add(struct mill_load_tally *total, const struct mill_load_tally *one);

/* Compares all that was got from `producer` with the `put` items that it put. `dropped` of all producers'
 * items are accounted for elsewhere; with any, only order and "not more than were put" can be said. */
void mill_load_check(struct mill_check *check, unsigned producer, uint64_t put,
                     const struct mill_load_tally *got, uint64_t dropped);

/* Why a queue of this shape cannot be driven by so many threads of each side, or NULL. */
const char *mill_load_misfit(const struct mill_strategy *strategy, unsigned producers, unsigned consumers);

#endif
