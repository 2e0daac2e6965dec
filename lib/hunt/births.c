#include "hunt/births.h"

#include <stddef.h>

uint32_t mill_births_number(struct mill_births *births, uint32_t creator, uint32_t before)
{
    if (creator == MILL_BIRTH_UNKNOWN) {
        return MILL_BIRTH_UNKNOWN;
    }
    const size_t slots = sizeof births->slot / sizeof *births->slot;
    uint64_t name = ((uint64_t)creator + 1) << 32 | before;
    size_t slot = (name * 0x9e3779b97f4a7c15ull >> 32) % slots;
    for (; births->slot[slot].name != 0; slot = (slot + 1) % slots) {
        if (births->slot[slot].name == name) {
            return births->slot[slot].number;
        }
    }
    if (births->count + 1 == MILL_HUNT_THREADS) {
        return MILL_BIRTH_UNKNOWN;
    }
    births->slot[slot] = (struct mill_birth){.name = name, .number = ++births->count};
    return births->slot[slot].number;
}
