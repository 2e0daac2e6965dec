/* How a callback gets the samples of a streamer (streamer.h), as strategies of one family: what a slow or
 * re-entrant callback does to the others depends on it (rows 17 and 18 of the patterns).
 *
 *     const struct mill_delivery_ops *ops = mill_delivery_ops_find("queued");
 *     int status = ops->subscribe(streamer, on_sample, context, &id);
 *
 * Constant; errors and threads are those of mill_streamer_subscribe.
 */
#ifndef MILL_DEVICE_DELIVERY_H
#define MILL_DEVICE_DELIVERY_H

#include "core/strategy.h"
#include "device/streamer.h"

struct mill_delivery_ops {
    struct mill_strategy about;
    int (*subscribe)(struct mill_streamer *streamer, mill_streamer_call *call, void *context, unsigned *id);
};

extern const struct mill_family mill_delivery_family;

static inline const struct mill_delivery_ops *mill_delivery_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_delivery_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_delivery_ops *mill_delivery_ops_find(const char *name);

#endif
