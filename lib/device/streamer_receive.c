/* The streamer's thread: connects, reads lines, judges and publishes samples; and begins again when that
 * fails.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "device/streamer_parts.h"
#include "device/wire_read.h"

static struct mill_line_source *source_of(const struct mill_streamer *streamer)
{
    return streamer->plan.source;
}

static bool stops(const struct mill_streamer *streamer)
{
    return mill_stop_requested(&streamer->runner.stop);
}

static void set_state(struct mill_streamer *streamer, enum mill_streamer_state state)
{
    mill_monitor_enter(&streamer->monitor);
    streamer->metrics.state = state;
    mill_monitor_wake_all(&streamer->monitor);
    mill_monitor_leave(&streamer->monitor);
}

/* ---- failures ---- */

static enum mill_device_failure_kind kind_of(int status)
{
    switch (status) {
    case -ETIMEDOUT:
        return MILL_DEVICE_TIMEOUT;
    case -EBADMSG:
    case -EMSGSIZE:
    case -EPROTO:
    case -ENODATA:
    case -ENOMEM:
        return MILL_DEVICE_STREAM;
    default:
        return MILL_DEVICE_CONNECTION;
    }
}

static void tell(struct mill_streamer *streamer, int status, const struct mill_error *error)
{
    struct mill_device_failure failure = {.kind = kind_of(status), .tries = streamer->failures_in_a_row};
    snprintf(failure.message, sizeof failure.message, "%s", error->message);
    mill_monitor_enter(&streamer->monitor);
    streamer->metrics.last = failure;
    mill_monitor_leave(&streamer->monitor);
    if (streamer->plan.told) {
        const struct mill_streamer *before = mill_streamer_set_calling(streamer);
        streamer->plan.told(streamer->plan.told_context, &failure);
        mill_streamer_set_calling(before);
    }
}

/* A line that is none. The stream goes on. */
static void tell_bad_line(struct mill_streamer *streamer, int status, const struct mill_error *error)
{
    mill_monitor_enter(&streamer->monitor);
    streamer->metrics.lines++;
    streamer->metrics.bad++;
    mill_monitor_leave(&streamer->monitor);
    tell(streamer, status, error);
}

/* ---- lines ---- */

struct arrival {
    uint64_t ns;
    size_t length;
    char text[MILL_WIRE_LINE_MAX];
};

/* The next line, within the time that may be silent. 0 or what the source says. */
static int read_text(struct mill_streamer *streamer, struct arrival *arrival, struct mill_error *error)
{
    struct mill_line_source *source = source_of(streamer);
    uint64_t deadline = mill_now_ns() + streamer->retry.silence_ns;
    int status =
        source->ops->read(source, arrival->text, sizeof arrival->text, &arrival->ns, deadline, error);
    if (status >= 0) {
        arrival->length = (size_t)status;
    }
    return status < 0 ? status : 0;
}

/* How much longer it was under way than the fastest so far, by the device's own time. */
static uint64_t lag_of(struct mill_streamer *streamer, const struct mill_stream_step *step,
                       uint64_t arrived_ns)
{
    if (step->kind == MILL_STREAM_FIRST || step->kind == MILL_STREAM_REBOOT) {
        streamer->device_ns = 0;
        streamer->nearest_ns = INT64_MAX;
    }
    streamer->device_ns += step->ms * MILL_NS_PER_MS;
    int64_t ahead_ns = (int64_t)(arrived_ns - streamer->device_ns);
    streamer->nearest_ns = ahead_ns < streamer->nearest_ns ? ahead_ns : streamer->nearest_ns;
    return (uint64_t)ahead_ns - (uint64_t)streamer->nearest_ns;
}

static void take_sample(struct mill_streamer *streamer, const struct mill_sample_line *line,
                        uint64_t arrived_ns)
{
    struct mill_stream_sample sample = {.arrived_ns = arrived_ns, .line = *line};
    mill_monitor_enter(&streamer->monitor);
    streamer->metrics.lines++;
    sample.number = streamer->metrics.samples + 1;
    mill_stream_count_line(&streamer->count, line, &sample.step);
    sample.lag_ns = lag_of(streamer, &sample.step, arrived_ns);
    mill_histogram_record(streamer->lag, sample.lag_ns);
    mill_monitor_leave(&streamer->monitor);
    streamer->failures_in_a_row = 0;
    mill_streamer_publish(streamer, &sample);
}

static void count_other(struct mill_streamer *streamer)
{
    mill_monitor_enter(&streamer->monitor);
    streamer->metrics.lines++;
    streamer->metrics.others++;
    mill_monitor_leave(&streamer->monitor);
}

static void take_line(struct mill_streamer *streamer, const struct arrival *arrival)
{
    struct mill_stream_line line;
    struct mill_error error;
    int status = mill_read_line(arrival->text, arrival->length, &line, &error);
    if (status < 0) {
        tell_bad_line(streamer, status, &error);
    } else if (line.kind == MILL_LINE_SAMPLE) {
        take_sample(streamer, &line.sample, arrival->ns);
    } else {
        count_other(streamer);
    }
}

/* Until the stream ends; what it ended with. */
static int take_lines(struct mill_streamer *streamer, struct mill_error *error)
{
    struct arrival arrival;
    for (;;) {
        int status = stops(streamer) ? -ECANCELED : read_text(streamer, &arrival, error);
        if (status == -EMSGSIZE) {
            tell_bad_line(streamer, status, error);
        } else if (status < 0) {
            return status;
        } else {
            take_line(streamer, &arrival);
        }
    }
}

/* ---- a connection ---- */

/* The first line says that it is a valve, and its interval. */
static int read_hello(struct mill_streamer *streamer, unsigned *interval_ms, struct mill_error *error)
{
    struct arrival arrival;
    struct mill_stream_line line = {.kind = MILL_LINE_SAMPLE};
    struct mill_error unread = {""};
    int status = read_text(streamer, &arrival, error);
    if (status == -ENODATA) {
        return mill_error_set(error, status,
                              "stream: closed without a hello; there may be %u clients already",
                              MILL_WIRE_STREAM_CLIENTS);
    }
    if (status < 0) {
        return status == -EMSGSIZE ? -EPROTO : status;
    }
    status = mill_read_line(arrival.text, arrival.length, &line, &unread);
    if (status == -ENOMEM) {
        return mill_error_set(error, status, "stream: out of memory");
    }
    if (status < 0 || line.kind != MILL_LINE_HELLO) {
        return mill_error_set(error, -EPROTO, "stream: it begins with no hello of a valve: %s",
                              status < 0 ? unread.message : "another line comes first");
    }
    *interval_ms = line.interval_ms;
    return 0;
}

/* Now the interval is known, and the device can be asked for another. */
static int begin_streaming(struct mill_streamer *streamer, unsigned interval_ms, struct mill_error *error)
{
    mill_monitor_enter(&streamer->monitor);
    int status = mill_stream_count_connected(&streamer->count, interval_ms);
    unsigned wanted_ms = streamer->interval_ms;
    bool is_valve = status == 0;
    if (is_valve) {
        streamer->metrics.state = MILL_STREAMER_STREAMING;
        streamer->metrics.connections++;
        streamer->metrics.lines++;
        streamer->metrics.others++;
        status = wanted_ms > 0 ? mill_streamer_send_interval(streamer) : 0;
        mill_monitor_wake_all(&streamer->monitor);
    }
    mill_monitor_leave(&streamer->monitor);
    if (!is_valve) {
        return mill_error_set(error, -EPROTO,
                              "stream: the hello says an interval of %u ms; 1 to %u mean something",
                              interval_ms, MILL_WIRE_INTERVAL_MAX_MS);
    }
    return status < 0 ? mill_error_set(error, status, "stream: the device was not asked for %u ms: %s",
                                       wanted_ms, strerror(-status))
                      : 0;
}

static int open_and_read(struct mill_streamer *streamer, struct mill_error *error)
{
    struct mill_line_source *source = source_of(streamer);
    unsigned interval_ms = 0;
    int status = source->ops->open(source, mill_now_ns() + streamer->retry.silence_ns, error);
    if (status == 0) {
        mill_monitor_enter(&streamer->monitor);
        streamer->metrics.opened++;
        mill_monitor_leave(&streamer->monitor);
        status = read_hello(streamer, &interval_ms, error);
    }
    if (status == 0) {
        status = begin_streaming(streamer, interval_ms, error);
    }
    streamer->nearest_ns = INT64_MAX; /* another connection may be a faster one */
    return status == 0 ? take_lines(streamer, error) : status;
}

/* ---- again and again ---- */

/* Half of it for sure, the other half by chance: clients that lost one device do not come back all at once.
 */
static uint64_t backoff_of(struct mill_streamer *streamer)
{
    uint64_t backoff_ns = streamer->retry.backoff_ns;
    for (unsigned i = 1; i < streamer->failures_in_a_row && backoff_ns < streamer->retry.backoff_max_ns;
         i++) {
        backoff_ns = backoff_ns > UINT64_MAX / 2 ? UINT64_MAX : 2 * backoff_ns;
    }
    if (backoff_ns > streamer->retry.backoff_max_ns) {
        backoff_ns = streamer->retry.backoff_max_ns;
    }
    return backoff_ns - mill_random_below(&streamer->random, backoff_ns / 2 + 1);
}

/* Is it to be tried again? */
static bool survives(struct mill_streamer *streamer, int status, struct mill_error *error)
{
    streamer->failures_in_a_row++;
    bool again = streamer->failures_in_a_row <= streamer->retry.reconnects;
    mill_monitor_enter(&streamer->monitor);
    streamer->metrics.failures++;
    streamer->metrics.state = again ? MILL_STREAMER_CONNECTING : MILL_STREAMER_FAILED;
    mill_monitor_leave(&streamer->monitor);
    if (!again) {
        mill_error_set(error, status, "%s; given up after %u failures in a row", error->message,
                       streamer->failures_in_a_row);
    }
    tell(streamer, status, error);
    return again;
}

static bool wait_backoff(struct mill_streamer *streamer)
{
    uint64_t deadline = mill_now_ns() + backoff_of(streamer);
    return mill_stop_wait_until(&streamer->runner.stop, deadline) == -ETIMEDOUT;
}

void mill_streamer_receive(void *argument)
{
    struct mill_streamer *streamer = argument;
    struct mill_line_source *source = source_of(streamer);
    bool again = true;
    streamer->failures_in_a_row = 0;
    source->ops->interrupt(source, 0); /* of an earlier run */
    while (again && !stops(streamer)) {
        struct mill_error error = {""};
        int status = open_and_read(streamer, &error);
        source->ops->close(source);
        again = !stops(streamer) && survives(streamer, status, &error) && wait_backoff(streamer);
    }
    mill_monitor_enter(&streamer->monitor);
    bool gave_up = streamer->metrics.state == MILL_STREAMER_FAILED;
    mill_monitor_leave(&streamer->monitor);
    set_state(streamer, gave_up && !stops(streamer) ? MILL_STREAMER_FAILED : MILL_STREAMER_STOPPED);
}
