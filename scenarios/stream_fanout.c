/* The valve's stream at 1 kHz to six clients over sockets, of which one reads slowly (row 20 of the
 * patterns). What that one loses, the device drops without a word where its callback is called inline, and
 * its own queue drops, counted, where it is queued; the other five lose nothing and are no later for it.
 *
 * A machine that is busy may keep a fast client from its processor for so long that the device drops for it,
 * too: that is measured, not judged. What is judged is that nothing is lost without being told: every line
 * that the device sent arrives, whole, once and in order, and the gaps that are told are the lines that are
 * missing.
 *
 * What another's valve sent nobody knows here. There it is judged that every line that came could be read,
 * once and in order, that each went to the callback or was counted as dropped, and that no connection ended
 * by itself; its own interval may be longer than what is asked for. Its stream is left as it was found.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/timeout.h"
#include "device/client.h"
#include "device/delivery.h"
#include "scenarios/list.h"
#include "scenarios/network_valve.h"

enum { TRANSPORT, SLOW, INTERVAL, STREAM };

static const char *const transports[] = {"http", NULL};

static const struct mill_parameter parameters[] = {
    [TRANSPORT] = {.name = "transport",
                   .summary = "where the valve is",
                   .type = MILL_CHOICE,
                   .choices = transports},
    [SLOW] = {.name = "slow",
              .summary = "how long the slow client takes for a sample",
              .type = MILL_DURATION,
              .minimum = 0,
              .maximum = MILL_NS_PER_S,
              .fallback = 20 * MILL_NS_PER_MS},
    [INTERVAL] = {.name = "interval",
                  .summary = "time between two samples, in whole milliseconds",
                  .type = MILL_DURATION,
                  .minimum = MILL_NS_PER_MS,
                  .maximum = MILL_WIRE_INTERVAL_MAX_MS * MILL_NS_PER_MS,
                  .fallback = MILL_NS_PER_MS},
    [STREAM] = MILL_NETWORK_VALVE_STREAM_ROW,
};

#define CLIENTS       MILL_WIRE_STREAM_CLIENTS
#define FAST          (CLIENTS - 1)
#define DRAIN_NS      (60 * (int64_t)MILL_NS_PER_S)
#define NAP_NS        (200 * MILL_NS_PER_US)
#define LOOK_NS       ((int64_t)(20 * MILL_NS_PER_MS))

/* Small enough that a client which does not read is noticed by the device soon. */
#define RECEIVE_BYTES 4096u

struct client {
    const struct state *state;
    struct mill_line_source *source;
    struct mill_streamer *streamer;
    unsigned id;
    /* the callback's own */
    alignas(MILL_ISOLATION) uint64_t last_ms; /* of the device */
    uint64_t last_number;
    uint64_t disorder;
    uint64_t had;
};

struct state {
    struct mill_network_valve valve;
    uint64_t slow_ns;
    alignas(MILL_ISOLATION) atomic_bool over; /* relaxed: a flag to leave by */
    struct client clients[CLIENTS];           /* the last one is slow */
};

/* ---- callbacks ---- */

static void look(void *context, const struct mill_stream_sample *sample)
{
    struct client *client = context;
    client->disorder += sample->number <= client->last_number || sample->line.timestamp_ms <= client->last_ms;
    client->last_number = sample->number;
    client->last_ms = sample->line.timestamp_ms;
    client->had++;
}

static void look_slowly(void *context, const struct mill_stream_sample *sample)
{
    const struct client *client = context;
    look(context, sample);
    uint64_t end_ns = mill_now_ns() + client->state->slow_ns;
    while (mill_now_ns() < end_ns && !atomic_load_explicit(&client->state->over, memory_order_relaxed)) {
        uint64_t nap_ns = mill_now_ns() + MILL_NS_PER_MS;
        mill_sleep_until(nap_ns < end_ns ? nap_ns : end_ns);
    }
}

/* ---- operations ---- */

/* The next sample of one of the fast clients. */
static int await_sample(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct mill_streamer *streamer = state->clients[worker->index % FAST].streamer;
    struct mill_streamer_metrics metrics;
    mill_streamer_read(streamer, &metrics);
    int status = -ETIMEDOUT;
    while (status == -ETIMEDOUT) {
        if (mill_stopping(worker)) {
            return MILL_STOPPED;
        }
        status = mill_streamer_await(streamer, metrics.samples + 1, LOOK_NS);
    }
    return status;
}

/* ---- the case ---- */

static int start_device(struct state *state, const struct mill_case *one)
{
    const struct mill_simulator_plan plan = {.quirks = MILL_QUIRKS_FIRMWARE, .min_interval_ms = 1};
    int status = mill_network_valve_open(&state->valve, &plan, one->values[STREAM]);
    return status < 0 ? status
                      : mill_network_valve_stream(
                            &state->valve, (unsigned)((uint64_t)one->values[INTERVAL] / MILL_NS_PER_MS));
}

static int await_connection(struct mill_streamer *streamer)
{
    uint64_t end_ns = mill_now_ns() + (uint64_t)DRAIN_NS;
    struct mill_streamer_metrics metrics;
    for (mill_streamer_read(streamer, &metrics); metrics.connections == 0;
         mill_streamer_read(streamer, &metrics)) {
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

/* Once its stream has ended it has had all of it, and does not come back. */
static int open_client(struct client *client, struct state *state, const struct mill_delivery_ops *ops)
{
    static const struct mill_streamer_retry once = {.silence_ns = 3600 * MILL_NS_PER_S};
    bool is_slow = client == &state->clients[FAST];
    struct mill_stream_socket_plan socket = state->valve.stream;
    socket.receive_bytes = is_slow ? RECEIVE_BYTES : 0;
    client->state = state;
    int status = mill_stream_socket_create(&socket, &client->source);
    if (status == 0) {
        const struct mill_streamer_plan plan = {
            .source = client->source, .retry = &once, .min_interval_ms = 1, .capacity = 64};
        status = mill_streamer_create(&plan, &client->streamer);
    }
    if (status == 0) {
        status = is_slow ? ops->subscribe(client->streamer, look_slowly, client, &client->id)
                         : mill_streamer_subscribe(client->streamer, look, client, &client->id);
    }
    if (status == 0) {
        status = mill_streamer_start(client->streamer);
    }
    if (status == 0) {
        status = await_connection(client->streamer);
    }
    /* A run may be shorter than another's interval. */
    return status == 0 && !state->valve.simulator ? mill_streamer_await(client->streamer, 1, DRAIN_NS)
                                                  : status;
}

static void close_clients(struct state *state)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        mill_streamer_destroy(state->clients[i].streamer);
        mill_line_source_destroy(state->clients[i].source);
        state->clients[i].streamer = NULL;
        state->clients[i].source = NULL;
    }
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    atomic_store_explicit(&state->over, true, memory_order_relaxed);
    close_clients(state);
    mill_network_valve_close(&state->valve);
    free(state);
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state);
    if (!state) {
        return -ENOMEM;
    }
    state->slow_ns = (uint64_t)one->values[SLOW];
    one->state = state;
    int status = start_device(state, one);
    for (unsigned i = 0; status == 0 && i < CLIENTS; i++) {
        status = open_client(&state->clients[i], state, mill_delivery_ops_of(one->strategy));
    }
    if (status < 0) {
        teardown(one);
        one->state = NULL;
    }
    return status;
}

/* ---- the check ---- */

struct seen {
    uint64_t samples;
    uint64_t told_missing;
    uint64_t fast_missing;
    uint64_t bad;
    uint64_t duplicates;
    uint64_t disorder;
    uint64_t queue_dropped; /* by the slow one's queue */
    uint64_t given;         /* to callbacks; or dropped, counted */
    uint64_t failures;      /* connections that ended */
    uint64_t had;           /* by callbacks */
    uint64_t sent;          /* by our own valve */
    double device_dropped;
    bool knows_dropped; /* the former is known */
    struct mill_histogram *lag;
};

/* The stream has been stopped: reads what is still under way, up to its end. */
static int drain(struct client *client)
{
    int status = mill_streamer_await(client->streamer, UINT64_MAX, DRAIN_NS);
    return status == -EPIPE ? 0 : status;
}

/* The same of another's valve: that goes on. */
static int leave(struct client *client)
{
    return mill_streamer_stop(client->streamer, DRAIN_NS);
}

static void look_at(struct client *client, bool is_slow, struct seen *seen)
{
    struct mill_streamer_metrics metrics;
    struct mill_streamer_callback callback = {0};
    mill_streamer_read(client->streamer, &metrics);
    mill_streamer_callback(client->streamer, client->id, &callback);
    seen->samples += metrics.samples;
    seen->told_missing += metrics.count.missing;
    seen->bad += metrics.bad;
    seen->duplicates += metrics.count.duplicates;
    seen->failures += metrics.failures;
    seen->given += metrics.samples - callback.dropped;
    if (is_slow) {
        seen->queue_dropped = callback.dropped;
    } else {
        seen->fast_missing += metrics.count.missing;
        mill_streamer_lag(client->streamer, seen->lag);
    }
}

static void check_order(const struct seen *seen, struct mill_check *check)
{
    if (seen->disorder > 0 || seen->duplicates > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " samples came out of order or twice, %" PRIu64 " were told as such",
                         seen->disorder, seen->duplicates);
    }
}

static void check_lines(const struct seen *seen, struct mill_check *check)
{
    if (seen->samples != seen->sent || seen->bad > 0) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " lines were sent; %" PRIu64 " arrived, and %" PRIu64
                         " could not be read",
                         seen->sent, seen->samples, seen->bad);
    }
}

/* What clients alone can tell. */
static void check_clients(const struct seen *seen, bool ours, struct mill_check *check)
{
    if (!ours && (seen->bad > 0 || seen->failures > 0)) { /* our own has ended its streams */
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " lines could not be read, and %" PRIu64
                         " connections ended by themselves",
                         seen->bad, seen->failures);
    }
    if (seen->had != seen->given) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " samples arrived that no queue dropped; the callbacks had %" PRIu64,
                         seen->given, seen->had);
    }
}

static void measure(const struct seen *seen, struct mill_check *check)
{
    mill_check_measured(check, "samples", "", (double)seen->samples);
    mill_check_measured(check, "added p99", "ns", (double)mill_histogram_percentile(seen->lag, 99));
    mill_check_measured(check, "lost by fast", "", (double)seen->fast_missing);
    if (seen->knows_dropped) {
        mill_check_measured(check, "dropped by device", "", seen->device_dropped);
    }
    mill_check_measured(check, "told missing", "", (double)seen->told_missing);
    mill_check_measured(check, "dropped by queue", "", (double)seen->queue_dropped);
}

/* Ends the streams, and reads what all clients saw. 0, or why they have no end. */
static int finish(struct state *state, struct seen *seen)
{
    bool ours = state->valve.simulator != NULL;
    int status = ours ? mill_network_valve_unstream(&state->valve) : 0;
    atomic_store_explicit(&state->over, true, memory_order_relaxed);
    for (unsigned i = 0; i < CLIENTS && status == 0; i++) {
        status = ours ? drain(&state->clients[i]) : leave(&state->clients[i]);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        look_at(&state->clients[i], i == FAST, seen);
    }
    return status;
}

/* Lines that a valve dropped since ours were started, for whomever. */
static void ask_dropped(struct state *state, struct seen *seen)
{
    struct mill_simulator_counts sent;
    struct mill_stream_status now;
    if (state->valve.simulator) {
        mill_simulator_counts(state->valve.simulator, &sent);
        seen->sent = sent.stream_lines;
        seen->device_dropped = (double)sent.stream_lost;
        seen->knows_dropped = true;
    } else if (mill_device_get_stream(state->valve.client, &now, NULL) == 0) {
        seen->device_dropped = (double)(now.send_errors - state->valve.found.send_errors);
        seen->knows_dropped = true;
    }
}

/* Of the lines that the device dropped, those at the end have none behind them that would tell: so fewer are
 * told than are missing. */
static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    struct seen seen = {0};
    if (mill_histogram_create(&seen.lag) < 0) {
        mill_check_found(check, MILL_CORRUPTION, "no memory to check with");
        return;
    }
    int status = finish(state, &seen);
    ask_dropped(state, &seen);
    close_clients(state);
    for (unsigned i = 0; i < CLIENTS; i++) {
        seen.disorder += state->clients[i].disorder;
        seen.had += state->clients[i].had;
    }
    if (status < 0) {
        mill_check_found(check, MILL_LOST_WAKEUP, "the stream was stopped, and has no end: %d", status);
    } else {
        if (state->valve.simulator) {
            check_lines(&seen, check);
        }
        check_clients(&seen, state->valve.simulator != NULL, check);
        check_order(&seen, check);
    }
    measure(&seen, check);
    mill_histogram_destroy(seen.lag);
}

static const char *unsupported(const struct mill_case *one)
{
    return mill_network_valve_unsupported(one->values[STREAM]);
}

static const struct mill_role roles[] = {
    {.name = "client", .summary = "waits for the next sample of a fast client", .operation = await_sample},
};

const struct mill_scenario mill_scenario_stream_fanout = {
    .name = "stream-fanout",
    .summary = "the valve's stream at 1 kHz to six clients, of which one is slow; who loses what?",
    .family = &mill_delivery_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
