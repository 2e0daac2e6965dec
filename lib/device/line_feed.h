/* A stream's other side in this process: lines put in by one thread are read by a streamer, without a socket.
 *
 *     struct mill_line_feed *feed;
 *     int status = mill_line_feed_create(&(struct mill_line_feed_plan){.interval_ms = 1}, &feed);
 *     plan.source = mill_line_feed_source(feed);
 *     …
 *     mill_firmware_sample(firmware, now_us, &sample);
 *     status = mill_line_feed_put_sample(feed, &sample, MILL_FOREVER);
 *     …
 *     mill_line_feed_destroy(feed);                          once the streamer is gone
 *
 * Each open of the source begins with a hello. Puts while nobody has it open are dropped, as the device's are
 * that nobody listens to. Where the buffer (MILL_WIRE_SEND_BUFFER bytes, as the device's) is full, a put
 * waits; with a timeout of 0 it is dropped, as the device drops it; both are counted.
 *
 * Any thread may call any of these, but destroy, which must be the last call; lines stay whole. Blocking.
 */
#ifndef MILL_DEVICE_LINE_FEED_H
#define MILL_DEVICE_LINE_FEED_H

#include "device/line_source.h"
#include "device/wire.h"

struct mill_line_feed;

struct mill_line_feed_plan {
    unsigned interval_ms;  /* of the hello; 0 stands for MILL_WIRE_INTERVAL_MS */
    unsigned quirks;       /* of enum mill_quirk, of samples' texts */
    const char *hello;     /* in the place of the firmware's; at most 127 bytes; or NULL */
    unsigned refuse_opens; /* so many times open is refused (-ECONNREFUSED) before the first succeeds */
};

struct mill_line_feed_counts {
    uint64_t opens;
    uint64_t put;     /* lines that found a place */
    uint64_t dropped; /* that found none */
    /* that came while nobody had it open, or were not read before it was closed; a hello, too */
    uint64_t unheard;
    uint64_t commands; /* written by the reader */
    char command[64];  /* the last of them, without its newline */
};

/* 0; -EINVAL (NULL, an interval over MILL_WIRE_INTERVAL_MAX_MS, a hello that is too long); -ENOMEM. */
int mill_line_feed_create(const struct mill_line_feed_plan *plan, struct mill_line_feed **feed);

/* Nobody uses it or its source any more. NULL is fine. */
void mill_line_feed_destroy(struct mill_line_feed *feed);

/* Belongs to the feed: it is destroyed with it, not by mill_line_source_destroy. */
struct mill_line_source *mill_line_feed_source(struct mill_line_feed *feed);

/* Puts a line of any bytes but a newline, which it adds. 0; -EINVAL (NULL, longer than the buffer, a negative
 * timeout); -EAGAIN: no room, and `timeout_ns` is 0; -ETIMEDOUT; -ENOTCONN: nobody has it open; -ECANCELED:
 * stopped. */
int mill_line_feed_put(struct mill_line_feed *feed, const char *text, size_t length, int64_t timeout_ns);

/* The same with the text of a sample; also what mill_print_sample says. */
int mill_line_feed_put_sample(struct mill_line_feed *feed, const struct mill_sample_line *sample,
                              int64_t timeout_ns);

/* Ends the stream that is open, as a device does that closes it: what was put is read before. */
void mill_line_feed_hang_up(struct mill_line_feed *feed);

/* From now on no put waits (-ECANCELED), for the end of a run. */
void mill_line_feed_stop(struct mill_line_feed *feed);

void mill_line_feed_read(struct mill_line_feed *feed, struct mill_line_feed_counts *counts);

#endif
