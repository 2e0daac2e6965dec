/* A slow callback before a fast one (row 18 of the patterns), on a stream of each thread's own: must the fast
 * one, and with it the stream, wait until the slow one has done?
 *
 * The bound is one of order, not of time: of all calls of the slow callback, some must be overtaken, which is
 * that the fast one had the same sample before the slow one was done with it. Where the same thread calls one
 * after the other, none ever is, on any machine; where they are independent, each is as soon as the fast
 * one's thread is given a processor.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/timeout.h"
#include "scenarios/list.h"
#include "sync/parking.h"
#include "task/publisher.h"

enum { SLOW, CAPACITY };

static const struct mill_parameter parameters[] = {
    [SLOW] = {.name = "slow",
              .summary = "how long the slow callback takes",
              .type = MILL_DURATION,
              .minimum = 0,
              .maximum = MILL_NS_PER_S,
              .fallback = 2 * MILL_NS_PER_MS},
    [CAPACITY] = {.name = "capacity",
                  .summary = "samples that may wait for one subscriber",
                  .type = MILL_INTEGER,
                  .minimum = 1,
                  .maximum = MILL_PUBLISHER_CAPACITY_MAX,
                  .fallback = 64},
};

/* How long the end of a run waits for a first call to be overtaken, where none was: on a machine that is busy
 * with other things the fast one's thread may have had no processor so far. */
static const uint64_t patience_ns = 300 * MILL_NS_PER_MS;
static const uint64_t nap_ns = 200 * MILL_NS_PER_US;

struct state;

struct stream {
    const struct state *state;
    struct mill_publisher *publisher;
    unsigned slow_id;
    alignas(MILL_ISOLATION) _Atomic uint64_t seen;  /* the last sample that the fast one had */
    uint64_t gaps;                                  /* samples that it missed or had twice; its own */
    alignas(MILL_ISOLATION) _Atomic uint64_t calls; /* of the slow one, that it is done with */
    _Atomic uint64_t overtaken;
    struct mill_parking progress; /* where the stream waits for the fast one */
};

struct state {
    struct mill_watch watch; /* of the registrars' locks that are watched ones */
    uint64_t slow_ns;
    uint64_t capacity;
    unsigned threads;
    alignas(MILL_ISOLATION) atomic_bool last_chance; /* no call may end before it is overtaken … */
    atomic_bool over;                                /* … but now it may, and at once */
    struct stream streams[];
};

/* ---- callbacks ---- */

static bool is_over(const struct state *state)
{
    return atomic_load_explicit(&state->over, memory_order_relaxed); /* a flag to leave by */
}

/* acquire: pairs with the release in `be_fast`: nothing depends on it but the order of events */
static bool is_overtaken(const struct stream *stream, uint64_t number)
{
    return atomic_load_explicit(&stream->seen, memory_order_acquire) >= number;
}

static bool may_end(const struct stream *stream, uint64_t number)
{
    /* relaxed: the first is a flag, the second this callback's own */
    return is_over(stream->state) || is_overtaken(stream, number) ||
           !atomic_load_explicit(&stream->state->last_chance, memory_order_relaxed) ||
           atomic_load_explicit(&stream->overtaken, memory_order_relaxed) > 0;
}

static void be_slow(void *context, uint64_t number, const void *sample)
{
    struct stream *stream = context;
    (void)sample;
    uint64_t end_ns = mill_now_ns() + stream->state->slow_ns;
    for (uint64_t now_ns = mill_now_ns(); now_ns < end_ns && !is_over(stream->state);
         now_ns = mill_now_ns()) {
        mill_sleep_until(end_ns - now_ns < MILL_NS_PER_MS ? end_ns : now_ns + MILL_NS_PER_MS);
    }
    while (!may_end(stream, number)) {
        mill_sleep_until(mill_now_ns() + nap_ns);
    }
    /* relaxed: counts */
    atomic_fetch_add_explicit(&stream->overtaken, is_overtaken(stream, number), memory_order_relaxed);
    atomic_fetch_add_explicit(&stream->calls, 1, memory_order_relaxed);
}

static void be_fast(void *context, uint64_t number, const void *sample)
{
    struct stream *stream = context;
    uint64_t before = atomic_load_explicit(&stream->seen, memory_order_relaxed);
    stream->gaps += number != before + 1 || *(const uint64_t *)sample != number;
    atomic_store_explicit(&stream->seen, number, memory_order_release);
    mill_parking_wake(&stream->progress, 1);
}

/* ---- operations ---- */

/* The stream is never further ahead of the fast subscriber than may wait for it: so that one loses nothing,
 * however late its thread is given a processor. */
static bool may_publish(const struct stream *stream)
{
    return mill_publisher_published(stream->publisher) -
               atomic_load_explicit(&stream->seen, memory_order_relaxed) <
           stream->state->capacity;
}

/* False when the run is over. */
static bool await_fast_one(struct stream *stream, const struct mill_worker *worker)
{
    while (!may_publish(stream)) {
        mill_parking_prepare(&stream->progress);
        if (may_publish(stream) || mill_stopping(worker)) {
            mill_parking_cancel(&stream->progress);
        } else {
            mill_parking_wait(&stream->progress, MILL_NO_DEADLINE);
        }
        if (mill_stopping(worker)) {
            return false;
        }
    }
    return true;
}

static int publish(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct stream *stream = &state->streams[worker->index];
    mill_watch_attach(&state->watch, worker->index);
    if (!await_fast_one(stream, worker)) {
        return MILL_STOPPED;
    }
    uint64_t sample = mill_publisher_published(stream->publisher) + 1;
    return mill_publisher_publish(stream->publisher, &sample);
}

/* ---- the case ---- */

static int open_stream(struct stream *stream, struct state *state, const struct mill_publisher_ops *ops)
{
    const struct mill_publisher_plan plan = {
        .sample_size = sizeof(uint64_t), .capacity = state->capacity, .watch = &state->watch};
    unsigned id;
    stream->state = state;
    int status = mill_publisher_create(ops, &plan, &stream->publisher);
    if (status == 0) {
        status = mill_publisher_subscribe(stream->publisher, be_slow, stream, &stream->slow_id);
    }
    if (status == 0) {
        status = mill_publisher_subscribe(stream->publisher, be_fast, stream, &id);
    }
    return status;
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    atomic_store_explicit(&state->over, true, memory_order_relaxed);
    for (unsigned i = 0; i < state->threads; i++) {
        mill_publisher_destroy(state->streams[i].publisher);
    }
    mill_watch_close(&state->watch);
    free(state);
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->streams[0]);
    if (!state) {
        return -ENOMEM;
    }
    state->slow_ns = (uint64_t)one->values[SLOW];
    state->capacity = (uint64_t)one->values[CAPACITY];
    state->threads = one->threads;
    int status = mill_watch_open(&state->watch, one->threads + 1);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    mill_fence_open();
    mill_watch_attach(&state->watch, one->threads);
    for (unsigned i = 0; status == 0 && i < one->threads; i++) {
        status = open_stream(&state->streams[i], state, mill_publisher_ops_of(one->strategy));
    }
    if (status < 0) {
        teardown(one);
        one->state = NULL;
    }
    return status;
}

/* On all streams? relaxed: a count */
static bool all_were_overtaken(const struct state *state)
{
    bool all = true;
    for (unsigned i = 0; i < state->threads; i++) {
        all = all && atomic_load_explicit(&state->streams[i].overtaken, memory_order_relaxed) > 0;
    }
    return all;
}

static void interrupt(struct mill_case *one)
{
    struct state *state = one->state;
    uint64_t end_ns = mill_now_ns() + patience_ns;
    for (unsigned i = 0; i < state->threads; i++) {
        mill_parking_wake(&state->streams[i].progress, UINT32_MAX);
    }
    atomic_store_explicit(&state->last_chance, true, memory_order_relaxed);
    while (!all_were_overtaken(state) && mill_now_ns() < end_ns) {
        mill_sleep_until(mill_now_ns() + nap_ns);
    }
    atomic_store_explicit(&state->over, true, memory_order_relaxed);
}

static void check_stream(const struct mill_case *one, struct stream *stream, struct mill_check *check)
{
    /* relaxed, all: close has joined whoever called */
    uint64_t published = mill_publisher_published(stream->publisher);
    uint64_t seen = atomic_load_explicit(&stream->seen, memory_order_relaxed);
    uint64_t calls = atomic_load_explicit(&stream->calls, memory_order_relaxed);
    if (seen != published || stream->gaps > 0) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " samples were published; the fast subscriber had them up to %" PRIu64
                         ", with %" PRIu64 " gaps",
                         published, seen, stream->gaps);
    }
    if (calls > 0 && atomic_load_explicit(&stream->overtaken, memory_order_relaxed) == 0) {
        mill_check_found(check, MILL_LATENCY_BOUND,
                         "the fast subscriber waited out every one of %" PRIu64
                         " calls of the slow one, %.1f ms each, and so did the stream",
                         calls, (double)one->values[SLOW] / (double)MILL_NS_PER_MS);
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    uint64_t calls = 0;
    uint64_t overtaken = 0;
    uint64_t dropped = 0;
    for (unsigned i = 0; i < state->threads; i++) {
        calls += atomic_load_explicit(&state->streams[i].calls, memory_order_relaxed);
        overtaken += atomic_load_explicit(&state->streams[i].overtaken, memory_order_relaxed);
    }
    atomic_store_explicit(&state->over, true, memory_order_relaxed);
    for (unsigned i = 0; i < state->threads; i++) {
        struct stream *stream = &state->streams[i];
        uint64_t lost;
        mill_publisher_close(stream->publisher);
        mill_publisher_dropped(stream->publisher, stream->slow_id, &lost);
        dropped += lost;
        check_stream(one, stream, check);
    }
    if (calls > 0) {
        mill_check_measured(check, "overtaken", "%", 100.0 * (double)overtaken / (double)calls);
    }
    mill_check_measured(check, "dropped by slow", "", (double)dropped);
}

static const struct mill_role roles[] = {
    {.name = "stream", .summary = "publishes to a slow and a fast callback", .operation = publish},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "locked",
     .findings = MILL_LATENCY_BOUND,
     .min_threads = 1,
     .why = "the publishing thread calls the slow callback before the fast one"},
    {.strategy = "inline",
     .findings = MILL_LATENCY_BOUND,
     .min_threads = 1,
     .why = "the publishing thread calls the slow callback before the fast one"},
};

const struct mill_scenario mill_scenario_callback_slow = {
    .name = "callback-slow",
    .summary = "a slow callback stands before a fast one; who waits for it?",
    .family = &mill_publisher_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .setup = setup,
    .verify = verify,
    .interrupt = interrupt,
    .teardown = teardown,
};
