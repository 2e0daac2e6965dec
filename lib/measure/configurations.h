/* The configurations that a search has been in: which steps have taken effect, and the state they led to. A
 * set that only grows, of exact copies; two configurations are the same when all their words are. Private to
 * the search for linearizability.
 *
 * Which steps have taken effect is a row of bits that begins with ones and ends with zeros; what lies between
 * is kept, so that a configuration of a long history is small.
 *
 * Belongs to one thread.
 */
#ifndef MILL_MEASURE_CONFIGURATIONS_H
#define MILL_MEASURE_CONFIGURATIONS_H

#include <stddef.h>
#include <stdint.h>

struct mill_configuration {
    uint64_t hash;
    size_t first; /* words of ones before the bits */
    size_t bit_count, state_count;
    const uint64_t *bits; /* in words */
    const int64_t *state;
};

struct mill_configurations {
    struct mill_configuration **slots; /* open addressing; a power of two of them */
    size_t slot_count;
    size_t count;
    size_t bytes, bytes_most;
    struct mill_configurations_block *blocks; /* where they are kept */
    unsigned char *free;
    size_t free_size;
};

/* At most so many bytes. 0 or -ENOMEM. */
int mill_configurations_open(struct mill_configurations *set, size_t bytes_most);

/* One that failed to open, or is zeroed, too. */
void mill_configurations_close(struct mill_configurations *set);

/* Adds a copy, which stays where it is until close: `*kept`. 1; 0: it is there already, and *kept is that
 * one; -ENOSPC: it would be more than bytes_most; -ENOMEM. */
int mill_configurations_add(struct mill_configurations *set, const struct mill_configuration *one,
                            const struct mill_configuration **kept);

#endif
