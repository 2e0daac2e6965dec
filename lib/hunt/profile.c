#include "hunt/profile.h"

#include "core/random.h"

#define TABLE (2 * MILL_HUNT_THREADS)

/* The slot of a path; a new one, if there is none and this schedule is learnt from. */
static uint16_t find_slot(struct mill_profile *profile, uint64_t path, uint16_t parent)
{
    uint64_t at = path % TABLE;
    for (; profile->table[at] != 0; at = (at + 1) % TABLE) {
        uint16_t slot = (uint16_t)(profile->table[at] - 1);
        if (profile->slot[slot].path == path) {
            return slot;
        }
    }
    if (!profile->learning) {
        return MILL_PROFILE_NOBODY;
    }
    if (profile->known == MILL_HUNT_THREADS) {
        profile->lost++;
        return MILL_PROFILE_NOBODY;
    }
    uint16_t slot = (uint16_t)profile->known++;
    profile->table[at] = (uint16_t)(slot + 1);
    profile->slot[slot].path = path;
    profile->slot[slot].parent = parent;
    return slot;
}

void mill_profile_begin(struct mill_profile *profile, bool learning)
{
    profile->learning = learning;
    profile->children[0] = 0;
    profile->slot_of[0] = find_slot(profile, 0, MILL_PROFILE_NOBODY);
}

void mill_profile_spawned(struct mill_profile *profile, unsigned parent, unsigned child)
{
    uint16_t above = profile->slot_of[parent];
    uint16_t which = profile->children[parent]++;
    profile->children[child] = 0;
    profile->slot_of[child] = MILL_PROFILE_NOBODY;
    if (above != MILL_PROFILE_NOBODY) {
        uint64_t mixed = profile->slot[above].path + which + 1;
        profile->slot_of[child] = find_slot(profile, mill_random_split(&mixed), above);
    }
}

void mill_profile_executed(struct mill_profile *profile, unsigned thread)
{
    if (!profile->learning) {
        return;
    }
    uint16_t slot = profile->slot_of[thread];
    for (; slot != MILL_PROFILE_NOBODY; slot = profile->slot[slot].parent) {
        profile->slot[slot].steps++;
    }
}

void mill_profile_end(struct mill_profile *profile)
{
    profile->schedules += profile->learning;
    profile->learning = false;
}

uint64_t mill_profile_steps(const struct mill_profile *profile, unsigned thread)
{
    uint16_t slot = profile->slot_of[thread];
    return slot != MILL_PROFILE_NOBODY ? profile->slot[slot].steps : 0;
}
