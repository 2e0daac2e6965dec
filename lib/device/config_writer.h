/* Writing single fields of a running valve's config, where several threads do so, each with a client of its
 * own: the device loses an update (MILL_QUIRK_STAGED). While it runs, a POST config copies the live config
 * and replaces the whole of what is staged for the next tick of its control loop; so of two POSTs within a
 * tick the first is lost, although both were answered "ok". One table, one strategy each:
 *
 *     struct mill_config_writer *writer;
 *     int status = mill_config_writer_create(mill_config_writer_ops_find("read-back"), &writer);
 *
 *     thread with a client:  status = mill_config_writer_write(writer, client, &change, &failure);
 *
 *     mill_config_writer_destroy(writer);
 *
 * Any thread may write, with a client that nobody else uses meanwhile. Blocking: for the requests, and for a
 * tick or more where the strategy says so.
 */
#ifndef MILL_DEVICE_CONFIG_WRITER_H
#define MILL_DEVICE_CONFIG_WRITER_H

#include <pthread.h>

#include "core/clock.h"
#include "core/strategy.h"
#include "device/client.h"

struct mill_config_writer_ops;

struct mill_config_writer {
    const struct mill_config_writer_ops *ops;
    pthread_mutex_t mutex; /* one thread at a time writes, where the strategy wants that */
};

struct mill_config_writer_ops {
    struct mill_strategy about;
    int (*write)(struct mill_config_writer *writer, struct mill_device_client *client,
                 const struct mill_valve_config *change, struct mill_device_failure *failure);
};

/* So long after the reply to a POST config its change is live: the loop ticks each millisecond, and some of
 * the device's clock is rounded off. */
#define MILL_CONFIG_TICK_NS    (MILL_NS_PER_MS + MILL_NS_PER_MS / 4)

/* How often read-back writes before it gives up. */
#define MILL_CONFIG_WRITES_MAX 1000u

extern const struct mill_family mill_config_writer_family;

static inline const struct mill_config_writer_ops *
mill_config_writer_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_config_writer_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_config_writer_ops *mill_config_writer_ops_find(const char *name);

/* 0; -EINVAL (no table); -ENOMEM. */
int mill_config_writer_create(const struct mill_config_writer_ops *ops, struct mill_config_writer **writer);

/* Nobody writes. NULL is fine. */
void mill_config_writer_destroy(struct mill_config_writer *writer);

/* 0: the change took effect, but for the control, of which only its POST was answered; what the client says;
 * -EINVAL (NULL; read-back cannot see MILL_CONFIG_TRAVEL, which the device does not tell); -EBUSY: read-back
 * wrote MILL_CONFIG_WRITES_MAX times, and each time somebody else's change stood there instead. */
int mill_config_writer_write(struct mill_config_writer *writer, struct mill_device_client *client,
                             const struct mill_valve_config *change, struct mill_device_failure *failure);

#endif
