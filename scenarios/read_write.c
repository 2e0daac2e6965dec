/* Threads read and write some shared words under one read-write lock, so and so many reads in a hundred. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "scenarios/list.h"
#include "scenarios/pace.h"
#include "sync/rwlock.h"

enum { READS, HOLD, THINK, SHAPE, BURST };
enum { TO_READ, TO_WRITE };

static const struct mill_parameter parameters[] = {
    [READS] = {.name = "reads",
               .summary = "of a hundred operations",
               .type = MILL_INTEGER,
               .maximum = 100,
               .fallback = 90},
    [HOLD] = MILL_PACE_HOLD,
    [THINK] = MILL_PACE_THINK,
    [SHAPE] = MILL_PACE_SHAPE,
    [BURST] = MILL_PACE_BURST,
};

static const struct mill_span spans[] = {
    [TO_READ] = {"to read", "from asking for the lock to reading"},
    [TO_WRITE] = {"to write", "from asking for the lock to writing"},
};

#define WORDS 4u

/* What one thread did, and saw. */
struct account {
    alignas(MILL_ISOLATION) uint64_t writes;
    uint64_t torn;
};

struct state {
    const struct mill_rwlock_ops *ops;
    struct mill_rwlock *lock;
    uint64_t reads;
    struct mill_pace *paces;                       /* one a thread */
    alignas(MILL_ISOLATION) uint64_t words[WORDS]; /* all equal; protected by `lock` */
    struct account accounts[];                     /* one a thread */
};

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof(struct account));
    if (!state) {
        return -ENOMEM;
    }
    state->ops = mill_rwlock_ops_of(one->strategy);
    state->reads = (uint64_t)one->values[READS];
    int status = mill_paces_create(one, one->values[HOLD], one->values[THINK], one->values[SHAPE],
                                   one->values[BURST], &state->paces);
    if (status == 0) {
        status = mill_rwlock_create(state->ops, &state->lock);
    }
    if (status < 0) {
        free(state->paces);
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

static void read_words(struct mill_worker *worker, struct state *state)
{
    uint64_t first = state->words[0];
    mill_pace_hold(worker, &state->paces[worker->index]);
    bool torn = false;
    for (unsigned i = 1; i < WORDS; i++) {
        torn = torn || state->words[i] != first;
    }
    state->accounts[worker->index].torn += torn;
}

static void write_words(struct mill_worker *worker, struct state *state)
{
    state->words[0]++;
    mill_pace_hold(worker, &state->paces[worker->index]);
    for (unsigned i = 1; i < WORDS; i++) {
        state->words[i]++;
    }
    state->accounts[worker->index].writes++;
}

/* The first that a thread does is no read, unless there are only those: however few its operations are, there
 * is something to see. */
static bool is_read(struct mill_worker *worker, const struct state *state)
{
    return state->reads == 100 || (mill_random_below(&worker->random, 100) < state->reads &&
                                   state->accounts[worker->index].writes > 0);
}

static void read_once(struct mill_worker *worker, struct state *state)
{
    struct mill_rwlock_context me;
    mill_worker_called(worker, MILL_CALL_RWLOCK_READ_ACQUIRE, 0, 0, 0);
    mill_rwlock_read_acquire(state->ops, state->lock, &me);
    mill_worker_returned(worker, 0);
    read_words(worker, state);
    mill_worker_called(worker, MILL_CALL_RWLOCK_READ_RELEASE, 0, 0, 0);
    mill_rwlock_read_release(state->ops, state->lock, &me);
    mill_worker_returned(worker, 0);
}

static void write_once(struct mill_worker *worker, struct state *state)
{
    struct mill_rwlock_context me;
    mill_worker_called(worker, MILL_CALL_RWLOCK_WRITE_ACQUIRE, 0, 0, 0);
    mill_rwlock_write_acquire(state->ops, state->lock, &me);
    mill_worker_returned(worker, 0);
    write_words(worker, state);
    mill_worker_called(worker, MILL_CALL_RWLOCK_WRITE_RELEASE, 0, 0, 0);
    mill_rwlock_write_release(state->ops, state->lock, &me);
    mill_worker_returned(worker, 0);
}

/* The same with the clock read between. */
static void read_timed(struct mill_worker *worker, struct state *state)
{
    struct mill_rwlock_context me;
    uint64_t asked = mill_ticks_begin(worker->clock);
    mill_rwlock_read_acquire(state->ops, state->lock, &me);
    uint64_t had = mill_ticks_end(worker->clock);
    read_words(worker, state);
    mill_rwlock_read_release(state->ops, state->lock, &me);
    mill_worker_span(worker, TO_READ, asked, had);
}

static void write_timed(struct mill_worker *worker, struct state *state)
{
    struct mill_rwlock_context me;
    uint64_t asked = mill_ticks_begin(worker->clock);
    mill_rwlock_write_acquire(state->ops, state->lock, &me);
    uint64_t had = mill_ticks_end(worker->clock);
    write_words(worker, state);
    mill_rwlock_write_release(state->ops, state->lock, &me);
    mill_worker_span(worker, TO_WRITE, asked, had);
}

static int operate(struct mill_worker *worker)
{
    struct state *state = worker->state;
    bool timed = mill_worker_is_timed(worker);
    if (is_read(worker, state)) {
        (timed ? read_timed : read_once)(worker, state);
    } else {
        (timed ? write_timed : write_once)(worker, state);
    }
    return MILL_DONE;
}

static void think(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    mill_pace_think(worker, &state->paces[worker->index]);
}

static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    (void)one;
    (void)copy;
    return &mill_model_rwlock;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    uint64_t writes = 0, torn = 0;
    for (unsigned i = 0; i < one->threads; i++) {
        writes += state->accounts[i].writes;
        torn += state->accounts[i].torn;
    }
    if (torn > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " reads saw a write that was half done", torn);
    }
    for (unsigned i = 0; i < WORDS; i++) {
        if (state->words[i] != writes) {
            mill_check_found(check, MILL_LOST_UPDATE, "%" PRIu64 " writes, but word %u shows %" PRIu64,
                             writes, i, state->words[i]);
        }
    }
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_rwlock_destroy(state->ops, state->lock);
    free(state->paces);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "user", .summary = "reads or writes the shared words", .operation = operate, .between = think},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "barging",
     .findings = MILL_CORRUPTION | MILL_RACE | MILL_WRONG_ANSWER,
     .min_threads = 2,
     .why = "its writer writes while others read"},
};

const struct mill_scenario mill_scenario_read_write = {
    .name = "read-write",
    .summary = "threads read and write shared words under one read-write lock",
    .family = &mill_rwlock_family,
    .plain = true,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .spans = spans,
    .span_count = sizeof spans / sizeof spans[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .model = model,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
