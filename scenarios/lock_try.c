/* Threads try a lock, and do something else whenever they are refused: an operation is done when its thread
 * has been inside, so that a lock gains nothing by refusing fast.
 *
 * What is claimed of a try (sync/lock.h): it is refused only where somebody held the lock meanwhile, which
 * histories are held against; of some locks also where it meets another try, or for a while. But one that is
 * refused while nobody else does anything is always a finding: of a single thread each, and of any number the
 * one that is made at the end, when the lock is free for good.
 */
#include <inttypes.h>

#include "core/pause.h"
#include "scenarios/list.h"
#include "scenarios/lock_rig.h"

enum { HOLD, THINK, INSTEAD };
enum { GRANTED, REFUSED, HELD };

static const struct mill_span spans[] = {
    [GRANTED] = {"granted", "a try that has the lock, from asking to having it"},
    [REFUSED] = {"refused", "a try that has not, from asking to being told"},
    [HELD] = {"hold", "from having it to giving it back"},
};

static const struct mill_parameter parameters[] = {
    [HOLD] = {.name = "hold",
              .summary = "work inside the lock",
              .type = MILL_DURATION,
              .maximum = MILL_NS_PER_MS},
    [THINK] = {.name = "think",
               .summary = "work outside, between two operations",
               .type = MILL_DURATION,
               .maximum = 10 * MILL_NS_PER_MS},
    [INSTEAD] = {.name = "instead",
                 .summary = "work that is done when a try was refused, before the next one",
                 .type = MILL_DURATION,
                 .maximum = 10 * MILL_NS_PER_MS,
                 .fallback = 200},
};

/* Of one thread. */
struct account {
    alignas(MILL_ISOLATION) uint64_t refused;
};

struct state {
    struct mill_lock_rig rig;
    uint64_t hold;
    uint64_t think;
    uint64_t instead;
    struct account accounts[];
};

/* One try, and when it was made, where it is timed. */
struct
try {
    bool granted;
    uint64_t asked;
    uint64_t told;
};

static int setup(struct mill_case *one)
{
    int status = mill_lock_rig_open(one, sizeof(struct state) + one->threads * sizeof(struct account));
    if (status == 0) {
        struct state *state = one->state;
        state->hold = (uint64_t)one->values[HOLD];
        state->think = (uint64_t)one->values[THINK];
        state->instead = (uint64_t)one->values[INSTEAD];
    }
    return status;
}

static struct try try_once(struct mill_worker *worker, struct mill_lock_rig *rig,
                           struct mill_lock_context *me)
{
    bool timed = mill_worker_is_timed(worker);
    struct try try = {.asked = timed ? mill_ticks_begin(worker->clock) : 0};
    mill_worker_called(worker, MILL_CALL_LOCK_TRY, 0, 0, 0);
    try.granted = mill_lock_try(rig->ops, rig->lock, me) == 0;
    mill_worker_returned(worker, try.granted);
    try.told = timed ? mill_ticks_end(worker->clock) : 0;
    return try;
}

static void do_something_else(struct mill_worker *worker, struct state *state, const struct try *try)
{
    state->accounts[worker->index].refused++;
    if (mill_worker_is_timed(worker)) {
        mill_worker_span(worker, REFUSED, try->asked, try->told);
    }
    mill_pause();
    mill_spend(worker->clock, state->instead);
}

static int operate(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct mill_lock_context me;
    struct try try;
    while (!(try = try_once(worker, &state->rig, &me)).granted) {
        do_something_else(worker, state, &try);
        if (mill_stopping(worker)) {
            return MILL_STOPPED;
        }
    }
    uint64_t entered = mill_lock_rig_enter(worker, &state->rig);
    mill_spend(worker->clock, state->hold);
    uint64_t left = mill_worker_is_timed(worker) ? mill_ticks_begin(worker->clock) : 0;
    mill_lock_rig_leave(worker, &state->rig, &me, entered);
    if (mill_worker_is_timed(worker)) {
        mill_worker_span(worker, GRANTED, try.asked, try.told);
        mill_worker_span(worker, HELD, try.told, left);
    }
    return MILL_DONE;
}

static void think(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    mill_spend(worker->clock, state->think);
}

/* Where a try may miss, a refusal needs no reason that a history could show. */
static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    *copy = *mill_lock_rig_model(one, copy);
    copy->loose_refusals = mill_lock_ops_of(one->strategy)->try_may_miss;
    return copy;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    struct mill_lock_context me;
    uint64_t refused = 0;
    mill_lock_rig_verify(one, check);
    for (unsigned i = 0; i < one->threads; i++) {
        refused += state->accounts[i].refused;
    }
    if (one->threads == 1 && refused > 0) {
        mill_check_found(check, MILL_WRONG_ANSWER,
                         "%" PRIu64 " times a try was refused, and there is no other thread", refused);
    }
    if (mill_lock_try(state->rig.ops, state->rig.lock, &me) == 0) {
        mill_lock_release(state->rig.ops, state->rig.lock, &me);
    } else {
        mill_check_found(check, MILL_WRONG_ANSWER, "all have left the lock, and a try is refused");
    }
    if (one->operations > 0) {
        mill_check_measured(check, "refused", "%",
                            100.0 * (double)refused / (double)(refused + one->operations));
    }
}

static const char *unsupported(const struct mill_case *one)
{
    return mill_lock_ops_of(one->strategy)->try_acquire ? mill_lock_rig_unsupported(one)
                                                        : "its algorithm cannot try";
}

static const struct mill_expectation expectations[] = {MILL_LOCK_RIG_EARLY_RELEASE};

static const struct mill_role roles[] = {
    {.name = "trier",
     .summary = "tries the lock, and does something else until it has it",
     .operation = operate,
     .between = think},
};

const struct mill_scenario mill_scenario_lock_try = {
    .name = "lock-try",
    .summary = "threads try one lock, and do something else when they are refused",
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
    .interrupt = mill_lock_rig_interrupt,
    .teardown = mill_lock_rig_close,
};
