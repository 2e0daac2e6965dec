/* One tuner (tuner.h) that several threads step: the family of the scenario `tuner-shared` (row 22).
 *
 *     struct mill_tuning *tuning;
 *     int status = ops->create(&plan, &tuning);
 *     status = ops->step(tuning, &device, context, &step, &failure);
 *     ops->destroy(tuning);
 *
 *   unlocked   as it is: steps are lost, and contradict each other (control)
 *   locked     a lock around the whole step, the device's calls included
 *
 * Any thread steps, at any time; blocking. The device must bear several threads.
 */
#ifndef MILL_DEVICE_TUNING_H
#define MILL_DEVICE_TUNING_H

#include "core/strategy.h"
#include "device/tuner.h"

struct mill_tuning;

struct mill_tuning_ops {
    struct mill_strategy about;
    int (*create)(const struct mill_tuner_plan *plan, struct mill_tuning **tuning); /* -EINVAL, -ENOMEM */
    void (*destroy)(struct mill_tuning *tuning);
    int (*step)(struct mill_tuning *tuning, const struct mill_tuner_device *device, void *context,
                struct mill_tuner_step *step, struct mill_device_failure *failure);
};

extern const struct mill_family mill_tuning_family;

static inline const struct mill_tuning_ops *mill_tuning_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_tuning_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_tuning_ops *mill_tuning_ops_find(const char *name);

/* The tuner inside, while nobody steps it. */
const struct mill_tuner *mill_tuning_tuner(const struct mill_tuning *tuning);

#endif
