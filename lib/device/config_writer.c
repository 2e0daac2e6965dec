#include "device/config_writer.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/random.h"

/* ---- the mistake ---- */

static int post(struct mill_config_writer *writer, struct mill_device_client *client,
                const struct mill_valve_config *change, struct mill_device_failure *failure)
{
    (void)writer;
    return mill_device_update_config(client, change, failure);
}

static const struct mill_config_writer_ops posting = {
    .about = {.name = "post",
              .summary = "posts and takes the reply's word: of two within a tick one is lost",
              .source = "the firmware's staged config",
              .traits = MILL_CONTROL,
              .progress = MILL_BLOCKING},
    .write = post,
};

/* ---- one at a time, and a tick in between ---- */

static int post_and_wait(struct mill_config_writer *writer, struct mill_device_client *client,
                         const struct mill_valve_config *change, struct mill_device_failure *failure)
{
    pthread_mutex_lock(&writer->mutex);
    int status = mill_device_update_config(client, change, failure);
    /* also after a failure: it may have been staged */
    mill_sleep_until(mill_now_ns() + MILL_CONFIG_TICK_NS);
    pthread_mutex_unlock(&writer->mutex);
    return status;
}

static const struct mill_config_writer_ops waiting = {
    .about = {.name = "wait-a-tick",
              .summary = "a lock, held until the tick after the reply: no two changes within one",
              .source = "threadmill",
              .traits = MILL_PARKS,
              .progress = MILL_BLOCKING},
    .write = post_and_wait,
};

/* ---- look whether it is there ---- */

/* The device prints some digits of each field. */
static const struct {
    enum mill_config_field field;
    size_t offset;
    double precision;
} fields[] = {
    {MILL_CONFIG_CLOSED_POS, offsetof(struct mill_valve_config, closed_pos), 0.01},
    {MILL_CONFIG_OPEN_POS, offsetof(struct mill_valve_config, open_pos), 0.01},
    {MILL_CONFIG_VISCOUS, offsetof(struct mill_valve_config, viscous), 0.0001},
    {MILL_CONFIG_COULOMB, offsetof(struct mill_valve_config, coulomb), 0.0001},
    {MILL_CONFIG_WALL_STIFFNESS, offsetof(struct mill_valve_config, wall_stiffness), 0.01},
    {MILL_CONFIG_WALL_DAMPING, offsetof(struct mill_valve_config, wall_damping), 0.0001},
    {MILL_CONFIG_SMOOTHING, offsetof(struct mill_valve_config, smoothing), 0.000001},
    {MILL_CONFIG_TORQUE_LIMIT, offsetof(struct mill_valve_config, torque_limit), 0.01},
};

static double value_at(const struct mill_valve_config *config, size_t offset)
{
    return *(const double *)(const void *)((const char *)config + offset);
}

static bool has_taken(const struct mill_valve_config *live, const struct mill_valve_config *change)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        double difference = value_at(live, fields[i].offset) - value_at(change, fields[i].offset);
        if ((change->fields & fields[i].field) && fabs(difference) > fields[i].precision * 0.75) {
            return false;
        }
    }
    return true;
}

/* Those that lost to each other would meet again in the next tick; so each waits for some ticks, at random,
 * up to as many as it has lost, and at most so many. */
#define TICKS_MAX 8u

static int post_and_look(struct mill_config_writer *writer, struct mill_device_client *client,
                         const struct mill_valve_config *change, struct mill_device_failure *failure)
{
    struct mill_valve_config live;
    struct mill_random random;
    (void)writer;
    if (change->fields & MILL_CONFIG_TRAVEL) {
        return -EINVAL;
    }
    mill_random_seed(&random, mill_now_ns(), (uint64_t)(uintptr_t)client);
    for (unsigned lost = 0; lost < MILL_CONFIG_WRITES_MAX; lost++) {
        int status = mill_device_update_config(client, change, failure);
        if (status < 0) {
            return status;
        }
        mill_sleep_until(mill_now_ns() + MILL_CONFIG_TICK_NS);
        status = mill_device_get_config(client, &live, failure);
        if (status < 0 || has_taken(&live, change)) {
            return status;
        }
        uint64_t ticks = mill_random_below(&random, lost < TICKS_MAX ? lost + 2 : TICKS_MAX);
        mill_sleep_until(mill_now_ns() + ticks * MILL_CONFIG_TICK_NS);
    }
    return -EBUSY;
}

static const struct mill_config_writer_ops looking = {
    .about = {.name = "read-back",
              .summary = "reads the config a tick later, and posts again where the change is not there",
              .source = "threadmill",
              .progress = MILL_BLOCKING},
    .write = post_and_look,
};

/* ---- the family ---- */

static const struct mill_strategy *const strategies[] = {&posting.about, &waiting.about, &looking.about};

const struct mill_family mill_config_writer_family = {
    .name = "config-writer",
    .summary = "single fields of a running valve's config, written by several threads",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_config_writer_ops *mill_config_writer_ops_find(const char *name)
{
    return mill_config_writer_ops_of(mill_family_find(&mill_config_writer_family, name));
}

int mill_config_writer_create(const struct mill_config_writer_ops *ops, struct mill_config_writer **writer)
{
    if (!ops || !writer) {
        return -EINVAL;
    }
    struct mill_config_writer *made = malloc(sizeof *made);
    int status = made ? -pthread_mutex_init(&made->mutex, NULL) : -ENOMEM;
    if (status < 0) {
        free(made);
        return status;
    }
    made->ops = ops;
    *writer = made;
    return 0;
}

void mill_config_writer_destroy(struct mill_config_writer *writer)
{
    if (writer) {
        pthread_mutex_destroy(&writer->mutex);
        free(writer);
    }
}

int mill_config_writer_write(struct mill_config_writer *writer, struct mill_device_client *client,
                             const struct mill_valve_config *change, struct mill_device_failure *failure)
{
    return writer && client && change ? writer->ops->write(writer, client, change, failure) : -EINVAL;
}
