/* One thread sets an event that up to a hundred others wait for, over and over (row 12 of the patterns):
 * every waiter must wake once for every set, and the latency is that from the set to the moment at which the
 * last of them is awake.
 *
 * Two events take turns, so that a waiter that was let through by one cannot run through it again before it
 * is cleared. A round is set when all waiters have said that they are about to wait: the last ones are then
 * still on their way into the wait, where a set is missed if it can be. A waiter that missed it sleeps until
 * the end of the run, when the events are abandoned; that it then is told so, though its round was set
 * before, is how it is known.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "scenarios/muster.h"
#include "sync/event.h"
#include "task/thread.h"

enum { WAITERS };

static const struct mill_parameter parameters[] = {
    [WAITERS] = {.name = "waiters",
                 .summary = "threads that wait: those of the engine but one, and more beside them",
                 .type = MILL_INTEGER,
                 .minimum = 1,
                 .maximum = 1000,
                 .fallback = 100},
};

struct waiter {
    alignas(MILL_ISOLATION) uint64_t released; /* rounds that let it through */
    uint64_t awake_at;                         /* when the latest one did, by mill_now_ns */
    uint64_t astray;                           /* times that it was let through to another round */
    struct state *state;
    struct mill_thread *thread; /* NULL: one of the engine's */
};

struct state {
    const struct mill_case *one;
    struct mill_event *events[2]; /* those of even and of odd rounds */
    unsigned count;
    struct waiter *waiters;
    struct mill_muster ready;
    struct mill_muster awake;
    /* written by the setter before it sets, read by those that are let through: the event orders it */
    alignas(MILL_ISOLATION) uint64_t round;
    uint64_t set_at;
    uint64_t first_sum, last_sum; /* of the times from the set until the first and the last were awake */
    uint64_t measured;            /* rounds in these sums */
    pthread_mutex_t setting;      /* protects what follows: no round is set once the storm is over */
    uint64_t sets;
    bool over;
};

/* ---- waiters ---- */

/* Those of the engine's threads are recorded: leaving out the others' waits changes nothing for these. */
static int await_event(struct waiter *waiter, struct mill_worker *worker)
{
    unsigned which = (waiter->released + 1) % 2;
    if (!worker) {
        return mill_event_wait(waiter->state->events[which], MILL_FOREVER);
    }
    mill_worker_called(worker, MILL_CALL_EVENT_WAIT, which, 0, 0);
    int status = mill_event_wait(waiter->state->events[which], MILL_FOREVER);
    mill_worker_returned(worker, status);
    return status;
}

/* One round of a waiter; `worker` is NULL in a thread that is not the engine's. MILL_DONE, MILL_STOPPED or a
 * negative errno. */
static int await_round(struct waiter *waiter, struct mill_worker *worker)
{
    struct state *state = waiter->state;
    mill_muster_arrive(&state->ready);
    int status = await_event(waiter, worker);
    if (status < 0) {
        return status == -ECANCELED ? MILL_STOPPED : status;
    }
    waiter->awake_at = mill_now_ns();
    waiter->released++;
    waiter->astray += state->round != waiter->released;
    mill_muster_arrive(&state->awake);
    return MILL_DONE;
}

static void wait_on(void *argument)
{
    while (await_round(argument, NULL) == MILL_DONE) {
    }
}

static int wait_once(struct mill_worker *worker)
{
    struct state *state = worker->state;
    mill_worker_latency_since(worker, MILL_NO_LATENCY);
    return await_round(&state->waiters[worker->index_in_role], worker);
}

/* ---- the setter ---- */

/* False when the storm is over. */
static bool set_round(struct mill_worker *worker)
{
    struct state *state = worker->state;
    pthread_mutex_lock(&state->setting);
    bool over = state->over;
    if (!over) {
        state->sets++;
        mill_worker_called(worker, MILL_CALL_EVENT_SET, state->sets % 2, 0, 0);
        mill_event_set(state->events[state->sets % 2]);
        mill_worker_returned(worker, 0);
    }
    pthread_mutex_unlock(&state->setting);
    return !over;
}

static int release_all(struct mill_worker *worker)
{
    struct state *state = worker->state;
    if (!mill_muster_await(&state->ready)) {
        return MILL_STOPPED;
    }
    state->round++;
    mill_worker_called(worker, MILL_CALL_EVENT_CLEAR, (state->round + 1) % 2, 0, 0);
    mill_event_clear(state->events[(state->round + 1) % 2]);
    mill_worker_returned(worker, 0);
    mill_muster_arm(&state->ready, state->count);
    mill_muster_arm(&state->awake, state->count);
    mill_worker_latency_since(worker, mill_ticks_begin(worker->clock));
    state->set_at = mill_now_ns();
    return set_round(worker) && mill_muster_await(&state->awake) ? MILL_DONE : MILL_STOPPED;
}

/* All are awake, and wait for a set that only this thread makes. */
static void measure_round(struct mill_worker *worker)
{
    struct state *state = worker->state;
    uint64_t first = UINT64_MAX, last = 0;
    for (unsigned i = 0; i < state->count; i++) {
        uint64_t awake_at = state->waiters[i].awake_at;
        first = awake_at < first ? awake_at : first;
        last = awake_at > last ? awake_at : last;
    }
    state->first_sum += first - state->set_at;
    state->last_sum += last - state->set_at;
    state->measured++;
}

static void end_storm(struct state *state)
{
    pthread_mutex_lock(&state->setting);
    state->over = true;
    for (unsigned which = 0; which < 2; which++) {
        size_t call = mill_case_called(state->one, MILL_CALL_EVENT_ABANDON, which, 0, 0);
        mill_event_abandon(state->events[which]);
        mill_case_returned(state->one, call, 0);
    }
    pthread_mutex_unlock(&state->setting);
    mill_muster_call_off(&state->ready);
    mill_muster_call_off(&state->awake);
}

static void finish_setting(struct mill_worker *worker)
{
    end_storm(worker->state);
}

static void interrupt(struct mill_case *one)
{
    end_storm(one->state);
}

/* ---- the whole ---- */

static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    (void)one;
    (void)copy;
    return &mill_model_event;
}

static const char *unsupported(const struct mill_case *one)
{
    return one->values[WAITERS] + 1 < (int64_t)one->threads
               ? "needs as many waiters as the engine has threads beside the setter"
               : NULL;
}

static void join_waiters(struct state *state)
{
    end_storm(state);
    for (unsigned i = 0; i < state->count; i++) {
        if (state->waiters[i].thread) {
            mill_thread_join(&state->waiters[i].thread, MILL_FOREVER);
        }
    }
}

static void dispose(struct state *state)
{
    mill_event_destroy(state->events[0]);
    mill_event_destroy(state->events[1]);
    pthread_mutex_destroy(&state->setting);
    free(state->waiters);
    free(state);
}

static int make(struct state *state, const struct mill_event_ops *ops)
{
    state->waiters = mill_isolated_alloc(state->count * sizeof state->waiters[0]);
    if (!state->waiters) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < state->count; i++) {
        state->waiters[i].state = state;
    }
    int status = mill_event_create(ops, &state->events[0]);
    return status < 0 ? status : mill_event_create(ops, &state->events[1]);
}

/* The engine's threads come first, then those that are started here. */
static int start_waiters(struct state *state, unsigned engine_threads)
{
    for (unsigned i = engine_threads - 1; i < state->count; i++) {
        int status = mill_thread_start(&state->waiters[i].thread, "waiter", wait_on, &state->waiters[i]);
        if (status < 0) {
            join_waiters(state);
            return status;
        }
    }
    return 0;
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state);
    if (!state) {
        return -ENOMEM;
    }
    pthread_mutex_init(&state->setting, NULL);
    state->one = one;
    state->count = (unsigned)one->values[WAITERS];
    mill_muster_arm(&state->ready, state->count);
    int status = make(state, mill_event_ops_of(one->strategy));
    if (status == 0) {
        status = start_waiters(state, one->threads);
    }
    if (status < 0) {
        dispose(state);
        return status;
    }
    one->state = state;
    return 0;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    unsigned asleep = 0;
    uint64_t astray = 0, twice = 0;
    join_waiters(state);
    for (unsigned i = 0; i < state->count; i++) {
        const struct waiter *waiter = &state->waiters[i];
        asleep += waiter->released < state->sets;
        twice += waiter->released > state->sets;
        astray += waiter->astray;
    }
    if (asleep > 0) {
        mill_check_found(check, MILL_LOST_WAKEUP,
                         "%u of %u waiters slept on although the event of round %" PRIu64 " was set", asleep,
                         state->count, state->sets);
    }
    if (astray + twice > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " times a waiter was let through before its round was set",
                         astray > twice ? astray : twice);
    }
    if (state->measured > 0) {
        mill_check_measured(check, "set to first awake", "ns",
                            (double)state->first_sum / (double)state->measured);
        mill_check_measured(check, "set to last awake", "ns",
                            (double)state->last_sum / (double)state->measured);
    }
    mill_check_measured(check, "rounds", "", (double)state->sets);
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    join_waiters(state); /* verify has done so, unless the run failed */
    dispose(state);
}

static const struct mill_role roles[] = {
    {.name = "setter",
     .summary = "sets the event when all wait, until all are awake; the latency is that",
     .operation = release_all,
     .between = measure_round,
     .finish = finish_setting,
     .threads = 1},
    {.name = "waiter", .summary = "waits for the event", .operation = wait_once},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "check-then-wait",
     .findings = MILL_LOST_WAKEUP | MILL_WRONG_ANSWER,
     .min_threads = 2,
     .why = "the event is set between a waiter's check and its wait, and nobody wakes the waiter any more"},
};

const struct mill_scenario mill_scenario_event_storm = {
    .name = "event-storm",
    .summary = "a hundred waiters are released by one set, over and over",
    .family = &mill_event_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .min_threads = 2,
    .waits = "the setter waits for all waiters to be awake",
    .unsupported = unsupported,
    .model = model,
    .setup = setup,
    .verify = verify,
    .interrupt = interrupt,
    .teardown = teardown,
};
