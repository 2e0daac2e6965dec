/* threadmill device record: a valve's stream into a file. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command_device.h"
#include "commands.h"
#include "core/clock.h"
#include "core/timeout.h"
#include "device/client.h"
#include "device/recorder.h"
#include "device/streamer.h"
#include "options.h"

struct request {
    const char *word;
    const char *path;
    const char *key;
    enum mill_recorder_format format;
    uint64_t time_ns;
    unsigned http_port; /* 0: the stream is on already */
    unsigned interval_ms;
};

/* ---- one function an option ---- */

static int take_target(void *target, const char *word, struct mill_error *error)
{
    struct request *request = target;
    if (request->word) {
        return mill_error_set(error, -EINVAL, "'threadmill device record' records one valve at a time");
    }
    request->word = word;
    return 0;
}

static int take_time(void *target, const char *value, struct mill_error *error)
{
    return mill_option_duration("time", value, MILL_NS_PER_MS, 24 * 3600 * MILL_NS_PER_S,
                                &((struct request *)target)->time_ns, error);
}

static int take_output(void *target, const char *value, struct mill_error *error)
{
    struct request *request = target;
    const char *ending = strrchr(value, '.');
    request->path = value;
    for (int format = 0; mill_recorder_format_name((enum mill_recorder_format)format); format++) {
        if (ending && strcmp(ending + 1, mill_recorder_format_name((enum mill_recorder_format)format)) == 0) {
            request->format = (enum mill_recorder_format)format;
            return 0;
        }
    }
    return mill_error_set(error, -EINVAL, "'%s' is no value for --output: it ends in .csv or .jsonl", value);
}

static int take_http(void *target, const char *value, struct mill_error *error)
{
    int64_t port;
    int status = mill_option_number("http", value, 1, 65535, &port, error);
    ((struct request *)target)->http_port = (unsigned)port;
    return status;
}

static int take_interval(void *target, const char *value, struct mill_error *error)
{
    int64_t ms;
    int status = mill_option_number("interval-ms", value, 1, MILL_WIRE_INTERVAL_MAX_MS, &ms, error);
    ((struct request *)target)->interval_ms = (unsigned)ms;
    return status;
}

static int take_key(void *target, const char *value, struct mill_error *error)
{
    (void)error;
    ((struct request *)target)->key = value;
    return 0;
}

static const struct mill_option options[] = {
    {"time", 0, "TIME", "how long to record", take_time, false},
    {"output", 'o', "FILE", "FILE.csv or FILE.jsonl", take_output, false},
    {"interval-ms", 0, "N", "ask for a sample every so often (the device's default, 100 ms)", take_interval,
     false},
    {"http", 0, "PORT", "start the stream first, by HTTP at this port; it is not stopped again", take_http,
     false},
    {"key", 0, "K", "of the header X-API-Key, with --http (" MILL_WIRE_KEY ")", take_key, false},
};

static const struct mill_usage usage = {
    "device record",
    "HOST:PORT",
    "Records the stream of a valve, simulated or real, and says what was missing in it. PORT is the\n"
    "stream's (8888). Interrupted, it writes what it has.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill device record 127.0.0.1:8888 --http 8080 --time 10s -o run.csv\n"
    "  threadmill device record 192.168.1.100 --interval-ms 10 --time 1m -o run.jsonl\n",
};

/* ---- the command ---- */

static int start_stream(const struct request *request, const struct mill_device_target *target)
{
    const struct mill_transport_plan plan = {
        .host = target->host, .port = request->http_port, .key = request->key};
    const struct mill_device_policy policy = {
        .retries = 2, .backoff_ns = 100 * MILL_NS_PER_MS, .backoff_max_ns = MILL_NS_PER_S};
    struct mill_device_client *client;
    struct mill_device_failure failure;
    int status =
        mill_device_client_create(mill_transport_ops_find("http"), &plan, &policy, &client, &failure);
    if (status == 0) {
        status = mill_device_start_stream(client, request->interval_ms, &failure);
        mill_device_client_destroy(client);
    }
    return status == 0 ? 0 : mill_complain(MILL_EXIT_MACHINE, "%s", failure.message);
}

/* Until the time is over, the streamer gave up, or a signal came: true. */
static bool wait_while_recording(struct mill_streamer *streamer, uint64_t time_ns, const sigset_t *ends)
{
    const struct timespec slice = {.tv_nsec = 50 * MILL_NS_PER_MS};
    uint64_t until = mill_now_ns() + time_ns;
    for (uint64_t now; (now = mill_now_ns()) < until;) {
        struct mill_streamer_metrics seen;
        const struct timespec left = mill_deadline_timespec(until - now);
        bool last = until - now < (uint64_t)slice.tv_nsec;
        if (sigtimedwait(ends, NULL, last ? &left : &slice) > 0) {
            return true;
        }
        mill_streamer_read(streamer, &seen);
        if (seen.state == MILL_STREAMER_FAILED) {
            return false;
        }
    }
    return false;
}

static int report(const struct request *request, struct mill_streamer *streamer,
                  struct mill_recorder *recorder, bool interrupted)
{
    struct mill_streamer_metrics seen;
    struct mill_recorder_saved saved;
    struct mill_error error;
    mill_streamer_read(streamer, &seen);
    if (seen.samples == 0) {
        return mill_complain(MILL_EXIT_MACHINE, "no sample came: %s%s",
                             seen.last.kind != MILL_DEVICE_NO_FAILURE ? seen.last.message
                             : seen.opened > 0                        ? "connected, nothing came"
                                                                      : "the time was too short to connect",
                             request->http_port == 0 ? "; --http PORT starts a stream that is off" : "");
    }
    if (mill_recorder_save(recorder, request->format, request->path, &saved, &error) < 0) {
        return mill_complain(MILL_EXIT_MACHINE, "%s", error.message);
    }
    printf("%" PRIu64 " samples in %s; %" PRIu64 " gaps, %" PRIu64 " lines missing, %" PRIu64
           " twice, %" PRIu64 " bad; %" PRIu64 " connections\n",
           saved.samples, request->path, seen.count.gaps, seen.count.missing, seen.count.duplicates, seen.bad,
           seen.connections);
    if (seen.state == MILL_STREAMER_FAILED) {
        return mill_complain(MILL_EXIT_MACHINE, "the stream ended before its time: %s", seen.last.message);
    }
    return interrupted ? MILL_EXIT_INTERRUPTED : MILL_EXIT_EXPECTED;
}

static int record(const struct request *request, const struct mill_device_target *target,
                  const sigset_t *ends)
{
    static const struct mill_streamer_retry retry = {
        .reconnects = 3, .backoff_ns = 200 * MILL_NS_PER_MS, .backoff_max_ns = 2 * MILL_NS_PER_S};
    struct mill_line_source *source = NULL;
    struct mill_streamer *streamer = NULL;
    struct mill_recorder *recorder = NULL;
    unsigned subscription;
    /* room for all of it, and some more: a device may be quicker than it was asked to be */
    unsigned interval_ms = request->interval_ms > 0 ? request->interval_ms : MILL_WIRE_INTERVAL_MIN_MS;
    size_t capacity = (size_t)(request->time_ns / MILL_NS_PER_MS / interval_ms) * 2 + 1000;
    int code;
    if (capacity > MILL_RECORDER_CAPACITY_MAX) {
        return mill_complain(MILL_EXIT_USAGE,
                             "--time and --interval-ms make more than %zu samples; record less",
                             (size_t)MILL_RECORDER_CAPACITY_MAX / 2);
    }
    const struct mill_stream_socket_plan socket = {.host = target->host, .port = target->port};
    int status = mill_stream_socket_create(&socket, &source);
    if (status == 0) {
        const struct mill_streamer_plan plan = {
            .source = source, .retry = &retry, .interval_ms = request->interval_ms, .min_interval_ms = 1};
        status = mill_streamer_create(&plan, &streamer);
    }
    if (status == 0) {
        const struct mill_recorder_plan plan = {.capacity = capacity, .policy = MILL_RECORDER_REFUSE};
        status = mill_recorder_create(&plan, &recorder);
    }
    if (status == 0) {
        status = mill_streamer_subscribe(streamer, mill_recorder_take, recorder, &subscription);
    }
    if (status == 0) {
        status = mill_recorder_start(recorder);
    }
    if (status == 0) {
        status = mill_streamer_start(streamer);
    }
    if (status < 0) {
        code = mill_complain(MILL_EXIT_MACHINE, "the recording did not start: %s", strerror(-status));
    } else {
        bool interrupted = wait_while_recording(streamer, request->time_ns, ends);
        (void)mill_recorder_stop(recorder);
        code = report(request, streamer, recorder, interrupted);
    }
    mill_streamer_destroy(streamer);
    mill_recorder_destroy(recorder);
    mill_line_source_destroy(source);
    return code;
}

static int check(const struct request *request, struct mill_device_target *target, struct mill_error *error)
{
    if (!request->word || !request->path || request->time_ns == 0) {
        return mill_error_set(
            error, -EINVAL,
            "'threadmill device record' needs a valve, a time and a file: threadmill device "
            "record HOST:PORT --time TIME -o FILE");
    }
    return mill_device_target_parse(request->word, MILL_WIRE_STREAM_PORT, target, error);
}

int mill_device_record(int argc, char **argv)
{
    struct request request = {.word = NULL};
    struct mill_device_target target = {.port = 0};
    struct mill_error error;
    int status = mill_options_parse(&usage, argc, argv, &request, take_target, &error);
    if (status > 0) {
        return MILL_EXIT_EXPECTED;
    }
    if (status < 0 || check(&request, &target, &error) < 0) {
        return mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    sigset_t ends, before;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, &before);
    int code = request.http_port > 0 ? start_stream(&request, &target) : 0;
    if (code == 0) {
        code = record(&request, &target, &ends);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}
