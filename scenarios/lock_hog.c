/* One thread holds a lock for long and comes back at once, among others that hold it shortly: what do those
 * get? A lock that serves in turn gives all the same number of entries, and the hog nearly all of the time;
 * one without order may give it both. A lock that is fair by time gives each the same part of the time that
 * it is held.
 *
 * So the time is measured in which each holds it, in every operation, by two readings of the clock inside.
 * The engine's columns have the rest: Jain's index of the entries, the longest starvation in slices, and how
 * often the lock went to its last holder.
 */
#include "scenarios/list.h"
#include "scenarios/lock_rig.h"

enum { HOG, HOLD, THINK };
enum { WAIT, HOG_WAIT, HELD, HOG_HELD };
enum { THE_HOG, THE_OTHERS };

static const struct mill_span spans[] = {
    [WAIT] = {"wait", "of the others, from asking for the lock to having it"},
    [HOG_WAIT] = {"hog waits", "of the hog, from asking for the lock to having it"},
    [HELD] = {"hold", "of the others, from having it to giving it back"},
    [HOG_HELD] = {"hog holds", "of the hog, from having it to giving it back"},
};

static const struct mill_parameter parameters[] = {
    [HOG] = {.name = "hog",
             .summary = "work of the hog inside the lock; outside it does nothing",
             .type = MILL_DURATION,
             .maximum = 10 * MILL_NS_PER_MS,
             .fallback = 20 * MILL_NS_PER_US},
    [HOLD] = {.name = "hold",
              .summary = "work of the others inside the lock",
              .type = MILL_DURATION,
              .maximum = MILL_NS_PER_MS,
              .fallback = MILL_NS_PER_US},
    [THINK] = {.name = "think",
               .summary = "work of the others outside, between two operations",
               .type = MILL_DURATION,
               .maximum = 10 * MILL_NS_PER_MS},
};

/* Of one thread. */
struct account {
    alignas(MILL_ISOLATION) uint64_t held; /* in ticks, all its operations together */
};

struct state {
    struct mill_lock_rig rig;
    uint64_t hold[2]; /* by role */
    uint64_t think;
    struct account accounts[];
};

static int setup(struct mill_case *one)
{
    int status = mill_lock_rig_open(one, sizeof(struct state) + one->threads * sizeof(struct account));
    if (status == 0) {
        struct state *state = one->state;
        state->hold[THE_HOG] = (uint64_t)one->values[HOG];
        state->hold[THE_OTHERS] = (uint64_t)one->values[HOLD];
        state->think = (uint64_t)one->values[THINK];
    }
    return status;
}

static int operate(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct mill_lock_context me;
    bool timed = mill_worker_is_timed(worker);
    bool hog = worker->role == THE_HOG;
    uint64_t asked = timed ? mill_ticks_begin(worker->clock) : 0;
    mill_lock_rig_acquire(worker, &state->rig, &me);
    uint64_t had = mill_ticks_end(worker->clock);
    uint64_t entered = mill_lock_rig_enter(worker, &state->rig);
    mill_spend(worker->clock, state->hold[worker->role]);
    uint64_t left = mill_ticks_begin(worker->clock);
    mill_lock_rig_leave(worker, &state->rig, &me, entered);
    state->accounts[worker->index].held += left > had ? left - had : 0;
    if (timed) {
        mill_worker_span(worker, hog ? HOG_WAIT : WAIT, asked, had);
        mill_worker_span(worker, hog ? HOG_HELD : HELD, had, left);
    }
    return MILL_DONE;
}

static void think(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    mill_spend(worker->clock, state->think);
}

/* Of the time in which the lock was held, and what the one of the others got who got least, as a part of the
 * nth that is its due. The hog is the first thread. */
static void measure_shares(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    uint64_t all = 0, least = UINT64_MAX;
    for (unsigned i = 0; i < one->threads; i++) {
        uint64_t held = state->accounts[i].held;
        all += held;
        least = i > 0 && held < least ? held : least;
    }
    if (all > 0) {
        mill_check_measured(check, "lock-time share", "%",
                            100.0 * (double)state->accounts[0].held / (double)all);
        mill_check_measured(check, "least of its due", "%",
                            100.0 * (double)least * (double)one->threads / (double)all);
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    mill_lock_rig_verify(one, check);
    measure_shares(one, check);
}

static const struct mill_expectation expectations[] = {MILL_LOCK_RIG_EARLY_RELEASE};

static const struct mill_role roles[] = {
    [THE_HOG] = {.name = "hog",
                 .summary = "holds the lock for long, and comes back at once",
                 .operation = operate,
                 .threads = 1},
    [THE_OTHERS] = {.name = "other", .summary = "holds it shortly", .operation = operate, .between = think},
};

const struct mill_scenario mill_scenario_lock_hog = {
    .name = "lock-hog",
    .summary =
        "one thread holds the lock for long among others that do not: who gets which part of its time?",
    .family = &mill_lock_family,
    .plain = true,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .spans = spans,
    .span_count = sizeof spans / sizeof spans[0],
    .min_threads = 2,
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .unsupported = mill_lock_rig_unsupported,
    .model = mill_lock_rig_model,
    .setup = setup,
    .verify = verify,
    .teardown = mill_lock_rig_close,
};
