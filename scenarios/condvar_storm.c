/* Many threads wait on one condition variable, and one wakes them, one by one or all at once, over and over:
 * how long is a waiter asleep after it was woken, and is one never woken at all?
 *
 * Two gates, a condition each, take turns, so that a wake is never spent on a waiter that has been through
 * already. A round begins when all waiters have said that they are about to wait: the last ones are then
 * still on their way, where a wake is missed if it can be. Every waiter takes one pass.
 *
 * A round in which nobody has woken for a while is given up only when all that are missing sleep in the
 * kernel: what is late is not lost. Under a hunt nobody is late, and it is never given up: the hunt sees that
 * nobody can go on.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/cacheline.h"
#include "core/sanitizer.h"
#include "core/timeout.h"
#include "scenarios/asleep.h"
#include "scenarios/list.h"
#include "scenarios/muster.h"
#include "sync/condvar.h"
#include "task/thread.h"

enum { WAITERS, WAKE, INSIDE };
enum { WAKE_ALL, WAKE_ONE };
enum { AWAKE };

#define PATIENCE_NS MILL_NS_PER_S
#define LOOKS       5u                    /* at those that sleep, */
#define LOOK_NS     (10 * MILL_NS_PER_MS) /* so far apart */

static const char *const wakes[] = {[WAKE_ALL] = "all", [WAKE_ONE] = "one", NULL};

static const struct mill_parameter parameters[] = {
    [WAITERS] = {.name = "waiters",
                 .summary = "threads that wait: those of the engine but one, and more beside them",
                 .type = MILL_INTEGER,
                 .minimum = 1,
                 .maximum = 1000,
                 .fallback = 16},
    [WAKE] = {.name = "wake",
              .summary = "all by one broadcast, or one by one, a signal each",
              .type = MILL_CHOICE,
              .choices = wakes},
    [INSIDE] = {.name = "inside",
                .summary = "who wakes is still inside the mutex, and not out of it",
                .type = MILL_SWITCH},
};

static const struct mill_span spans[] = {
    [AWAKE] = {"awake", "from the wake to a waiter's being awake and inside; of every waiter"},
};

/* All but the condition is inside its mutex. */
struct gate {
    alignas(MILL_ISOLATION) struct mill_condvar *condvar;
    uint64_t round;
    unsigned passes; /* given in this round, */
    unsigned taken;  /* and taken */
    bool timed;
    uint64_t *woken_at; /* by pass, in ticks, where the round is timed */
};

struct waiter {
    alignas(MILL_ISOLATION) _Atomic uint64_t released; /* rounds that let it through; its own to write */
    _Atomic pid_t id;
    uint64_t astray; /* times that it was let through to another round */
    uint64_t woken_at, awake_at;
    struct state *state;
    struct mill_thread *thread; /* NULL: one of the engine's */
};

struct state {
    const struct mill_clock *clock;
    struct gate gates[2]; /* those of even and of odd rounds */
    unsigned count;
    bool one_by_one;
    bool inside;
    struct waiter *waiters;
    struct mill_muster ready;
    struct mill_muster awake;
    alignas(MILL_ISOLATION) uint64_t rounds; /* begun; the waker's */
    pthread_mutex_t ending;                  /* protects what follows */
    bool in_round;                           /* then who wakes is who abandons */
    bool over;
};

/* ---- waiters ---- */

static struct gate *gate_of(struct state *state, uint64_t round)
{
    return &state->gates[round % 2];
}

/* Inside. */
static void take_pass(struct waiter *waiter, struct gate *gate, uint64_t round)
{
    unsigned pass = gate->taken++;
    waiter->astray += gate->round != round;
    if (gate->timed) {
        waiter->woken_at = gate->woken_at[pass];
        waiter->awake_at = mill_ticks_end(waiter->state->clock);
    }
    /* relaxed: read by who waits for it to change, or behind the muster */
    atomic_store_explicit(&waiter->released, round, memory_order_relaxed);
}

static int await_round(struct waiter *waiter)
{
    struct state *state = waiter->state;
    uint64_t round = atomic_load_explicit(&waiter->released, memory_order_relaxed) + 1;
    struct gate *gate = gate_of(state, round);
    int status = 0;
    mill_muster_arrive(&state->ready);
    mill_condvar_enter(gate->condvar);
    while (gate->taken == gate->passes && status == 0) {
        status = mill_condvar_wait(gate->condvar);
    }
    if (status == 0) {
        take_pass(waiter, gate, round);
    }
    mill_condvar_leave(gate->condvar);
    if (status < 0) {
        return status == -ECANCELED ? MILL_STOPPED : status;
    }
    mill_muster_arrive(&state->awake);
    return MILL_DONE;
}

/* relaxed: a name */
static void introduce(struct waiter *waiter)
{
    if (atomic_load_explicit(&waiter->id, memory_order_relaxed) == 0) {
        atomic_store_explicit(&waiter->id, gettid(), memory_order_relaxed);
    }
}

static void wait_on(void *argument)
{
    introduce(argument);
    while (await_round(argument) == MILL_DONE) {
    }
}

static int wait_once(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct waiter *waiter = &state->waiters[worker->index_in_role];
    mill_worker_latency_since(worker, MILL_NO_LATENCY);
    introduce(waiter);
    return await_round(waiter);
}

/* ---- the end ---- */

static void abandon(struct state *state)
{
    mill_condvar_abandon(state->gates[0].condvar);
    mill_condvar_abandon(state->gates[1].condvar);
}

/* Between two rounds nobody is owed a wake, so that who sleeps may be told to leave. In a round that is left
 * to who wakes. */
static void end_storm(struct state *state)
{
    pthread_mutex_lock(&state->ending);
    state->over = true;
    if (!state->in_round) {
        abandon(state);
    }
    pthread_mutex_unlock(&state->ending);
    mill_muster_call_off(&state->ready);
}

/* False when the storm is over. */
static bool begin_round(struct state *state)
{
    pthread_mutex_lock(&state->ending);
    bool begins = !state->over;
    state->in_round = begins;
    pthread_mutex_unlock(&state->ending);
    return begins;
}

static void end_round(struct state *state, bool complete)
{
    pthread_mutex_lock(&state->ending);
    state->in_round = false;
    state->over = state->over || !complete;
    if (state->over) {
        abandon(state);
    }
    pthread_mutex_unlock(&state->ending);
}

/* ---- who wakes ---- */

/* Gives passes and wakes those that they are for. */
static void give(struct state *state, struct gate *gate, unsigned passes)
{
    mill_condvar_enter(gate->condvar);
    uint64_t now = gate->timed ? mill_ticks_begin(state->clock) : 0;
    for (unsigned i = 0; i < passes; i++) {
        gate->woken_at[gate->passes++] = now;
    }
    void (*const wake)(struct mill_condvar *) =
        state->one_by_one ? mill_condvar_wake_one : mill_condvar_wake_all;
    if (state->inside) {
        wake(gate->condvar);
    }
    mill_condvar_leave(gate->condvar);
    if (!state->inside) {
        wake(gate->condvar);
    }
}

static void open_gate(struct state *state, struct gate *gate, bool timed)
{
    mill_condvar_enter(gate->condvar);
    gate->round = state->rounds;
    gate->passes = gate->taken = 0;
    gate->timed = timed;
    mill_condvar_leave(gate->condvar);
    if (!state->one_by_one) {
        give(state, gate, state->count);
        return;
    }
    for (unsigned i = 0; i < state->count; i++) {
        give(state, gate, 1);
    }
}

static bool sleep_on(struct state *state)
{
    for (unsigned i = 0; i < state->count; i++) {
        struct waiter *waiter = &state->waiters[i];
        if (atomic_load_explicit(&waiter->released, memory_order_relaxed) < state->rounds &&
            !mill_is_asleep(atomic_load_explicit(&waiter->id, memory_order_relaxed))) {
            return false;
        }
    }
    return true;
}

/* Do all that are missing sleep, and go on sleeping? */
static bool are_lost(struct state *state, unsigned missing)
{
    for (unsigned look = 0; look < LOOKS; look++) {
        if (!sleep_on(state) || mill_muster_missing(&state->awake) != missing) {
            return false;
        }
        mill_sleep_until(mill_now_ns() + LOOK_NS);
    }
    return mill_muster_missing(&state->awake) == missing;
}

/* False when some never will be. */
static bool await_all_awake(struct state *state)
{
    for (;;) {
        unsigned missing = mill_muster_missing(&state->awake);
        uint64_t deadline = MILL_UNDER_HUNT ? MILL_NO_DEADLINE : mill_now_ns() + PATIENCE_NS;
        if (mill_muster_await_until(&state->awake, deadline) == 0) {
            return true;
        }
        if (mill_muster_missing(&state->awake) == missing && are_lost(state, missing)) {
            return false;
        }
    }
}

static void record_round(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    for (unsigned i = 0; i < state->count; i++) {
        mill_worker_span(worker, AWAKE, state->waiters[i].woken_at, state->waiters[i].awake_at);
    }
}

static int wake_round(struct mill_worker *worker)
{
    struct state *state = worker->state;
    bool timed = mill_worker_is_timed(worker);
    if (!mill_muster_await(&state->ready) || !begin_round(state)) {
        return MILL_STOPPED;
    }
    state->rounds++;
    mill_muster_arm(&state->ready, state->count);
    mill_muster_arm(&state->awake, state->count);
    mill_worker_latency_since(worker, mill_ticks_begin(worker->clock));
    open_gate(state, gate_of(state, state->rounds), timed);
    bool complete = await_all_awake(state);
    end_round(state, complete);
    if (complete && timed) {
        record_round(worker);
    }
    return complete ? MILL_DONE : MILL_STOPPED;
}

static void finish_waking(struct mill_worker *worker)
{
    end_storm(worker->state);
}

static void interrupt(struct mill_case *one)
{
    end_storm(one->state);
}

/* ---- the whole ---- */

static const char *unsupported(const struct mill_case *one)
{
    return one->values[WAITERS] + 1 < (int64_t)one->threads
               ? "needs as many waiters as the engine has threads beside who wakes"
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
    for (unsigned i = 0; i < 2; i++) {
        mill_condvar_destroy(state->gates[i].condvar);
        free(state->gates[i].woken_at);
    }
    pthread_mutex_destroy(&state->ending);
    free(state->waiters);
    free(state);
}

static int make(struct state *state, const struct mill_condvar_ops *ops)
{
    state->waiters = mill_isolated_alloc(state->count * sizeof state->waiters[0]);
    int status = state->waiters ? 0 : -ENOMEM;
    for (unsigned i = 0; status == 0 && i < state->count; i++) {
        state->waiters[i].state = state;
    }
    for (unsigned i = 0; status == 0 && i < 2; i++) {
        state->gates[i].woken_at = mill_isolated_alloc(state->count * sizeof(uint64_t));
        status = state->gates[i].woken_at ? mill_condvar_create(ops, &state->gates[i].condvar) : -ENOMEM;
    }
    return status;
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
    pthread_mutex_init(&state->ending, NULL);
    state->clock = one->clock;
    state->count = (unsigned)one->values[WAITERS];
    state->one_by_one = one->values[WAKE] == WAKE_ONE;
    state->inside = one->values[INSIDE];
    mill_muster_arm(&state->ready, state->count);
    int status = make(state, mill_condvar_ops_of(one->strategy));
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
    uint64_t astray = 0;
    join_waiters(state);
    for (unsigned i = 0; i < state->count; i++) {
        asleep += atomic_load_explicit(&state->waiters[i].released, memory_order_relaxed) < state->rounds;
        astray += state->waiters[i].astray;
    }
    if (asleep > 0) {
        mill_check_found(check, MILL_LOST_WAKEUP,
                         "%u of %u waiters slept on although they were woken in round %" PRIu64, asleep,
                         state->count, state->rounds);
    }
    if (astray > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " times a waiter was let through before its round", astray);
    }
    mill_check_measured(check, "wake-ups", "", (double)state->rounds * state->count);
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    join_waiters(state); /* verify has done so, unless the run failed */
    dispose(state);
}

static const struct mill_role roles[] = {
    {.name = "waker",
     .summary = "wakes when all wait, until all are awake; the latency is that",
     .operation = wake_round,
     .finish = finish_waking,
     .threads = 1},
    {.name = "waiter", .summary = "waits to be woken", .operation = wait_once},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "missing-wake",
     .findings = MILL_LOST_WAKEUP | MILL_DEADLOCK,
     .min_threads = 2,
     .why = "a wake falls between a waiter's leaving the mutex and its falling asleep, and it sleeps on"},
};

const struct mill_scenario mill_scenario_condvar_storm = {
    .name = "condvar-storm",
    .summary = "many wait on a condition variable, and are woken one by one or all at once",
    .family = &mill_condvar_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .spans = spans,
    .span_count = sizeof spans / sizeof spans[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .min_threads = 2,
    .waits = "who wakes waits for all waiters to be awake",
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .interrupt = interrupt,
    .teardown = teardown,
};
