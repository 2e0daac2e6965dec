/* Inside of stream-callbacks (stream_callbacks.c): a stream with its callbacks, and what its check finds. */
#ifndef MILL_SCENARIOS_STREAM_CALLBACKS_INSIDE_H
#define MILL_SCENARIOS_STREAM_CALLBACKS_INSIDE_H

#include <pthread.h>

#include "device/delivery.h"
#include "device/firmware.h"
#include "device/line_feed.h"
#include "harness/scenario.h"
#include "sync/parking.h"

struct mill_callbacks_state;

struct mill_callbacks_stream {
    const struct mill_callbacks_state *state;
    const struct mill_delivery_ops *ops;
    bool over_socket;
    struct mill_line_feed *feed; /* one of them */
    struct mill_line_source *source;
    struct mill_streamer *streamer;
    unsigned slow_id;
    unsigned fast_id;

    /* the device's */
    struct mill_firmware *firmware;
    uint64_t now_us;
    uint64_t put;
    uint64_t starts; /* that a sample was sent of */
    bool runs;

    alignas(MILL_ISOLATION) _Atomic uint64_t seen; /* the last sample that the fast callback had */
    uint64_t gaps;                                 /* numbers that it missed or had twice; its own */
    uint64_t had;                                  /* samples */
    uint64_t disorder;                             /* those not behind the one before */
    struct mill_parking progress;                  /* where the device waits for it */

    alignas(MILL_ISOLATION) _Atomic uint64_t overtaken; /* calls of the slow one */
    _Atomic uint64_t waited_out;                        /* calls in which patience ended first */

    alignas(MILL_ISOLATION) pthread_mutex_t client; /* protects `configurations` */
    uint64_t configurations;
    _Atomic uint64_t guests;   /* samples that subscriptions of a moment got; a count */
    _Atomic uint64_t no_place; /* visits for which there was none; a count */
    _Atomic uint64_t failures; /* calls that failed and should not; a count */
};

/* What is wrong with a stream that has been closed; `dropped` by the fast callback's queue. Plain reads: its
 * threads are gone. */
void mill_stream_callbacks_check(const struct mill_callbacks_stream *stream,
                                 const struct mill_streamer_metrics *metrics, uint64_t dropped,
                                 struct mill_check *check);

#endif
