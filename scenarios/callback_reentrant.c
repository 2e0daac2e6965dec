/* Callbacks of a stream that come back to whoever called them (row 17 of the patterns): one takes the lock of
 * a client that subscribes under it, one subscribes another from within.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "task/publisher.h"

enum { CHANGE_EVERY = 64 }; /* samples */

enum { STREAM, CLIENT };

struct sample {
    uint64_t number; /* what the publisher must give it, too */
};

struct state {
    struct mill_publisher *publisher;
    struct mill_watch watch; /* of the client's lock, and of the registrar's where it is a watched one */
    unsigned threads;        /* of the scenario; the party behind them is a thread that calls callbacks, the
                                one behind that the engine's */
    unsigned steady;         /* the subscription that stays */
    char deadlock[256];      /* the circle that the engine's thread found when it ended the run, or "" */
    alignas(MILL_ISOLATION) struct mill_watched_lock client; /* protects `configurations` */
    uint64_t configurations;
    alignas(MILL_ISOLATION) uint64_t received; /* by the steady subscription; like the next two, its own */
    uint64_t last;
    uint64_t out_of_order;
    alignas(MILL_ISOLATION) uint64_t sent;           /* the stream's */
    alignas(MILL_ISOLATION) atomic_uint failures;    /* calls of the publisher that failed and should not */
    alignas(MILL_ISOLATION) _Atomic uint64_t guests; /* samples that subscriptions of a moment got */
    _Atomic uint64_t no_place; /* visits that found as many subscribers as there may be */
};

/* What a call says that was let go because the run is over. */
static bool was_broken(int status)
{
    return status == -EDEADLK || status == -ECANCELED;
}

static void count_failure(struct state *state, int status)
{
    if (status < 0 && !was_broken(status)) {
        atomic_fetch_add_explicit(&state->failures, 1, memory_order_relaxed);
    }
}

/* ---- callbacks ---- */

static void be_guest(void *context, uint64_t number, const void *sample)
{
    struct state *state = context;
    (void)number;
    (void)sample;
    atomic_fetch_add_explicit(&state->guests, 1, memory_order_relaxed); /* a count */
}

/* Subscribes and leaves again. There may be no place for the moment. */
static int visit(struct state *state)
{
    unsigned id;
    int status = mill_publisher_subscribe(state->publisher, be_guest, state, &id);
    if (status == 0) {
        status = mill_publisher_unsubscribe(state->publisher, id);
    }
    if (status == -ENOSPC) {
        atomic_fetch_add_explicit(&state->no_place, 1, memory_order_relaxed); /* a count */
        return 0;
    }
    return status == -EPIPE ? 0 : status;
}

/* Updates the configuration under the client's lock. */
static void configure(void *context, uint64_t number, const void *sample)
{
    struct state *state = context;
    const struct sample *seen = sample;
    state->received++;
    state->out_of_order += number <= state->last || seen->number != number;
    state->last = number;
    if (!mill_watch_attached(&state->watch)) {
        mill_watch_attach(&state->watch, state->threads);
    }
    int status = mill_watched_lock_acquire(&state->client);
    if (status == 0) {
        state->configurations++;
        mill_watched_lock_release(&state->client);
    }
    count_failure(state, status);
}

static void change(void *context, uint64_t number, const void *sample)
{
    struct state *state = context;
    (void)sample;
    if (number % CHANGE_EVERY == 0) {
        int status = visit(state);
        /* closed while it was inside */
        count_failure(state, status == -ENOENT ? 0 : status);
    }
}

/* ---- operations ---- */

static int publish(struct mill_worker *worker)
{
    struct state *state = worker->state;
    mill_watch_attach(&state->watch, worker->index);
    const struct sample sample = {.number = state->sent + 1};
    int status = mill_publisher_publish(state->publisher, &sample);
    if (was_broken(status)) {
        return MILL_STOPPED;
    }
    state->sent += status == 0;
    return status;
}

static int subscribe_under_lock(struct mill_worker *worker)
{
    struct state *state = worker->state;
    mill_watch_attach(&state->watch, worker->index);
    int status = mill_watched_lock_acquire(&state->client);
    if (status == 0) {
        status = visit(state);
        mill_watched_lock_release(&state->client);
    }
    return was_broken(status) ? MILL_STOPPED : status;
}

/* ---- the case ---- */

static int open_publisher(struct state *state, const struct mill_publisher_ops *ops)
{
    const struct mill_publisher_plan plan = {
        .sample_size = sizeof(struct sample), .capacity = 64, .watch = &state->watch};
    unsigned id;
    int status = mill_watched_lock_init(&state->client, &state->watch, "the client's lock");
    if (status == 0) {
        status = mill_publisher_create(ops, &plan, &state->publisher);
    }
    if (status == 0) {
        mill_watch_attach(&state->watch, state->threads + 1);
        status = mill_publisher_subscribe(state->publisher, configure, state, &state->steady);
    }
    if (status == 0) {
        status = mill_publisher_subscribe(state->publisher, change, state, &id);
    }
    return status;
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_publisher_destroy(state->publisher);
    mill_watch_close(&state->watch);
    free(state);
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state);
    if (!state) {
        return -ENOMEM;
    }
    state->threads = one->threads;
    int status = mill_watch_open(&state->watch, one->threads + 2);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    status = open_publisher(state, mill_publisher_ops_of(one->strategy));
    if (status < 0) {
        teardown(one);
        one->state = NULL;
    }
    return status;
}

static void interrupt(struct mill_case *one)
{
    struct state *state = one->state;
    mill_watch_break(&state->watch, state->deadlock, sizeof state->deadlock);
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    uint64_t dropped;
    mill_publisher_close(state->publisher);
    mill_publisher_dropped(state->publisher, state->steady, &dropped);
    unsigned failures = atomic_load_explicit(&state->failures, memory_order_relaxed);
    if (state->deadlock[0] != '\0') {
        mill_check_found(check, MILL_DEADLOCK, "%s", state->deadlock);
    }
    if (state->out_of_order > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " samples came out of order",
                         state->out_of_order);
    }
    if (state->received + dropped != state->sent) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " samples were published, %" PRIu64 " received and %" PRIu64 " dropped",
                         state->sent, state->received, dropped);
    }
    if (failures > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%u times a callback was refused what it asked for",
                         failures);
    }
    mill_check_measured(check, "samples", "", (double)state->sent);
    mill_check_measured(check, "no place", "",
                        (double)atomic_load_explicit(&state->no_place, memory_order_relaxed));
    if (state->sent > 0) {
        mill_check_measured(check, "dropped", "%", 100.0 * (double)dropped / (double)state->sent);
    }
}

static const struct mill_role roles[] = {
    [STREAM] = {.name = "stream", .summary = "publishes samples", .operation = publish, .threads = 1},
    [CLIENT] = {.name = "client",
                .summary = "subscribes and leaves, under the lock that a callback takes",
                .operation = subscribe_under_lock},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "locked",
     .findings = MILL_DEADLOCK,
     .min_threads = 2,
     .why = "a callback waits for a lock whose holder waits for the registrar's, which the caller holds"},
};

const struct mill_scenario mill_scenario_callback_reentrant = {
    .name = "callback-reentrant",
    .summary = "callbacks subscribe, and take the lock under which clients subscribe",
    .family = &mill_publisher_family,
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .min_threads = 2,
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .setup = setup,
    .verify = verify,
    .interrupt = interrupt,
    .teardown = teardown,
};
