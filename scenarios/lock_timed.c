/* Threads wait for a lock no longer than they have patience, and do something else when they have given up,
 * before they ask again: how many give up, and how long after their patience was over are they told?
 *
 * An operation is done when its thread has been inside, so that a lock gains nothing by sending threads away.
 * What is claimed (sync/lock.h): nobody is sent away before the deadline, and who was sent away does not hold
 * the lock, then or later.
 */
#include <inttypes.h>

#include "core/pause.h"
#include "scenarios/list.h"
#include "scenarios/lock_rig.h"

enum { PATIENCE, HOLD, THINK, INSTEAD };
enum { ACQUIRE, LATE, HELD };

static const struct mill_span spans[] = {
    [ACQUIRE] = {"acquire", "who has the lock: from asking to having it"},
    [LATE] = {"late", "who gives up: from the deadline to being told"},
    [HELD] = {"hold", "from having it to giving it back"},
};

static const struct mill_parameter parameters[] = {
    [PATIENCE] = {.name = "patience",
                  .summary = "how long a thread waits for the lock before it gives up",
                  .type = MILL_DURATION,
                  .minimum = 1,
                  .maximum = MILL_NS_PER_S,
                  .fallback = MILL_NS_PER_US},
    [HOLD] = {.name = "hold",
              .summary = "work inside the lock",
              .type = MILL_DURATION,
              .maximum = MILL_NS_PER_MS,
              .fallback = MILL_NS_PER_US},
    [THINK] = {.name = "think",
               .summary = "work outside, between two operations",
               .type = MILL_DURATION,
               .maximum = 10 * MILL_NS_PER_MS},
    [INSTEAD] = {.name = "instead",
                 .summary = "work that is done when a thread has given up, before it asks again",
                 .type = MILL_DURATION,
                 .maximum = 10 * MILL_NS_PER_MS,
                 .fallback = 200},
};

/* Of one thread. */
struct account {
    alignas(MILL_ISOLATION) uint64_t gave_up;
    uint64_t early; /* of them, before the deadline */
};

struct state {
    struct mill_lock_rig rig;
    uint64_t patience;
    uint64_t hold;
    uint64_t think;
    uint64_t instead;
    struct account accounts[];
};

/* One wait. The deadline is a moment of mill_now_ns(), as is the one at which the thread gave up; the others
 * are ticks, where it is timed. */
struct wait {
    int status;
    uint64_t deadline;
    uint64_t gave_up;
    uint64_t asked;
    uint64_t told;
};

static int setup(struct mill_case *one)
{
    int status = mill_lock_rig_open(one, sizeof(struct state) + one->threads * sizeof(struct account));
    if (status == 0) {
        struct state *state = one->state;
        state->patience = (uint64_t)one->values[PATIENCE];
        state->hold = (uint64_t)one->values[HOLD];
        state->think = (uint64_t)one->values[THINK];
        state->instead = (uint64_t)one->values[INSTEAD];
    }
    return status;
}

static struct wait wait_once(struct mill_worker *worker, struct state *state, struct mill_lock_context *me)
{
    bool timed = mill_worker_is_timed(worker);
    struct wait wait = {.deadline = mill_now_ns() + state->patience};
    wait.asked = timed ? mill_ticks_begin(worker->clock) : 0;
    mill_worker_called(worker, MILL_CALL_LOCK_TIMED, 0, 0, 0);
    wait.status = mill_lock_acquire_until(state->rig.ops, state->rig.lock, me, wait.deadline);
    mill_worker_returned(worker, wait.status);
    wait.gave_up = wait.status < 0 ? mill_now_ns() : 0;
    wait.told = timed ? mill_ticks_end(worker->clock) : 0;
    return wait;
}

static void give_up(struct mill_worker *worker, struct state *state, const struct wait *wait)
{
    struct account *account = &state->accounts[worker->index];
    bool early = wait->gave_up < wait->deadline;
    account->gave_up++;
    account->early += early;
    if (mill_worker_is_timed(worker)) {
        double late = early ? 0 : (double)(wait->gave_up - wait->deadline);
        mill_worker_span(worker, LATE, 0, (uint64_t)(late * worker->clock->ticks_per_ns));
    }
    mill_pause();
    mill_spend(worker->clock, state->instead);
}

static int operate(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct mill_lock_context me;
    struct wait wait;
    while ((wait = wait_once(worker, state, &me)).status < 0) {
        if (wait.status != -ETIMEDOUT) {
            return wait.status;
        }
        give_up(worker, state, &wait);
        if (mill_stopping(worker)) {
            return MILL_STOPPED;
        }
    }
    uint64_t entered = mill_lock_rig_enter(worker, &state->rig);
    mill_spend(worker->clock, state->hold);
    uint64_t left = mill_worker_is_timed(worker) ? mill_ticks_begin(worker->clock) : 0;
    mill_lock_rig_leave(worker, &state->rig, &me, entered);
    if (mill_worker_is_timed(worker)) {
        mill_worker_span(worker, ACQUIRE, wait.asked, wait.told);
        mill_worker_span(worker, HELD, wait.told, left);
    }
    return MILL_DONE;
}

static void think(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    mill_spend(worker->clock, state->think);
}

/* All have left: a deadline that has passed is still time enough. */
static void check_is_free(struct mill_lock_rig *rig, struct mill_check *check)
{
    struct mill_lock_context me;
    if (mill_lock_acquire_until(rig->ops, rig->lock, &me, 0) == 0) {
        mill_lock_release(rig->ops, rig->lock, &me);
    } else {
        mill_check_found(check, MILL_WRONG_ANSWER,
                         "all have left the lock or given up, and somebody has it still");
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    uint64_t gave_up = 0, early = 0;
    mill_lock_rig_verify(one, check);
    for (unsigned i = 0; i < one->threads; i++) {
        gave_up += state->accounts[i].gave_up;
        early += state->accounts[i].early;
    }
    if (early > 0) {
        mill_check_found(check, MILL_WRONG_ANSWER,
                         "%" PRIu64 " of %" PRIu64 " who gave up were told so before their deadline", early,
                         gave_up);
    }
    if (one->threads == 1 && gave_up > 0) {
        mill_check_found(check, MILL_WRONG_ANSWER, "%" PRIu64 " gave up, and there is no other thread",
                         gave_up);
    }
    check_is_free(&state->rig, check);
    if (one->operations > 0) {
        mill_check_measured(check, "gave up", "%",
                            100.0 * (double)gave_up / (double)(gave_up + one->operations));
    }
}

static const char *unsupported(const struct mill_case *one)
{
    return mill_lock_ops_of(one->strategy)->acquire_until ? mill_lock_rig_unsupported(one)
                                                          : "its algorithm cannot give up waiting";
}

static const struct mill_expectation expectations[] = {MILL_LOCK_RIG_EARLY_RELEASE};

static const struct mill_role roles[] = {
    {.name = "waiter",
     .summary = "waits for the lock as long as it has patience, until it has it",
     .operation = operate,
     .between = think},
};

const struct mill_scenario mill_scenario_lock_timed = {
    .name = "lock-timed",
    .summary = "threads wait for one lock as long as they have patience, and give up",
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
    .model = mill_lock_rig_model,
    .setup = setup,
    .verify = verify,
    .interrupt = mill_lock_rig_interrupt,
    .teardown = mill_lock_rig_close,
};
