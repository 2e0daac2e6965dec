/* Every so often a holder is taken off its processor inside the lock, on purpose: it sleeps for a while, or
 * gives the processor away. Those that wait meanwhile spin for nothing, or go to sleep; what does it cost
 * them to be given the lock afterwards? Handovers by a holder that was away are told from the others.
 */
#include <inttypes.h>
#include <sched.h>

#include "scenarios/list.h"
#include "scenarios/lock_rig.h"

enum { AWAY, EVERY, HOLD, THINK };
enum { ACQUIRE, HELD, HANDOVER, HANDOVER_AWAY };

static const struct mill_span spans[] = {
    [ACQUIRE] = {"acquire", "from asking for the lock to having it"},
    [HELD] = {"hold", "from having it to giving it back"},
    [HANDOVER] = {"handover",
                  "from one holder's giving it back to the next one's having it, who waited for it"},
    [HANDOVER_AWAY] = {"after away", "the same, from a holder that was off its processor"},
};

static const struct mill_parameter parameters[] = {
    [AWAY] = {.name = "away",
              .summary = "how long the holder sleeps inside the lock; 0: it yields",
              .type = MILL_DURATION,
              .maximum = 10 * MILL_NS_PER_MS,
              .fallback = 50 * MILL_NS_PER_US},
    [EVERY] = {.name = "every",
               .summary = "in the first and then in each so-many-th operation of a thread",
               .type = MILL_INTEGER,
               .minimum = 1,
               .maximum = 1000000,
               .fallback = 64},
    [HOLD] = {.name = "hold",
              .summary = "work inside the lock",
              .type = MILL_DURATION,
              .maximum = MILL_NS_PER_MS},
    [THINK] = {.name = "think",
               .summary = "work outside, between two operations",
               .type = MILL_DURATION,
               .maximum = 10 * MILL_NS_PER_MS},
};

/* Of one thread. */
struct account {
    alignas(MILL_ISOLATION) uint64_t turn; /* operations since it was away; 0: it is its turn */
    uint64_t times;                        /* that it was away */
};

struct state {
    struct mill_lock_rig rig;
    uint64_t away;
    uint64_t every;
    uint64_t hold;
    uint64_t think;
    struct account accounts[];
};

static int setup(struct mill_case *one)
{
    int status = mill_lock_rig_open(one, sizeof(struct state) + one->threads * sizeof(struct account));
    if (status == 0) {
        struct state *state = one->state;
        state->away = (uint64_t)one->values[AWAY];
        state->every = (uint64_t)one->values[EVERY];
        state->hold = (uint64_t)one->values[HOLD];
        state->think = (uint64_t)one->values[THINK];
    }
    return status;
}

static bool is_turn(struct account *account, uint64_t every)
{
    bool turn = account->turn == 0;
    account->turn = account->turn + 1 < every ? account->turn + 1 : 0;
    account->times += turn;
    return turn;
}

static void work(struct mill_worker *worker, struct state *state)
{
    mill_spend(worker->clock, state->hold);
    state->rig.was_away = is_turn(&state->accounts[worker->index], state->every);
    if (state->rig.was_away && state->away > 0) {
        mill_sleep_until(mill_now_ns() + state->away);
    } else if (state->rig.was_away) {
        sched_yield();
    }
}

/* Who waited when the lock was given back was handed it over; who came later found it free. */
static int operate(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct mill_lock_context me;
    bool timed = mill_worker_is_timed(worker);
    uint64_t asked = timed ? mill_ticks_begin(worker->clock) : 0;
    mill_lock_rig_acquire(worker, &state->rig, &me);
    uint64_t had = timed ? mill_ticks_end(worker->clock) : 0;
    uint64_t entered = mill_lock_rig_enter(worker, &state->rig);
    uint64_t given_back = state->rig.given_back;
    bool was_away = state->rig.was_away;
    work(worker, state);
    uint64_t left = timed ? mill_ticks_begin(worker->clock) : 0;
    state->rig.given_back = left;
    mill_lock_rig_leave(worker, &state->rig, &me, entered);
    if (timed) {
        mill_worker_span(worker, ACQUIRE, asked, had);
        mill_worker_span(worker, HELD, had, left);
        if (given_back > asked) {
            mill_worker_span(worker, was_away ? HANDOVER_AWAY : HANDOVER, given_back, had);
        }
    }
    return MILL_DONE;
}

static void think(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    mill_spend(worker->clock, state->think);
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    uint64_t times = 0;
    mill_lock_rig_verify(one, check);
    for (unsigned i = 0; i < one->threads; i++) {
        times += state->accounts[i].times;
    }
    if (one->operations > 0) {
        mill_check_measured(check, "away", "%", 100.0 * (double)times / (double)one->operations);
    }
}

static const struct mill_expectation expectations[] = {MILL_LOCK_RIG_EARLY_RELEASE};

static const struct mill_role roles[] = {
    {.name = "holder",
     .summary = "takes the lock, and is now and then off its processor inside",
     .operation = operate,
     .between = think},
};

const struct mill_scenario mill_scenario_lock_preempted = {
    .name = "lock-preempted",
    .summary = "now and then the holder of the lock is off its processor: what do handovers cost then?",
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
    .model = mill_lock_rig_model,
    .setup = setup,
    .verify = verify,
    .teardown = mill_lock_rig_close,
};
