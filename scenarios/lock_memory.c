#include "scenarios/lock_memory.h"

#include "sync/lock.h"

void mill_lock_measure_memory(const struct mill_case *one, unsigned locks, struct mill_check *check)
{
    const struct mill_lock_ops *ops = mill_lock_ops_of(one->strategy);
    size_t size = mill_lock_size(ops, one->threads);
    mill_check_measured(check, "lock size", "B", (double)size);
    mill_check_measured(check, "waiter size", "B", (double)mill_lock_waiter_size(ops));
    if (locks > 1) {
        mill_check_measured(check, "all locks", "B", (double)size * locks);
    }
}
