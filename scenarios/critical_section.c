/* Threads take one lock, work inside it, and think outside it: the question that every lock is chosen by. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/sanitizer.h"
#include "scenarios/list.h"
#include "scenarios/lock_memory.h"
#include "scenarios/pace.h"
#include "sync/lock_list.h"

enum { HOLD, THINK, LINES, SHAPE, BURST };
enum { ACQUIRE, HELD, HANDOVER };

static const struct mill_span spans[] = {
    [ACQUIRE] = {"acquire", "from asking for the lock to having it"},
    [HELD] = {"hold", "from having it to giving it back"},
    [HANDOVER] = {"handover",
                  "from one holder's giving it back to the next one's having it, who waited for it"},
};

static const struct mill_parameter parameters[] = {
    [HOLD] = MILL_PACE_HOLD,
    [THINK] = MILL_PACE_THINK,
    [LINES] = {.name = "lines",
               .summary = "cache lines of shared data written inside the lock",
               .type = MILL_INTEGER,
               .maximum = 64},
    [SHAPE] = MILL_PACE_SHAPE,
    [BURST] = MILL_PACE_BURST,
};

struct line {
    alignas(MILL_CACHE_LINE) uint64_t written;
};

struct state {
    const struct mill_lock_ops *ops;
    struct mill_lock *lock;
    struct mill_pace *paces; /* one a thread */
    uint64_t lines;
    /* protected by `lock`, and apart from the above, which is only read */
    alignas(MILL_ISOLATION) uint64_t count;
    unsigned holder;
    uint64_t given_back; /* when; 0: the last holder was not timed */
    struct line line[];
};

static int setup(struct mill_case *one)
{
    uint64_t lines = (uint64_t)one->values[LINES];
    struct state *state = mill_isolated_alloc(sizeof *state + lines * sizeof(struct line));
    if (!state) {
        return -ENOMEM;
    }
    state->ops = mill_lock_ops_of(one->strategy);
    state->lines = lines;
    int status = mill_paces_create(one, one->values[HOLD], one->values[THINK], one->values[SHAPE],
                                   one->values[BURST], &state->paces);
    if (status == 0) {
        status = mill_lock_create_for(state->ops, one->threads, &state->lock);
    }
    if (status < 0) {
        free(state->paces);
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

static void work(struct mill_worker *worker, struct state *state, const struct mill_pace *pace)
{
    state->count++;
    mill_worker_holds(worker, &state->holder);
    for (uint64_t i = 0; i < state->lines; i++) {
        state->line[i].written++;
    }
    mill_pace_hold(worker, pace);
}

static int enter(struct mill_worker *worker)
{
    struct state *state = worker->state;
    const struct mill_pace *pace = &state->paces[worker->index];
    struct mill_lock_context me;
    mill_worker_called(worker, MILL_CALL_LOCK_ACQUIRE, 0, 0, 0);
    mill_lock_acquire(state->ops, state->lock, &me);
    mill_worker_returned(worker, 0);
    work(worker, state, pace);
    state->given_back = 0;
    mill_worker_called(worker, MILL_CALL_LOCK_RELEASE, 0, 0, 0);
    mill_lock_release(state->ops, state->lock, &me);
    mill_worker_returned(worker, 0);
    return MILL_DONE;
}

/* The same with the clock read between. Who waited when the lock was given back was handed it over; who came
 * later found it free. */
static int enter_timed(struct mill_worker *worker)
{
    struct state *state = worker->state;
    const struct mill_pace *pace = &state->paces[worker->index];
    struct mill_lock_context me;
    uint64_t asked = mill_ticks_begin(worker->clock);
    mill_lock_acquire(state->ops, state->lock, &me);
    uint64_t had = mill_ticks_end(worker->clock);
    uint64_t given_back = state->given_back;
    work(worker, state, pace);
    uint64_t left = mill_ticks_begin(worker->clock);
    state->given_back = left;
    mill_lock_release(state->ops, state->lock, &me);
    mill_worker_span(worker, ACQUIRE, asked, had);
    mill_worker_span(worker, HELD, had, left);
    if (given_back > asked) {
        mill_worker_span(worker, HANDOVER, given_back, had);
    }
    return MILL_DONE;
}

static int operate(struct mill_worker *worker)
{
    return mill_worker_is_timed(worker) ? enter_timed(worker) : enter(worker);
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
    return &mill_model_lock;
}

/* Without the sanitizer, and by name under 'threadmill stress', it is looked for. */
static const char *unsupported(const struct mill_case *one)
{
    return MILL_UNDER_TSAN && one->strategy == &mill_lock_missing_wake.about && one->threads > 1
               ? "ThreadSanitizer adds nothing to a thread that sleeps for ever, but time"
               : NULL;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    if (state->count != one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " times in the lock, but its count shows %" PRIu64, one->operations,
                         state->count);
    }
    for (uint64_t i = 0; i < state->lines; i++) {
        if (state->line[i].written != one->operations) {
            mill_check_found(check, MILL_LOST_UPDATE,
                             "%" PRIu64 " times in the lock, but line %" PRIu64 " was written %" PRIu64
                             " times",
                             one->operations, i, state->line[i].written);
        }
    }
    mill_lock_measure_memory(one, 1, check);
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_lock_destroy(state->ops, state->lock);
    free(state->paces);
    free(state);
}

static const struct mill_expectation expectations[] = {
    {.strategy = "early-release",
     .findings = MILL_LOST_UPDATE | MILL_RACE | MILL_WRONG_ANSWER,
     .min_threads = 2,
     .why = "the lock is let go before the work that it should protect"},
    /* A race and nothing else: no sum shows it on x86-64. Tools that see orders have to. */
    {.strategy = "missing-fence",
     .findings = MILL_RACE,
     .min_threads = 2,
     .why = "it keeps others out, but what one holder wrote is not ordered before what the next one reads"},
    {.strategy = "missing-wake",
     .findings = MILL_LOST_WAKEUP,
     .min_threads = 2,
     .why = "who waits for it sleeps on when it is released"},
};

static const struct mill_role roles[] = {
    {.name = "holder",
     .summary = "takes the lock and works inside it",
     .operation = operate,
     .between = think},
};

const struct mill_scenario mill_scenario_critical_section = {
    .name = "critical-section",
    .summary = "all threads take one lock, hold it, and think between",
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
    .unsupported = unsupported,
    .model = model,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
