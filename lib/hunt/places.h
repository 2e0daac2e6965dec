/* Which findings have been told already: a set of pairs of places. One kernel thread at a time.
 */
#ifndef MILL_HUNT_PLACES_H
#define MILL_HUNT_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#define MILL_PLACES 4096 /* room for pairs; those that find none are told each time, never hidden */

struct mill_places {
    unsigned count;
    struct mill_place_pair {
        uint64_t a, b; /* a <= b; both 0: free */
    } pair[2 * MILL_PLACES];
};

/* Is it the first time that this pair, in either order, is told? It counts as told from now on. */
bool mill_places_first(struct mill_places *places, uint64_t a, uint64_t b);

/* Forgets all. */
void mill_places_clear(struct mill_places *places);

#endif
