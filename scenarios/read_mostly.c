/* A record that many read and few change, with a lock and without: what the configuration of a program, or
 * the latest answer of a device, is kept in. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "scenarios/list.h"
#include "scenarios/pace.h"
#include "sync/record.h"

enum { READS, WORDS, THINK, SHAPE, BURST };
enum { READ, UPDATE };

#define WORDS_MAX 64

static const struct mill_parameter parameters[] = {
    [READS] = {.name = "reads",
               .summary = "of a thousand operations",
               .type = MILL_INTEGER,
               .maximum = 1000,
               .fallback = 990},
    [WORDS] = {.name = "words",
               .summary = "of eight bytes that the record has",
               .type = MILL_INTEGER,
               .minimum = 1,
               .maximum = WORDS_MAX,
               .fallback = 8},
    [THINK] = MILL_PACE_THINK,
    [SHAPE] = MILL_PACE_SHAPE,
    [BURST] = MILL_PACE_BURST,
};

static const struct mill_span spans[] = {
    [READ] = {"read", "of a copy"},
    [UPDATE] = {"update", "until it can be seen"},
};

/* What one thread did, and saw. */
struct account {
    alignas(MILL_ISOLATION) uint64_t updates;
    uint64_t torn;
    uint64_t older; /* reads that showed less than a read before, or than an own update */
    uint64_t last;
};

struct state {
    const struct mill_record_ops *ops;
    struct mill_record *record;
    struct mill_pace *paces; /* one a thread, with think times alone: a record is not held */
    uint64_t reads;
    size_t words;
    struct account accounts[]; /* one a thread */
};

struct value {
    uint64_t words[WORDS_MAX]; /* as many as the record has, all equal: how many updates there were */
};

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof(struct account));
    if (!state) {
        return -ENOMEM;
    }
    state->ops = mill_record_ops_of(one->strategy);
    state->reads = (uint64_t)one->values[READS];
    state->words = (size_t)one->values[WORDS];
    int status =
        mill_paces_create(one, 0, one->values[THINK], one->values[SHAPE], one->values[BURST], &state->paces);
    if (status == 0) {
        status = mill_record_create(state->ops, state->words * sizeof(uint64_t), &state->record);
    }
    if (status < 0) {
        free(state->paces);
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

/* What no counter shows: a read that was not whole is told so in a history. */
#define TORN (-1)

static void read_once(struct mill_worker *worker, struct state *state, struct account *account)
{
    struct value value;
    mill_worker_called(worker, MILL_CALL_COUNTER_READ, 0, 0, 0);
    state->ops->read(state->record, &value);
    bool torn = false;
    for (size_t i = 1; i < state->words; i++) {
        torn = torn || value.words[i] != value.words[0];
    }
    mill_worker_returned(worker, torn ? TORN : (int64_t)value.words[0]);
    account->torn += torn;
    account->older += value.words[0] < account->last;
    account->last = value.words[0];
}

struct change {
    size_t words;
    uint64_t now;
};

static void count_up(void *value, void *argument)
{
    struct change *change = argument;
    uint64_t *words = value;
    for (size_t i = 0; i < change->words; i++) {
        words[i]++;
    }
    change->now = words[0];
}

/* One that fails stays pending in a history, and may have changed something there; the sample fails with it.
 */
static int update_once(struct mill_worker *worker, struct state *state, struct account *account)
{
    struct change change = {.words = state->words};
    mill_worker_called(worker, MILL_CALL_COUNTER_ADD_AND_FETCH, 0, 1, 0);
    int status = state->ops->update(state->record, count_up, &change);
    if (status == 0) {
        mill_worker_returned(worker, (int64_t)change.now);
        account->updates++;
        account->last = change.now;
    }
    return status;
}

/* The first that a thread does is no read, unless there are only those: however few its operations are, there
 * is something to see. */
static bool is_read(struct mill_worker *worker, const struct state *state)
{
    return state->reads == 1000 || (mill_random_below(&worker->random, 1000) < state->reads &&
                                    state->accounts[worker->index].updates > 0);
}

static int operate(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct account *account = &state->accounts[worker->index];
    bool reads = is_read(worker, state);
    bool timed = mill_worker_is_timed(worker);
    uint64_t began = timed ? mill_ticks_begin(worker->clock) : 0;
    int status = 0;
    if (reads) {
        read_once(worker, state, account);
    } else {
        status = update_once(worker, state, account);
    }
    if (timed) {
        mill_worker_span(worker, reads ? READ : UPDATE, began, mill_ticks_end(worker->clock));
    }
    return status < 0 ? status : MILL_DONE;
}

static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    (void)one;
    (void)copy;
    return &mill_model_counter;
}

static void think(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    mill_pace_think(worker, &state->paces[worker->index]);
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    uint64_t updates = 0, torn = 0, older = 0;
    struct value value;
    for (unsigned i = 0; i < one->threads; i++) {
        updates += state->accounts[i].updates;
        torn += state->accounts[i].torn;
        older += state->accounts[i].older;
    }
    state->ops->read(state->record, &value);
    if (torn > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " reads saw an update that was half done", torn);
    }
    if (older > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " reads showed less than what was seen before",
                         older);
    }
    for (size_t i = 0; i < state->words; i++) {
        if (value.words[i] != updates) {
            mill_check_found(check, MILL_LOST_UPDATE, "%" PRIu64 " updates, but word %zu shows %" PRIu64,
                             updates, i, value.words[i]);
        }
    }
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_record_destroy(state->ops, state->record);
    free(state->paces);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "user",
     .summary = "reads the record, or updates it now and then",
     .operation = operate,
     .between = think},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "unprotected",
     .findings = MILL_CORRUPTION | MILL_LOST_UPDATE | MILL_RACE | MILL_WRONG_ANSWER,
     .min_threads = 2,
     .why = "plain words that several threads read and write"},
};

const struct mill_scenario mill_scenario_read_mostly = {
    .name = "read-mostly",
    .summary = "a record that many read and few change, with a lock and without",
    .family = &mill_record_family,
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
