/* Threads cross a barrier that is broken now and then (row 13 of the patterns): one party's time is over
 * while another one is away, or while all are just coming, or one aborts instead of waiting. All parties must
 * be told the same of each attempt, and after a reset the barrier must work again.
 *
 * What is to happen in an attempt follows from its number and the case's seed, so that all parties know it
 * without a word. When an attempt was broken its breaker waits until all have been told, looks whether all
 * were told of this one, and resets the barrier; then they go on.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/backoff.h"
#include "scenarios/list.h"
#include "sync/barrier.h"

enum { EVERY, PATIENCE };

static const struct mill_parameter parameters[] = {
    [EVERY] = {.name = "every",
               .summary = "one in so many attempts is broken, or may be",
               .type = MILL_INTEGER,
               .minimum = 1,
               .maximum = 1000000,
               .fallback = 4},
    [PATIENCE] = {.name = "patience",
                  .summary = "how long a party waits that is to break the barrier",
                  .type = MILL_DURATION,
                  .minimum = 0,
                  .maximum = MILL_NS_PER_S,
                  .fallback = 10000},
};

enum kind {
    CROSS,   /* all wait for ever */
    TIMEOUT, /* the breaker waits for its patience, and one party comes only when that is over */
    RACE,    /* the breaker waits for its patience, and all come */
    ABORT,   /* the breaker aborts instead of waiting */
};

struct plan {
    enum kind kind;
    unsigned breaker;
};

#define KEPT 4u

struct party {
    alignas(MILL_ISOLATION) uint64_t attempts[KEPT]; /* written before it comes: the latest few */
    uint64_t attempt;
    uint64_t told_of; /* the latest attempt that it was told to be broken */
    uint64_t crossed, led;
    uint64_t breaks;   /* attempts that it was told to be broken, and all others too */
    uint64_t wrong;    /* results that the plan does not allow */
    uint64_t strayed;  /* others that were found in another attempt */
    uint64_t split;    /* of the breaker: parties that were told of another attempt */
    uint64_t told_ns;  /* of the breaker: from being late, or aborting, until all had been told */
    uint64_t measured; /* breaks in this sum */
};

struct state {
    struct mill_barrier *barrier;
    unsigned count;
    uint64_t seed;
    uint64_t every;
    int64_t patience_ns;
    alignas(MILL_ISOLATION) _Atomic uint64_t told;   /* parties that were told of breaks, in all */
    alignas(MILL_ISOLATION) _Atomic uint64_t mended; /* breaks after which the barrier was reset */
    struct party parties[];
};

static const char *unsupported(const struct mill_case *one)
{
    return mill_barrier_ops_of(one->strategy)->shape & MILL_BARRIER_BREAKS
               ? NULL
               : "the barrier knows no timeouts and cannot be broken";
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->parties[0]);
    if (!state) {
        return -ENOMEM;
    }
    state->count = one->threads;
    state->seed = one->seed;
    state->every = (uint64_t)one->values[EVERY];
    state->patience_ns = one->values[PATIENCE];
    int status = mill_barrier_create(mill_barrier_ops_of(one->strategy), one->threads, &state->barrier);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

static struct plan plan_of(const struct state *state, uint64_t attempt)
{
    uint64_t mixed = state->seed + attempt;
    uint64_t drawn = mill_random_split(&mixed);
    return (struct plan){
        .kind = drawn % state->every > 0 ? CROSS : TIMEOUT + (drawn >> 32) % 3,
        .breaker = (unsigned)((drawn >> 40) % state->count),
    };
}

/* Until *count is at least `wanted`. False when the run is over first. */
static bool await(const struct mill_worker *worker, _Atomic uint64_t *count, uint64_t wanted)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    /* acquire: pairs with the releases of `mend` and `be_told` */
    while (atomic_load_explicit(count, memory_order_acquire) < wanted) {
        if (mill_stopping(worker)) {
            return false;
        }
        mill_backoff_wait(&backoff);
    }
    return true;
}

/* False when the run is over first. */
static bool await_break(const struct mill_worker *worker, struct mill_barrier *barrier)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    while (!mill_barrier_is_broken(barrier)) {
        if (mill_stopping(worker)) {
            return false;
        }
        mill_backoff_wait(&backoff);
    }
    return true;
}

/* The party's own part in the attempt. As mill_barrier_wait. */
static int take_part(const struct mill_worker *worker, const struct plan *plan)
{
    struct state *state = worker->state;
    if (plan->kind != CROSS && plan->breaker == worker->index) {
        if (plan->kind == ABORT) {
            mill_barrier_abort(state->barrier);
            return -ECANCELED;
        }
        return mill_barrier_wait(state->barrier, worker->index, state->patience_ns);
    }
    bool away = plan->kind == TIMEOUT && (plan->breaker + 1) % state->count == worker->index;
    if (away && !await_break(worker, state->barrier)) {
        return -ECANCELED;
    }
    return mill_barrier_wait(state->barrier, worker->index, MILL_FOREVER);
}

static bool is_allowed(const struct plan *plan, unsigned index, int status)
{
    if (status >= 0) {
        return plan->kind == CROSS || plan->kind == RACE;
    }
    bool late = plan->breaker == index && (plan->kind == TIMEOUT || plan->kind == RACE);
    return plan->kind != CROSS && status == (late ? -ETIMEDOUT : -ECANCELED);
}

static void look_around(const struct state *state, struct party *me)
{
    for (unsigned i = 0; i < state->count; i++) {
        me->strayed += state->parties[i].attempts[me->attempt % KEPT] != me->attempt;
    }
}

/* The breaker's, once all have been told. Who aborts at the end of the run has done so after that began:
 * either this reset comes before it, or this thread sees that the run is over. */
static void mend(const struct mill_worker *worker, struct party *me)
{
    struct state *state = worker->state;
    for (unsigned i = 0; i < state->count; i++) {
        me->split += state->parties[i].told_of != me->attempt;
    }
    mill_barrier_reset(state->barrier);
    if (mill_stopping(worker)) {
        mill_barrier_abort(state->barrier);
    }
    /* release: pairs with the acquire in `await` */
    atomic_store_explicit(&state->mended, me->breaks + 1, memory_order_release);
}

/* The attempt was broken: all meet. False when the run is over. */
static bool be_told(const struct mill_worker *worker, struct party *me, bool breaker)
{
    struct state *state = worker->state;
    uint64_t from = mill_now_ns();
    me->told_of = me->attempt;
    /* acq_rel: the last one hands on what all wrote; pairs with the acquire in `await` */
    atomic_fetch_add_explicit(&state->told, 1, memory_order_acq_rel);
    if (breaker) {
        if (!await(worker, &state->told, (me->breaks + 1) * state->count)) {
            return false;
        }
        me->told_ns += mill_now_ns() - from;
        me->measured++;
        mend(worker, me);
    } else if (!await(worker, &state->mended, me->breaks + 1)) {
        return false;
    }
    me->breaks++;
    return true;
}

static int attempt(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct party *me = &state->parties[worker->index];
    me->attempt++;
    me->attempts[me->attempt % KEPT] = me->attempt;
    struct plan plan = plan_of(state, me->attempt);
    int status = take_part(worker, &plan);
    if (status < 0 && mill_stopping(worker)) {
        return MILL_STOPPED; /* it may be the end of the run that broke it */
    }
    me->wrong += !is_allowed(&plan, worker->index, status);
    if (status >= 0) {
        me->crossed++;
        me->led += status == MILL_BARRIER_LEADER;
        look_around(state, me);
        return MILL_DONE;
    }
    return be_told(worker, me, plan.breaker == worker->index) ? MILL_DONE : MILL_STOPPED;
}

static void interrupt(struct mill_case *one)
{
    struct state *state = one->state;
    mill_barrier_abort(state->barrier);
}

static void verify_counts(const struct state *state, const struct party *sum, uint64_t crossed,
                          struct mill_check *check)
{
    for (unsigned i = 0; i < state->count; i++) {
        if (state->parties[i].crossed != crossed) {
            mill_check_found(check, MILL_LOST_WAKEUP,
                             "party %u was let through %" PRIu64 " times, another one %" PRIu64 " times", i,
                             state->parties[i].crossed, crossed);
        }
    }
    if (sum->led != crossed) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " generations had %" PRIu64 " leaders", crossed,
                         sum->led);
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    struct party sum = {0};
    uint64_t crossed = 0;
    for (unsigned i = 0; i < state->count; i++) {
        const struct party *party = &state->parties[i];
        crossed = party->crossed > crossed ? party->crossed : crossed;
        sum.led += party->led;
        sum.wrong += party->wrong;
        sum.strayed += party->strayed;
        sum.split += party->split;
        sum.told_ns += party->told_ns;
        sum.measured += party->measured;
    }
    if (sum.strayed > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "a party that was let through found others in another attempt %" PRIu64 " times",
                         sum.strayed);
    }
    if (sum.wrong > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " times a party was told what could not be: let through while one was "
                         "away, broken by nobody, or not late when it was",
                         sum.wrong);
    }
    if (sum.split > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " times a party was not told of a break that others were told of",
                         sum.split);
    }
    verify_counts(state, &sum, crossed, check);
    if (sum.measured > 0) {
        mill_check_measured(check, "broken to all told", "ns", (double)sum.told_ns / (double)sum.measured);
    }
    mill_check_measured(check, "generations", "", (double)crossed);
    mill_check_measured(check, "breaks", "", (double)sum.measured);
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_barrier_destroy(state->barrier);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "party", .summary = "crosses, or breaks, or is told that it is broken", .operation = attempt},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "no-generation",
     .findings = MILL_CORRUPTION | MILL_RACE | MILL_LOST_WAKEUP,
     .min_threads = 2,
     .why = "a party that comes again before the others have left finds the count full and laps them"},
};

const struct mill_scenario mill_scenario_barrier_broken = {
    .name = "barrier-broken",
    .summary = "a barrier is broken now and then, by a timeout or an abort, and reset",
    .family = &mill_barrier_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .min_threads = 2,
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .interrupt = interrupt,
    .teardown = teardown,
};
