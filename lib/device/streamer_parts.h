/* What the streamer's files share: streamer.c (its life), streamer_receive.c (its thread), and
 * streamer_callbacks.c (whom it calls).
 */
#ifndef MILL_DEVICE_STREAMER_PARTS_H
#define MILL_DEVICE_STREAMER_PARTS_H

#include <stdalign.h>

#include "core/cacheline.h"
#include "core/random.h"
#include "device/streamer.h"
#include "sync/monitor.h"
#include "task/publisher.h"
#include "task/runner.h"

struct mill_streamer_subscription;

struct mill_streamer {
    struct mill_streamer_plan plan;
    struct mill_streamer_retry retry;
    struct mill_runner runner;
    struct mill_publisher *direct; /* calls in the receiver's thread */
    struct mill_publisher *queued; /* calls in each subscription's own */

    /* the receiver's alone */
    alignas(MILL_ISOLATION) struct mill_random random;
    unsigned failures_in_a_row;
    uint64_t device_ns; /* the device's time since the connection's first sample */
    int64_t nearest_ns; /* the least that arrived_ns was ahead of it */

    alignas(MILL_ISOLATION) struct mill_monitor monitor; /* protects all below; taken before a subscription's
                                                            mutex and before the publishers' */
    struct mill_streamer_metrics metrics;
    struct mill_stream_count count;
    struct mill_histogram *lag;
    unsigned interval_ms; /* to ask for */
    uint64_t run;         /* the runner's number of the last one */
    struct mill_streamer_subscription *subscriptions;
    unsigned subscribed; /* how many those are, and those that are being made */
    unsigned last_id;
    bool publishing; /* the receiver may be on its way to any of the subscriptions */
};

/* The receiver's thread; its argument is the streamer. */
void mill_streamer_receive(void *argument);

/* Gives a sample to every callback. By the receiver. */
void mill_streamer_publish(struct mill_streamer *streamer, const struct mill_stream_sample *sample);

/* The streamer that calls back in this thread, or NULL; set around each call. Returns what it was. */
const struct mill_streamer *mill_streamer_set_calling(const struct mill_streamer *streamer);

/* Frees all subscriptions; nothing is called any more. */
void mill_streamer_forget_all(struct mill_streamer *streamer);

/* Asks the device for the interval that is wanted, and counts by it as the device clamps it. Under the
 * monitor. 0 or what the source says. */
int mill_streamer_send_interval(struct mill_streamer *streamer);

#endif
