#include "scenarios/lock_rig.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

int mill_lock_rig_open(struct mill_case *one, size_t state_size)
{
    struct mill_lock_rig *rig = mill_isolated_alloc(state_size);
    if (!rig) {
        return -ENOMEM;
    }
    rig->ops = mill_lock_ops_of(one->strategy);
    int status = mill_lock_create_for(rig->ops, one->threads + 1, &rig->lock);
    if (status < 0) {
        free(rig);
        return status;
    }
    one->state = rig;
    return 0;
}

void mill_lock_rig_close(struct mill_case *one)
{
    struct mill_lock_rig *rig = one->state;
    mill_lock_destroy(rig->ops, rig->lock);
    free(rig);
}

void mill_lock_rig_interrupt(struct mill_case *one)
{
    (void)one;
}

void mill_lock_rig_verify(const struct mill_case *one, struct mill_check *check)
{
    const struct mill_lock_rig *rig = one->state;
    if (rig->entries != one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " times in the lock, but its count shows %" PRIu64, one->operations,
                         rig->entries);
    }
}

const struct mill_model *mill_lock_rig_model(const struct mill_case *one, struct mill_model *copy)
{
    (void)one;
    (void)copy;
    return &mill_model_lock;
}

const char *mill_lock_rig_unsupported(const struct mill_case *one)
{
    bool looked_for = mill_scenario_expects(one->scenario, one->strategy, UINT_MAX) != NULL;
    return (one->strategy->traits & MILL_CONTROL) && !looked_for
               ? "its mistake is looked for in critical-section"
               : NULL;
}
