#include "sync/lock_places.h"

#include <string.h>

#include "sync/lock_check.h"

struct mill_lock_place *mill_lock_place_take(const struct mill_lock_places *places, int index)
{
    if (index < 0) {
        mill_lock_misused(places->name, places->first, "has no number of its own: %s", strerror(-index));
    }
    for (unsigned i = 0; i <= places->mask; i++) {
        struct mill_lock_place *place = &places->first[((unsigned)index + i) & places->mask];
        int owner = 0;
        /* relaxed: what is in a place was there before the lock was shared, or was left by a thread before
         * this one, which the number's handing on orders */
        if (atomic_compare_exchange_strong_explicit(&place->owner, &owner, index + 1, memory_order_relaxed,
                                                    memory_order_relaxed) ||
            owner == index + 1) {
            return place;
        }
    }
    mill_lock_misused(places->name, places->first,
                      "is one too many: it was built for %u, each of whom has used it", places->mask + 1);
}
