#include "device/delivery.h"

static const struct mill_delivery_ops direct = {
    .about =
        {
            .name = "inline",
            .summary = "called by the receiver's thread: a slow callback delays every later sample",
            .source = "Schmidt et al., Pattern-Oriented Software Architecture 2, 2000",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .subscribe = mill_streamer_subscribe,
};

static const struct mill_delivery_ops queued = {
    .about =
        {
            .name = "queued",
            .summary = "called by a thread of its own, behind a bounded queue that drops the oldest",
            .source = "Lavender and Schmidt, Active Object, 1995",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .subscribe = mill_streamer_subscribe_queued,
};

static const struct mill_strategy *const strategies[] = {&direct.about, &queued.about};

const struct mill_family mill_delivery_family = {
    .name = "delivery",
    .summary = "how a callback gets the samples of a stream",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_delivery_ops *mill_delivery_ops_find(const char *name)
{
    return mill_delivery_ops_of(mill_family_find(&mill_delivery_family, name));
}
