#include "device/tuning.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct mill_tuning {
    pthread_mutex_t mutex; /* of `locked`: protects the tuner */
    struct mill_tuner tuner;
};

static int create(const struct mill_tuner_plan *plan, struct mill_tuning **tuning)
{
    struct mill_tuning *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = mill_tuner_init(&made->tuner, plan);
    if (status == 0) {
        status = -pthread_mutex_init(&made->mutex, NULL);
    }
    if (status < 0) {
        free(made);
        return status;
    }
    *tuning = made;
    return 0;
}

static void destroy(struct mill_tuning *tuning)
{
    pthread_mutex_destroy(&tuning->mutex);
    free(tuning);
}

const struct mill_tuner *mill_tuning_tuner(const struct mill_tuning *tuning)
{
    return &tuning->tuner;
}

static int step_unlocked(struct mill_tuning *tuning, const struct mill_tuner_device *device, void *context,
                         struct mill_tuner_step *step, struct mill_device_failure *failure)
{
    return mill_tuner_step(&tuning->tuner, device, context, step, failure);
}

static int step_locked(struct mill_tuning *tuning, const struct mill_tuner_device *device, void *context,
                       struct mill_tuner_step *step, struct mill_device_failure *failure)
{
    pthread_mutex_lock(&tuning->mutex);
    int status = mill_tuner_step(&tuning->tuner, device, context, step, failure);
    pthread_mutex_unlock(&tuning->mutex);
    return status;
}

static const struct mill_tuning_ops unlocked = {
    .about =
        {
            .name = "unlocked",
            .summary = "the tuner as it is: two steps from one value lose one of them",
            .source = "guide 4: RealtimeTuner",
            .traits = MILL_CONTROL,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .step = step_unlocked,
};

static const struct mill_tuning_ops locked = {
    .about =
        {
            .name = "locked",
            .summary = "a mutex around the whole step, the device's calls included",
            .source = "guide 4: manual locking",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .step = step_locked,
};

static const struct mill_strategy *const strategies[] = {&unlocked.about, &locked.about};

const struct mill_family mill_tuning_family = {
    .name = "tuning",
    .summary = "one tuner that several threads step",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_tuning_ops *mill_tuning_ops_find(const char *name)
{
    return mill_tuning_ops_of(mill_family_find(&mill_tuning_family, name));
}
