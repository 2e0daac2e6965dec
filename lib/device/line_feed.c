#include "device/line_feed.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/timeout.h"
#include "device/wire_print.h"
#include "sync/monitor.h"

#define BUFFER MILL_WIRE_SEND_BUFFER

/* One for each line that waits: there are no more of them than bytes, since each has its newline. */
struct mark {
    uint64_t arrived_ns;
    size_t length;
};

struct mill_line_feed {
    struct mill_line_source source;
    struct mill_line_feed_plan plan;
    struct mill_monitor monitor; /* protects all below; changes are told to all */
    struct mill_line_feed_counts counts;
    char hello[128];
    bool open;
    bool hung_up; /* what waits is still read */
    bool interrupted;
    bool stopped;
    size_t first; /* of the bytes that wait */
    size_t bytes;
    size_t first_mark;
    size_t lines;
    char buffer[BUFFER];
    struct mark marks[BUFFER];
};

static struct mill_line_feed *feed_of(struct mill_line_source *source)
{
    return (struct mill_line_feed *)source;
}

/* ---- the ring; all under the monitor ---- */

static void append_bytes(struct mill_line_feed *feed, const char *bytes, size_t length)
{
    size_t at = (feed->first + feed->bytes) % BUFFER;
    size_t before_end = BUFFER - at < length ? BUFFER - at : length;
    memcpy(feed->buffer + at, bytes, before_end);
    memcpy(feed->buffer, bytes + before_end, length - before_end);
    feed->bytes += length;
}

static bool has_room(const struct mill_line_feed *feed, size_t length)
{
    return BUFFER - feed->bytes >= length + 1;
}

static void append_line(struct mill_line_feed *feed, const char *text, size_t length)
{
    feed->marks[(feed->first_mark + feed->lines) % BUFFER] =
        (struct mark){.arrived_ns = mill_now_ns(), .length = length};
    append_bytes(feed, text, length);
    append_bytes(feed, "\n", 1);
    feed->lines++;
    mill_monitor_wake_all(&feed->monitor);
}

/* The length of the first line, which goes into `line` where it has room, and away in any case. */
static size_t take_line(struct mill_line_feed *feed, char *line, size_t size, uint64_t *arrived_ns)
{
    const struct mark *mark = &feed->marks[feed->first_mark];
    size_t length = mark->length;
    if (length <= size) {
        size_t before_end = BUFFER - feed->first < length ? BUFFER - feed->first : length;
        memcpy(line, feed->buffer + feed->first, before_end);
        memcpy(line + before_end, feed->buffer, length - before_end);
    }
    *arrived_ns = mark->arrived_ns;
    feed->first = (feed->first + length + 1) % BUFFER;
    feed->bytes -= length + 1;
    feed->first_mark = (feed->first_mark + 1) % BUFFER;
    feed->lines--;
    mill_monitor_wake_all(&feed->monitor);
    return length;
}

/* ---- the source ---- */

static int open_feed(struct mill_line_source *source, uint64_t deadline, struct mill_error *error)
{
    struct mill_line_feed *feed = feed_of(source);
    int status = 0;
    (void)deadline; /* it does not wait */
    mill_monitor_enter(&feed->monitor);
    if (feed->interrupted) {
        status = mill_error_set(error, -ECANCELED, "feed: interrupted");
    } else if (feed->plan.refuse_opens > 0) {
        feed->plan.refuse_opens--;
        status =
            mill_error_set(error, -ECONNREFUSED, "feed: refused, %u times more", feed->plan.refuse_opens);
    } else {
        feed->open = true;
        feed->hung_up = false;
        feed->counts.opens++;
        append_line(feed, feed->hello, strlen(feed->hello));
    }
    mill_monitor_leave(&feed->monitor);
    return status;
}

/* Waits for a line. Under the monitor. */
static int await_line(struct mill_line_feed *feed, uint64_t deadline, struct mill_error *error)
{
    int status = 0;
    while (status == 0 && !feed->interrupted && feed->lines == 0 && !feed->hung_up) {
        status = mill_monitor_wait(&feed->monitor, deadline);
    }
    if (feed->interrupted) {
        return mill_error_set(error, -ECANCELED, "feed: interrupted");
    }
    if (feed->lines > 0) {
        return 0;
    }
    return feed->hung_up ? mill_error_set(error, -ENODATA, "feed: hung up")
                         : mill_error_set(error, status, "feed: silent for too long");
}

static int read_line(struct mill_line_source *source, char *line, size_t size, uint64_t *arrived_ns,
                     uint64_t deadline, struct mill_error *error)
{
    struct mill_line_feed *feed = feed_of(source);
    mill_monitor_enter(&feed->monitor);
    int status = await_line(feed, deadline, error);
    if (status == 0) {
        size_t length = take_line(feed, line, size, arrived_ns);
        status = length <= size ? (int)length
                                : mill_error_set(error, -EMSGSIZE, "feed: a line of %zu bytes", length);
    }
    mill_monitor_leave(&feed->monitor);
    return status;
}

static int write_command(struct mill_line_source *source, const char *text, size_t length)
{
    struct mill_line_feed *feed = feed_of(source);
    mill_monitor_enter(&feed->monitor);
    int status = feed->open && !feed->hung_up ? 0 : -ENOTCONN;
    if (status == 0) {
        snprintf(feed->counts.command, sizeof feed->counts.command, "%.*s", (int)strcspn(text, "\n"), text);
        feed->counts.commands++;
        mill_monitor_wake_all(&feed->monitor);
    }
    (void)length;
    mill_monitor_leave(&feed->monitor);
    return status;
}

static void close_feed(struct mill_line_source *source)
{
    struct mill_line_feed *feed = feed_of(source);
    mill_monitor_enter(&feed->monitor);
    feed->open = false;
    feed->counts.unheard += feed->lines;
    feed->lines = 0;
    feed->bytes = 0;
    mill_monitor_wake_all(&feed->monitor);
    mill_monitor_leave(&feed->monitor);
}

static void interrupt(struct mill_line_source *source, int on)
{
    struct mill_line_feed *feed = feed_of(source);
    mill_monitor_enter(&feed->monitor);
    feed->interrupted = on;
    mill_monitor_wake_all(&feed->monitor);
    mill_monitor_leave(&feed->monitor);
}

static void destroy(struct mill_line_source *source)
{
    mill_line_feed_destroy(feed_of(source));
}

static const struct mill_line_source_ops ops = {
    .name = "feed",
    .open = open_feed,
    .read = read_line,
    .write = write_command,
    .close = close_feed,
    .interrupt = interrupt,
    .destroy = destroy,
};

struct mill_line_source *mill_line_feed_source(struct mill_line_feed *feed)
{
    return &feed->source;
}

/* ---- the other side ---- */

static void prepare_hello(struct mill_line_feed *feed)
{
    if (feed->plan.hello) {
        snprintf(feed->hello, sizeof feed->hello, "%s", feed->plan.hello);
    } else {
        snprintf(feed->hello, sizeof feed->hello,
                 "{\"stream\":\"valve\",\"message\":\"connected\",\"interval_ms\":%u}",
                 feed->plan.interval_ms);
    }
    feed->plan.hello = NULL; /* the caller's may go */
}

int mill_line_feed_create(const struct mill_line_feed_plan *plan, struct mill_line_feed **feed)
{
    if (!plan || !feed || plan->interval_ms > MILL_WIRE_INTERVAL_MAX_MS ||
        (plan->hello && strlen(plan->hello) >= sizeof(*feed)->hello)) {
        return -EINVAL;
    }
    struct mill_line_feed *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->source.ops = &ops;
    made->plan = *plan;
    made->plan.interval_ms = plan->interval_ms > 0 ? plan->interval_ms : MILL_WIRE_INTERVAL_MS;
    prepare_hello(made);
    int status = mill_monitor_init(&made->monitor);
    if (status < 0) {
        free(made);
        return status;
    }
    *feed = made;
    return 0;
}

void mill_line_feed_destroy(struct mill_line_feed *feed)
{
    if (feed) {
        mill_monitor_destroy(&feed->monitor);
        free(feed);
    }
}

/* Waits for room. Under the monitor. */
static int await_room(struct mill_line_feed *feed, size_t length, uint64_t deadline)
{
    int status = 0;
    for (;;) {
        if (!feed->open || feed->hung_up) {
            feed->counts.unheard++;
            return -ENOTCONN;
        }
        if (feed->stopped) {
            return -ECANCELED;
        }
        if (has_room(feed, length)) {
            return 0;
        }
        if (status < 0 || deadline == 0) {
            feed->counts.dropped++;
            return deadline == 0 ? -EAGAIN : status;
        }
        status = mill_monitor_wait(&feed->monitor, deadline);
    }
}

int mill_line_feed_put(struct mill_line_feed *feed, const char *text, size_t length, int64_t timeout_ns)
{
    uint64_t deadline;
    if (!feed || !text || length + 1 > BUFFER || memchr(text, '\n', length)) {
        return -EINVAL;
    }
    int status = mill_deadline_after(timeout_ns, &deadline);
    if (status < 0) {
        return status;
    }
    mill_monitor_enter(&feed->monitor);
    status = await_room(feed, length, deadline);
    if (status == 0) {
        append_line(feed, text, length);
        feed->counts.put++;
    }
    mill_monitor_leave(&feed->monitor);
    return status;
}

int mill_line_feed_put_sample(struct mill_line_feed *feed, const struct mill_sample_line *sample,
                              int64_t timeout_ns)
{
    char text[MILL_WIRE_LINE_MAX];
    if (!feed || !sample) {
        return -EINVAL;
    }
    int length = mill_print_sample(sample, feed->plan.quirks, text, sizeof text);
    return length < 0 ? length : mill_line_feed_put(feed, text, (size_t)length - 1, timeout_ns);
}

void mill_line_feed_hang_up(struct mill_line_feed *feed)
{
    mill_monitor_enter(&feed->monitor);
    feed->hung_up = true;
    mill_monitor_wake_all(&feed->monitor);
    mill_monitor_leave(&feed->monitor);
}

void mill_line_feed_stop(struct mill_line_feed *feed)
{
    mill_monitor_enter(&feed->monitor);
    feed->stopped = true;
    mill_monitor_wake_all(&feed->monitor);
    mill_monitor_leave(&feed->monitor);
}

void mill_line_feed_read(struct mill_line_feed *feed, struct mill_line_feed_counts *counts)
{
    mill_monitor_enter(&feed->monitor);
    *counts = feed->counts;
    mill_monitor_leave(&feed->monitor);
}
