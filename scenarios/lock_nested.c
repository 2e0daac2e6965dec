/* Two locks, one inside the other, always in the same order: what a lock costs that is taken while another
 * one is held, and whether those who wait for the outer one pay for the wait for the inner one.
 *
 * Some operations take the inner lock alone: else nobody ever waited for it, since who holds the outer one is
 * the only one to ask.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "scenarios/list.h"
#include "scenarios/lock_memory.h"
#include "scenarios/lock_rig.h"
#include "scenarios/pace.h"
#include "sync/lock.h"

enum { ALONE, HOLD, THINK, SHAPE, BURST };
enum { OUTER, INNER, BOTH };

static const struct mill_parameter parameters[] = {
    [ALONE] = {.name = "alone",
               .summary = "of a hundred operations: those that take the inner lock alone",
               .type = MILL_INTEGER,
               .maximum = 100,
               .fallback = 50},
    [HOLD] = MILL_PACE_HOLD,
    [THINK] = MILL_PACE_THINK,
    [SHAPE] = MILL_PACE_SHAPE,
    [BURST] = MILL_PACE_BURST,
};

static const struct mill_span spans[] = {
    [OUTER] = {"outer", "from asking for the outer lock to having it"},
    [INNER] = {"inner", "from asking for the inner lock to having it, with the outer one held or without"},
    [BOTH] = {"both", "from having the outer lock to giving it back, with the inner one taken meanwhile"},
};

struct account {
    alignas(MILL_ISOLATION) uint64_t nested; /* operations that took both */
};

struct level {
    alignas(MILL_ISOLATION) uint64_t count; /* protected by `lock` */
    unsigned holder;                        /* likewise */
    struct mill_lock *lock;
};

struct state {
    const struct mill_lock_ops *ops;
    struct mill_pace *paces; /* one a thread */
    uint64_t alone;
    struct level outer, inner;
    struct account accounts[]; /* one a thread */
};

static void dispose(struct state *state)
{
    mill_lock_destroy(state->ops, state->outer.lock);
    mill_lock_destroy(state->ops, state->inner.lock);
    free(state->paces);
    free(state);
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof(struct account));
    if (!state) {
        return -ENOMEM;
    }
    state->ops = mill_lock_ops_of(one->strategy);
    state->alone = (uint64_t)one->values[ALONE];
    int status = mill_paces_create(one, one->values[HOLD], one->values[THINK], one->values[SHAPE],
                                   one->values[BURST], &state->paces);
    if (status == 0) {
        status = mill_lock_create_for(state->ops, one->threads, &state->outer.lock);
    }
    if (status == 0) {
        status = mill_lock_create_for(state->ops, one->threads, &state->inner.lock);
    }
    if (status < 0) {
        dispose(state);
        return status;
    }
    one->state = state;
    return 0;
}

/* Takes the inner lock, works, and gives it back. */
static void work_inside(struct mill_worker *worker, struct state *state, bool timed)
{
    struct mill_lock_context me;
    uint64_t asked = timed ? mill_ticks_begin(worker->clock) : 0;
    mill_lock_acquire(state->ops, state->inner.lock, &me);
    uint64_t had = timed ? mill_ticks_end(worker->clock) : 0;
    state->inner.count++;
    mill_worker_holds(worker, &state->inner.holder);
    mill_pace_hold(worker, &state->paces[worker->index]);
    mill_lock_release(state->ops, state->inner.lock, &me);
    if (timed) {
        mill_worker_span(worker, INNER, asked, had);
    }
}

static void work_nested(struct mill_worker *worker, struct state *state, bool timed)
{
    struct mill_lock_context me;
    uint64_t asked = timed ? mill_ticks_begin(worker->clock) : 0;
    mill_lock_acquire(state->ops, state->outer.lock, &me);
    uint64_t had = timed ? mill_ticks_end(worker->clock) : 0;
    state->outer.count++;
    work_inside(worker, state, timed);
    uint64_t left = timed ? mill_ticks_begin(worker->clock) : 0;
    mill_lock_release(state->ops, state->outer.lock, &me);
    state->accounts[worker->index].nested++;
    if (timed) {
        mill_worker_span(worker, OUTER, asked, had);
        mill_worker_span(worker, BOTH, had, left);
    }
}

/* The first that a thread does is nested, unless nothing is: however few its operations are, there is
 * something to see. */
static bool takes_inner_alone(struct mill_worker *worker, const struct state *state)
{
    return mill_random_below(&worker->random, 100) < state->alone &&
           (state->accounts[worker->index].nested > 0 || state->alone == 100);
}

static int operate(struct mill_worker *worker)
{
    struct state *state = worker->state;
    bool timed = mill_worker_is_timed(worker);
    if (takes_inner_alone(worker, state)) {
        work_inside(worker, state, timed);
    } else {
        work_nested(worker, state, timed);
    }
    return MILL_DONE;
}

static void think(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    mill_pace_think(worker, &state->paces[worker->index]);
}

static void verify_level(const char *name, const struct level *level, uint64_t operations,
                         struct mill_check *check)
{
    if (level->count != operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " times in the %s lock, but its count shows %" PRIu64, operations, name,
                         level->count);
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    uint64_t nested = 0;
    for (unsigned i = 0; i < one->threads; i++) {
        nested += state->accounts[i].nested;
    }
    verify_level("inner", &state->inner, one->operations, check);
    verify_level("outer", &state->outer, nested, check);
    mill_lock_measure_memory(one, 2, check);
}

static void teardown(struct mill_case *one)
{
    dispose(one->state);
}

static const struct mill_expectation expectations[] = {
    {.strategy = "early-release",
     .findings = MILL_LOST_UPDATE | MILL_RACE,
     .min_threads = 2,
     .why = "both locks are let go before the work that they should protect"},
};

static const struct mill_role roles[] = {
    {.name = "holder",
     .summary = "takes the outer lock, then the inner one, or the inner one alone",
     .operation = operate,
     .between = think},
};

const struct mill_scenario mill_scenario_lock_nested = {
    .name = "lock-nested",
    .summary = "two locks, the inner one taken while the outer one is held",
    .family = &mill_lock_family,
    .plain = true,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .spans = spans,
    .span_count = sizeof spans / sizeof spans[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .unsupported = mill_lock_rig_unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
