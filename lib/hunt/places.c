#include "hunt/places.h"

#include <stddef.h>
#include <string.h>

static uint64_t mix(uint64_t word)
{
    word = (word ^ (word >> 31)) * 0x9e3779b97f4a7c15ull;
    return word ^ (word >> 29);
}

bool mill_places_first(struct mill_places *places, uint64_t a, uint64_t b)
{
    const size_t slots = sizeof places->pair / sizeof *places->pair;
    struct mill_place_pair wanted = a < b ? (struct mill_place_pair){a, b} : (struct mill_place_pair){b, a};
    if (wanted.b == 0) {
        wanted.b = 1; /* two places that are unknown: not what marks a free slot */
    }
    size_t slot = mix(wanted.a * 3 + mix(wanted.b)) % slots;
    for (; places->pair[slot].b != 0; slot = (slot + 1) % slots) {
        if (places->pair[slot].a == wanted.a && places->pair[slot].b == wanted.b) {
            return false;
        }
    }
    if (places->count < MILL_PLACES) {
        places->count++;
        places->pair[slot] = wanted;
    }
    return true;
}

void mill_places_clear(struct mill_places *places)
{
    memset(places, 0, sizeof *places);
}
