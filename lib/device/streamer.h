/* The valve's stream, received (row 20 of the patterns; rows 17 and 18 for its callbacks).
 *
 *     const struct mill_streamer_plan plan = {.source = source, .told = on_failure};
 *     struct mill_streamer *streamer;
 *     int status = mill_streamer_create(&plan, &streamer);
 *
 *     unsigned display, log;
 *     status = mill_streamer_subscribe(streamer, on_sample, &gauge, &display);
 *     status = mill_streamer_subscribe_queued(streamer, write_slowly, file, &log);
 *     status = mill_streamer_start(streamer);
 *     …
 *     mill_streamer_stop(streamer, MILL_FOREVER);
 *     mill_streamer_destroy(streamer);
 *
 * A thread of its own connects, reads lines (at most MILL_WIRE_LINE_MAX bytes), parses them strictly, counts
 * what is missing (stream_count.h), and calls back:
 *
 *   subscribe         in the receiver's thread, one callback after the other, in the order in which they
 *                     subscribed: a slow one delays those behind it and every later sample
 *   subscribe_queued  in a thread of its own, through a queue of `capacity` samples that drops the oldest,
 *                     counted; nobody else notices
 *
 * A line that is no sample is counted and passed over. When the connection fails, ends, or is silent for
 * `silence_ns`, the receiver tells so and connects again after a back-off that doubles from `backoff_ns` to
 * `backoff_max_ns` (half of it at least, the rest by chance); after so many failures in a row, with no sample
 * between them, as `reconnects` says it gives up.
 *
 * "Which callback delays my samples?" Each callback has two histograms: `busy`, its own time, and `delay`,
 * from the sample's arrival in this process to the call. A callback whose `delay` is high stands behind
 * another one; that one's `busy` is high. `lag` of the sample tells what came even before the arrival.
 *
 * Any thread may call any of these at any time, also from within a callback, but for destroy, and where it is
 * said. A callback is never called twice at once, and gets the samples in order, from the first that arrives
 * after it subscribed. After unsubscribe has returned no call begins any more; one that had begun may still
 * be at work, and mill_streamer_settle waits for it. All are blocking, for a lock that is held shortly.
 */
#ifndef MILL_DEVICE_STREAMER_H
#define MILL_DEVICE_STREAMER_H

#include <stdbool.h>
#include <stdint.h>

#include "device/client.h"
#include "device/line_source.h"
#include "device/stream_count.h"
#include "measure/histogram.h"

#define MILL_STREAMER_CALLBACKS_MAX 64u

struct mill_streamer;

/* What a callback gets; valid during the call. */
struct mill_stream_sample {
    uint64_t number;     /* of the samples that arrived, over all connections: 1, 2, 3, … */
    uint64_t arrived_ns; /* by mill_now_ns(), when its bytes were read */
    /* How much longer it was under way than the fastest one of its connection, by the device's clock of
     * milliseconds: what waited in the device, in the network or in the socket while the receiver was busy.
     */
    uint64_t lag_ns;
    struct mill_stream_step step; /* what is missing before it */
    struct mill_sample_line line;
};

typedef void mill_streamer_call(void *context, const struct mill_stream_sample *sample);

/* Called in the receiver's thread for each failure: kind MILL_DEVICE_CONNECTION (it could not connect, or the
 * connection broke), MILL_DEVICE_TIMEOUT (silence), MILL_DEVICE_STREAM (a line that is none, or a stream that
 * ended); `tries` counts the failures in a row. It may do what a callback may. */
typedef void mill_streamer_told(void *context, const struct mill_device_failure *failure);

struct mill_streamer_retry {
    unsigned reconnects;
    uint64_t backoff_ns; /* 0: none */
    uint64_t backoff_max_ns;
    uint64_t silence_ns; /* 0 stands for 5 s; also the limit of connecting. No time is over a day */
    uint64_t seed;       /* of the part that is chance */
};

/* 10 times, 1 s to 30 s; 5 s. */
extern const struct mill_streamer_retry mill_streamer_retry_default;

struct mill_streamer_plan {
    struct mill_line_source *source;         /* outlives the streamer, which alone opens it */
    const struct mill_streamer_retry *retry; /* NULL: the default */
    unsigned interval_ms;                    /* asked for on each connection; 0: none, the device's default */
    unsigned min_interval_ms;                /* what the device can; 0 stands for MILL_WIRE_INTERVAL_MIN_MS */
    unsigned slack_ms;                       /* of stream_count.h */
    unsigned capacity;                       /* of each queue; 0 stands for 256 */
    mill_streamer_told *told;                /* may be NULL */
    void *told_context;
};

enum mill_streamer_state {
    MILL_STREAMER_STOPPED,
    MILL_STREAMER_CONNECTING, /* or backing off */
    MILL_STREAMER_STREAMING,  /* the hello is there */
    MILL_STREAMER_FAILED,     /* it gave up; start begins anew */
};

struct mill_streamer_metrics {
    enum mill_streamer_state state;
    uint64_t lines;       /* that were read, of any kind = samples + others + bad */
    uint64_t samples;     /* = what was given to the callbacks */
    uint64_t others;      /* hellos and answers to `sync` */
    uint64_t bad;         /* no JSON, too long, of wrong types */
    uint64_t opened;      /* connections, also to peers that never said the hello */
    uint64_t connections; /* of them, those that did */
    uint64_t failures;    /* told, but for bad lines */
    struct mill_stream_count_totals count;
    struct mill_device_failure last; /* kind MILL_DEVICE_NO_FAILURE: none so far */
};

struct mill_streamer_callback {
    uint64_t calls;
    uint64_t dropped;            /* samples that a queued one lost by falling behind */
    struct mill_histogram *busy; /* in: the caller's, or NULL; what was recorded is added to it */
    struct mill_histogram *delay;
};

/* 0; -EINVAL (NULL, no source, an interval over MILL_WIRE_INTERVAL_MAX_MS, a capacity over
 * MILL_PUBLISHER_CAPACITY_MAX, backoff_max_ns below backoff_ns, a time over a day); -ENOMEM. */
int mill_streamer_create(const struct mill_streamer_plan *plan, struct mill_streamer **streamer);

/* Stops it, waits for every callback, and frees it. Nobody uses it any more; not from within a callback. NULL
 * is fine. */
void mill_streamer_destroy(struct mill_streamer *streamer);

/* Begins to receive. 0, also when it does so already; -EBUSY: a stop has not finished; -ENOMEM, -EAGAIN (no
 * thread). Numbers, counts and subscriptions go on from where they were. */
int mill_streamer_start(struct mill_streamer *streamer);

/* Ends the run: wakes the receiver at once, whatever it waits for, and waits until it has ended. 0, also when
 * it was stopped; -ETIMEDOUT: a callback is still at work, stop has to be called again; -EDEADLK: from within
 * a callback of the receiver's thread (nothing was done); -EINVAL. What queues hold is still delivered. */
int mill_streamer_stop(struct mill_streamer *streamer, int64_t timeout_ns);

/* *id is the subscription's, never used again. 0; -EINVAL (NULL); -ENOSPC: as many as there may be, with
 * those that have left and whose last call has not returned; -ENOMEM, -EAGAIN (no thread). */
int mill_streamer_subscribe(struct mill_streamer *streamer, mill_streamer_call *call, void *context,
                            unsigned *id);
int mill_streamer_subscribe_queued(struct mill_streamer *streamer, mill_streamer_call *call, void *context,
                                   unsigned *id);

/* 0; -ENOENT (no such subscription, or no longer). */
int mill_streamer_unsubscribe(struct mill_streamer *streamer, unsigned id);

/* Waits until no callback that has unsubscribed is at work any more: then what it used may go. 0; -ETIMEDOUT;
 * -EINVAL; -EDEADLK from within a callback. */
int mill_streamer_settle(struct mill_streamer *streamer, int64_t timeout_ns);

/* What a callback that is subscribed has cost so far. Adding its histograms keeps that callback from its next
 * call for some 0.1 ms. 0; -ENOENT; -EINVAL (NULL). */
int mill_streamer_callback(struct mill_streamer *streamer, unsigned id, struct mill_streamer_callback *seen);

void mill_streamer_read(struct mill_streamer *streamer, struct mill_streamer_metrics *metrics);

/* Adds the lag of every sample so far to `lag`, and keeps the stream waiting for some 0.1 ms. */
void mill_streamer_lag(struct mill_streamer *streamer, struct mill_histogram *lag);

/* Waits until so many samples have been given to the callbacks in all. 0; -ETIMEDOUT; -EPIPE: it is stopped
 * or gave up before; -EDEADLK from within a callback of the receiver's thread; -EINVAL. */
int mill_streamer_await(struct mill_streamer *streamer, uint64_t samples, int64_t timeout_ns);

/* Asks the device for another interval, now and on later connections. 0; -EINVAL (0, or over
 * MILL_WIRE_INTERVAL_MAX_MS); -ENOTCONN: later connections alone; what the source's write says. */
int mill_streamer_set_interval(struct mill_streamer *streamer, unsigned interval_ms);

/* "stopped", "connecting", …; NULL for what is no state. */
const char *mill_streamer_state_name(enum mill_streamer_state state);

#endif
