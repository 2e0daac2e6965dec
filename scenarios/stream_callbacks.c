/* Slow and re-entrant callbacks of the valve's stream (rows 17, 18 and 20 of the patterns). Each thread is a
 * device of its own, whose firmware makes samples at 1 kHz of its own time and is started and stopped now and
 * then; a feed takes them to a streamer with a slow callback before a fast one, one that takes a lock under
 * which the device's thread subscribes, and one that subscribes another from within.
 *
 * The bound is one of order, not of time: the slow callback waits, with patience, until the fast one has had
 * the same sample. Where the same thread calls one after the other that never happens, on any machine.
 *
 * Over HTTP all threads are clients of one valve's stream over sockets, as many as it has places, and an
 * operation is a sample that came. There the valve is not started and stopped, and may drop what a slow
 * client does not read; what it sent is not known here. It is judged that every line could be read, once and
 * in order, that the fast callback had each sample that its queue did not drop, and the bound.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/timeout.h"
#include "scenarios/device_rig.h"
#include "scenarios/list.h"
#include "scenarios/network_valve.h"
#include "scenarios/stream_callbacks_inside.h"
#include "task/publisher.h"

enum { TRANSPORT, SLOW, CAPACITY, STREAM };

static const struct mill_parameter parameters[] = {
    [TRANSPORT] = {.name = "transport",
                   .summary = "where the valve is",
                   .type = MILL_CHOICE,
                   .choices = mill_device_rig_transports,
                   .fallback = MILL_DEVICE_RIG_IN_PROCESS},
    [SLOW] = {.name = "slow",
              .summary = "how long the slow callback takes, once it was overtaken for the first time",
              .type = MILL_DURATION,
              .minimum = 0,
              .maximum = MILL_NS_PER_S,
              .fallback = 2 * MILL_NS_PER_MS},
    [CAPACITY] = {.name = "capacity",
                  .summary = "samples that may wait for one callback",
                  .type = MILL_INTEGER,
                  .minimum = 1,
                  .maximum = MILL_PUBLISHER_CAPACITY_MAX,
                  .fallback = 64},
    [STREAM] = MILL_NETWORK_VALVE_STREAM_ROW,
};

#define PATIENCE_NS  (300 * MILL_NS_PER_MS)
#define NAP_NS       (200 * MILL_NS_PER_US)
#define CONNECT_NS   (60 * MILL_NS_PER_S)
#define LOOK_NS      ((int64_t)(20 * MILL_NS_PER_MS))

/* Of so many samples one starts or stops the valve, and one makes the device's thread and a callback
 * subscribe. */
#define SWITCH_EVERY 100u
#define VISIT_EVERY  32u

struct mill_callbacks_state {
    uint64_t slow_ns;
    uint64_t capacity;
    unsigned threads;
    struct mill_network_valve valve;          /* where there are sockets */
    alignas(MILL_ISOLATION) atomic_bool over; /* relaxed: a flag to leave by */
    struct mill_callbacks_stream streams[];
};

/* ---- the slow and the fast ---- */

static bool is_over(const struct mill_callbacks_state *state)
{
    return atomic_load_explicit(&state->over, memory_order_relaxed);
}

/* acquire: pairs with the release in `be_fast`; nothing depends on it but the order of events */
static bool is_overtaken(const struct mill_callbacks_stream *stream, uint64_t number)
{
    return atomic_load_explicit(&stream->seen, memory_order_acquire) >= number;
}

static void be_slow(void *context, const struct mill_stream_sample *sample)
{
    struct mill_callbacks_stream *stream = context;
    /* relaxed, here and below: this callback's own counts, which others look at */
    bool was_before = atomic_load_explicit(&stream->overtaken, memory_order_relaxed) > 0 ||
                      atomic_load_explicit(&stream->waited_out, memory_order_relaxed) > 0;
    uint64_t end_ns = mill_now_ns() + (was_before ? stream->state->slow_ns : PATIENCE_NS);
    while (!is_over(stream->state) && mill_now_ns() < end_ns &&
           (was_before || !is_overtaken(stream, sample->number))) {
        uint64_t nap_ns = mill_now_ns() + NAP_NS;
        mill_sleep_until(nap_ns < end_ns ? nap_ns : end_ns);
    }
    if (is_overtaken(stream, sample->number)) {
        atomic_fetch_add_explicit(&stream->overtaken, 1, memory_order_relaxed);
    } else if (!is_over(stream->state)) {
        atomic_fetch_add_explicit(&stream->waited_out, 1, memory_order_relaxed);
    }
}

static void be_fast(void *context, const struct mill_stream_sample *sample)
{
    struct mill_callbacks_stream *stream = context;
    uint64_t before = atomic_load_explicit(&stream->seen, memory_order_relaxed);
    stream->gaps += sample->number != before + 1;
    stream->disorder += sample->number <= before;
    stream->had++;
    atomic_store_explicit(&stream->seen, sample->number, memory_order_release);
    mill_parking_wake(&stream->progress, 1);
}

/* ---- those that come back ---- */

static void be_guest(void *context, const struct mill_stream_sample *sample)
{
    struct mill_callbacks_stream *stream = context;
    (void)sample;
    atomic_fetch_add_explicit(&stream->guests, 1, memory_order_relaxed);
}

/* Subscribes and leaves again. There may be no place for the moment. */
static void visit(struct mill_callbacks_stream *stream)
{
    unsigned id;
    int status = stream->ops->subscribe(stream->streamer, be_guest, stream, &id);
    if (status == 0) {
        status = mill_streamer_unsubscribe(stream->streamer, id);
    } else if (status == -ENOSPC) {
        atomic_fetch_add_explicit(&stream->no_place, 1, memory_order_relaxed);
        status = 0;
    }
    /* the streamer may be gone meanwhile as far as subscriptions go */
    if (status < 0 && status != -EPIPE && status != -ENOENT) {
        atomic_fetch_add_explicit(&stream->failures, 1, memory_order_relaxed);
    }
}

static void come_back(void *context, const struct mill_stream_sample *sample)
{
    struct mill_callbacks_stream *stream = context;
    if (sample->number % VISIT_EVERY == 0) {
        visit(stream);
    }
}

static void configure(void *context, const struct mill_stream_sample *sample)
{
    struct mill_callbacks_stream *stream = context;
    (void)sample;
    pthread_mutex_lock(&stream->client);
    stream->configurations++;
    pthread_mutex_unlock(&stream->client);
}

/* ---- the device ---- */

static int switch_valve(struct mill_callbacks_stream *stream)
{
    static const char start[] = "{\"action\":\"start\"}";
    static const char stop[] = "{\"action\":\"stop\"}";
    const char *body = stream->runs ? stop : start;
    struct mill_firmware_reply reply;
    int status = mill_firmware_request(stream->firmware, stream->now_us, "POST", MILL_WIRE_BASE "/control",
                                       body, strlen(body), &reply);
    if (status < 0 || reply.status != 200) {
        return status < 0 ? status : -EPROTO;
    }
    stream->runs = !stream->runs;
    stream->now_us += reply.before_us + reply.after_us;
    return 0;
}

/* The stream is never further ahead of the fast callback than may wait for it: so that one loses nothing,
 * however late its thread is given a processor. */
static bool may_put(const struct mill_callbacks_stream *stream)
{
    return stream->put - atomic_load_explicit(&stream->seen, memory_order_relaxed) < stream->state->capacity;
}

/* False when the run is over. */
static bool await_fast_one(struct mill_callbacks_stream *stream, const struct mill_worker *worker)
{
    while (!may_put(stream) && !mill_stopping(worker)) {
        mill_parking_prepare(&stream->progress);
        if (may_put(stream) || mill_stopping(worker)) {
            mill_parking_cancel(&stream->progress);
        } else {
            mill_parking_wait(&stream->progress, MILL_NO_DEADLINE);
        }
    }
    return !mill_stopping(worker);
}

static void visit_from_outside(struct mill_callbacks_stream *stream)
{
    if (stream->put % VISIT_EVERY == VISIT_EVERY / 2) {
        pthread_mutex_lock(&stream->client);
        visit(stream);
        pthread_mutex_unlock(&stream->client);
    }
}

/* The next sample of a valve behind a socket. */
static int receive(struct mill_worker *worker)
{
    struct mill_callbacks_state *state = worker->state;
    struct mill_callbacks_stream *stream = &state->streams[worker->index];
    struct mill_streamer_metrics metrics;
    visit_from_outside(stream);
    mill_streamer_read(stream->streamer, &metrics);
    int status = -ETIMEDOUT;
    while (status == -ETIMEDOUT) {
        if (mill_stopping(worker)) {
            return MILL_STOPPED;
        }
        status = mill_streamer_await(stream->streamer, metrics.samples + 1, LOOK_NS);
    }
    stream->put += status == 0;
    return status;
}

static int send(struct mill_worker *worker)
{
    struct mill_callbacks_state *state = worker->state;
    struct mill_callbacks_stream *stream = &state->streams[worker->index];
    struct mill_sample_line line;
    if (stream->over_socket) {
        return receive(worker);
    }
    if (!await_fast_one(stream, worker)) {
        return MILL_STOPPED;
    }
    visit_from_outside(stream);
    bool switches = stream->put % SWITCH_EVERY == SWITCH_EVERY / 2;
    int status = switches ? switch_valve(stream) : 0;
    if (status == 0) {
        stream->now_us += MILL_NS_PER_MS / MILL_NS_PER_US;
        mill_firmware_sample(stream->firmware, stream->now_us, &line);
        status = mill_line_feed_put_sample(stream->feed, &line, MILL_FOREVER);
    }
    if (status == 0) { /* else nobody was told of it */
        stream->put++;
        stream->starts += switches && stream->runs;
    }
    return status == -ECANCELED ? MILL_STOPPED : status;
}

/* ---- the case ---- */

static int subscribe_all(struct mill_callbacks_stream *stream)
{
    static mill_streamer_call *const calls[] = {be_slow, configure, come_back, be_fast};
    unsigned ids[sizeof calls / sizeof calls[0]];
    int status = 0;
    for (size_t i = 0; status == 0 && i < sizeof calls / sizeof calls[0]; i++) {
        status = stream->ops->subscribe(stream->streamer, calls[i], stream, &ids[i]);
    }
    stream->slow_id = ids[0];
    stream->fast_id = ids[sizeof ids / sizeof ids[0] - 1];
    return status;
}

/* The device's samples are there only for who is connected. */
static int await_connection(struct mill_callbacks_stream *stream)
{
    uint64_t end_ns = mill_now_ns() + CONNECT_NS;
    struct mill_streamer_metrics metrics;
    for (mill_streamer_read(stream->streamer, &metrics); metrics.connections == 0;
         mill_streamer_read(stream->streamer, &metrics)) {
        if (metrics.state == MILL_STREAMER_FAILED) { /* it does not listen there, or has no more places */
            return -ECONNREFUSED;
        }
        if (mill_now_ns() > end_ns) {
            return -ETIMEDOUT;
        }
        mill_sleep_until(mill_now_ns() + NAP_NS);
    }
    return 0;
}

/* A device of its own, and what takes its samples. */
static int open_feed(struct mill_callbacks_stream *stream)
{
    int status =
        mill_firmware_create(&(struct mill_firmware_plan){.quirks = MILL_QUIRKS_FIRMWARE}, &stream->firmware);
    return status < 0 ? status
                      : mill_line_feed_create(
                            &(struct mill_line_feed_plan){.interval_ms = 1, .quirks = MILL_QUIRKS_FIRMWARE},
                            &stream->feed);
}

static int open_stream(struct mill_callbacks_stream *stream, struct mill_callbacks_state *state,
                       const struct mill_case *one)
{
    static const struct mill_streamer_retry patient = {.silence_ns = 3600 * MILL_NS_PER_S};
    stream->ops = mill_delivery_ops_of(one->strategy);
    stream->over_socket = one->values[TRANSPORT] == MILL_DEVICE_RIG_HTTP;
    int status = -pthread_mutex_init(&stream->client, NULL);
    if (status == 0) {
        stream->state = state; /* the mutex is there */
        status = stream->over_socket ? mill_stream_socket_create(&state->valve.stream, &stream->source)
                                     : open_feed(stream);
    }
    if (status == 0) {
        const struct mill_streamer_plan plan = {
            .source = stream->over_socket ? stream->source : mill_line_feed_source(stream->feed),
            .retry = &patient,
            .min_interval_ms = 1,
            .capacity = (unsigned)state->capacity};
        status = mill_streamer_create(&plan, &stream->streamer);
    }
    if (status == 0) {
        status = subscribe_all(stream);
    }
    if (status == 0) {
        status = mill_streamer_start(stream->streamer);
    }
    if (status == 0) {
        status = await_connection(stream);
    }
    /* A run may be shorter than another's interval. */
    return status == 0 && stream->over_socket ? mill_streamer_await(stream->streamer, 1, CONNECT_NS) : status;
}

static void close_stream(struct mill_callbacks_stream *stream)
{
    if (stream->feed) {
        mill_line_feed_stop(stream->feed);
    }
    mill_streamer_destroy(stream->streamer);
    mill_line_source_destroy(stream->source);
    mill_line_feed_destroy(stream->feed);
    mill_firmware_destroy(stream->firmware);
    stream->streamer = NULL;
    stream->source = NULL;
    stream->feed = NULL;
    stream->firmware = NULL;
}

static void teardown(struct mill_case *one)
{
    struct mill_callbacks_state *state = one->state;
    atomic_store_explicit(&state->over, true, memory_order_relaxed);
    for (unsigned i = 0; i < state->threads; i++) {
        close_stream(&state->streams[i]);
        if (state->streams[i].state) {
            pthread_mutex_destroy(&state->streams[i].client);
        }
    }
    mill_network_valve_close(&state->valve);
    free(state);
}

/* The valve of all threads. */
static int open_valve(struct mill_callbacks_state *state, const struct mill_case *one)
{
    const struct mill_simulator_plan own = {
        .quirks = MILL_QUIRKS_FIRMWARE, .min_interval_ms = 1, .seed = one->seed};
    int status = mill_network_valve_open(&state->valve, &own, one->values[STREAM]);
    return status < 0 ? status : mill_network_valve_stream(&state->valve, 1);
}

static int setup(struct mill_case *one)
{
    struct mill_callbacks_state *state =
        mill_isolated_alloc(sizeof *state + one->threads * sizeof state->streams[0]);
    if (!state) {
        return -ENOMEM;
    }
    state->slow_ns = (uint64_t)one->values[SLOW];
    state->capacity = (uint64_t)one->values[CAPACITY];
    state->threads = one->threads;
    one->state = state;
    mill_fence_open();
    int status = one->values[TRANSPORT] == MILL_DEVICE_RIG_HTTP ? open_valve(state, one) : 0;
    for (unsigned i = 0; status == 0 && i < one->threads; i++) {
        status = open_stream(&state->streams[i], state, one);
    }
    if (status < 0) {
        teardown(one);
        one->state = NULL;
    }
    return status;
}

/* Has the slow callback of each stream found out whether it is overtaken? relaxed: counts */
static bool all_know(const struct mill_callbacks_state *state)
{
    bool all = true;
    for (unsigned i = 0; i < state->threads; i++) {
        const struct mill_callbacks_stream *stream = &state->streams[i];
        all = all && (atomic_load_explicit(&stream->overtaken, memory_order_relaxed) > 0 ||
                      atomic_load_explicit(&stream->waited_out, memory_order_relaxed) > 0);
    }
    return all;
}

static void interrupt(struct mill_case *one)
{
    struct mill_callbacks_state *state = one->state;
    uint64_t end_ns = mill_now_ns() + 2 * PATIENCE_NS;
    for (unsigned i = 0; i < state->threads; i++) {
        if (state->streams[i].feed) {
            mill_line_feed_stop(state->streams[i].feed);
        }
        mill_parking_wake(&state->streams[i].progress, UINT32_MAX);
    }
    while (!all_know(state) && mill_now_ns() < end_ns) {
        mill_sleep_until(mill_now_ns() + NAP_NS);
    }
    atomic_store_explicit(&state->over, true, memory_order_relaxed);
}

/* ---- the check ---- */

/* Once the feed has ended, and with it the streamer's run, all that was put has been read. The slow
 * callback's queue may have lost some; nobody else did. A socket is left amid the stream: then what has been
 * read counts. */
static uint64_t finish(struct mill_callbacks_stream *stream, struct mill_check *check)
{
    struct mill_streamer_metrics metrics;
    struct mill_streamer_callback slow = {0};
    struct mill_streamer_callback fast = {0};
    if (stream->over_socket) {
        mill_streamer_stop(stream->streamer, MILL_FOREVER);
    } else {
        mill_line_feed_hang_up(stream->feed);
        mill_streamer_await(stream->streamer, UINT64_MAX, MILL_FOREVER);
    }
    mill_streamer_read(stream->streamer, &metrics);
    mill_streamer_callback(stream->streamer, stream->slow_id, &slow);
    mill_streamer_callback(stream->streamer, stream->fast_id, &fast);
    close_stream(stream);
    mill_stream_callbacks_check(stream, &metrics, fast.dropped, check);
    return slow.dropped;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct mill_callbacks_state *state = one->state;
    uint64_t dropped = 0;
    uint64_t no_place = 0;
    uint64_t overtaken = 0;
    uint64_t calls = 0;
    atomic_store_explicit(&state->over, true, memory_order_relaxed);
    for (unsigned i = 0; i < state->threads; i++) {
        struct mill_callbacks_stream *stream = &state->streams[i];
        dropped += finish(stream, check);
        no_place += atomic_load_explicit(&stream->no_place, memory_order_relaxed);
        overtaken += atomic_load_explicit(&stream->overtaken, memory_order_relaxed);
        calls += atomic_load_explicit(&stream->waited_out, memory_order_relaxed);
    }
    calls += overtaken;
    if (calls > 0) {
        mill_check_measured(check, "overtaken", "%", 100.0 * (double)overtaken / (double)calls);
    }
    mill_check_measured(check, "dropped by slow", "", (double)dropped);
    mill_check_measured(check, "no place", "", (double)no_place);
}

static const char *unsupported(const struct mill_case *one)
{
    if (one->values[TRANSPORT] != MILL_DEVICE_RIG_HTTP) {
        return one->values[STREAM] != 0 ? "stream is the port of a valve: it is for transport=http" : NULL;
    }
    if (one->threads > MILL_WIRE_STREAM_CLIENTS) {
        return "a valve streams to six clients, and each thread is one";
    }
    return mill_network_valve_unsupported(one->values[STREAM]);
}

static const struct mill_role roles[] = {
    {.name = "device",
     .summary = "sends samples to a slow, a fast and two re-entrant callbacks",
     .operation = send},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "inline",
     .findings = MILL_LATENCY_BOUND,
     .min_threads = 1,
     .why = "the receiver's thread calls the slow callback before the fast one"},
};

const struct mill_scenario mill_scenario_stream_callbacks = {
    .name = "stream-callbacks",
    .summary = "the valve's stream with slow and re-entrant callbacks; who waits for whom?",
    .family = &mill_delivery_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .interrupt = interrupt,
    .teardown = teardown,
};
