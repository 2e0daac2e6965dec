/* A valve is looked at and then configured, and others stop and start it meanwhile (row 16 of the patterns):
 * whoever claimed it must be alone with it from the look to the act.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "sync/claim.h"

/* Of one thread. */
struct engineer {
    alignas(MILL_ISOLATION) uint64_t busy; /* tries that found it taken */
    uint64_t not_alone;                    /* claims of what somebody else had */
    uint64_t not_running;                  /* configurations of a valve that had been stopped meanwhile */
};

struct state {
    struct mill_claim *claim;
    /* relaxed: witnesses, which must not order what the claim should */
    alignas(MILL_ISOLATION) atomic_uint inside;
    atomic_bool running;
    struct engineer engineers[];
};

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->engineers[0]);
    if (!state) {
        return -ENOMEM;
    }
    int status = mill_claim_create(mill_claim_ops_of(one->strategy), &state->claim);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

static bool is_running(const struct state *state)
{
    return atomic_load_explicit(&state->running, memory_order_relaxed);
}

static void update_config(const struct state *state, struct engineer *engineer)
{
    engineer->not_running += !is_running(state);
}

/* One in four stops or starts the valve; the others configure it if it runs. Who finds it taken is told so,
 * and that was it. */
static int use_valve(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct engineer *engineer = &state->engineers[worker->index];
    bool toggles = mill_random_below(&worker->random, 4) == 0;
    if (!mill_claim_try(state->claim)) {
        engineer->busy++;
        return MILL_DONE;
    }
    engineer->not_alone += atomic_fetch_add_explicit(&state->inside, 1, memory_order_relaxed) != 0;
    if (toggles) {
        atomic_store_explicit(&state->running, !is_running(state), memory_order_relaxed);
    } else if (is_running(state)) {
        update_config(state, engineer);
    }
    atomic_fetch_sub_explicit(&state->inside, 1, memory_order_relaxed);
    mill_claim_release(state->claim);
    return MILL_DONE;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    uint64_t busy = 0;
    uint64_t not_alone = 0;
    uint64_t not_running = 0;
    for (unsigned i = 0; i < one->threads; i++) {
        busy += state->engineers[i].busy;
        not_alone += state->engineers[i].not_alone;
        not_running += state->engineers[i].not_running;
    }
    if (not_alone > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " times the valve was claimed while somebody else had it", not_alone);
    }
    if (not_running > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " times the valve was configured after it had been stopped", not_running);
    }
    if (one->operations > 0) {
        mill_check_measured(check, "busy", "%", 100.0 * (double)busy / (double)one->operations);
    }
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_claim_destroy(state->claim);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "engineer", .summary = "configures the valve if it runs, or stops it", .operation = use_valve},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "plain-flag",
     .findings = MILL_CORRUPTION | MILL_RACE,
     .min_threads = 2,
     .why = "two threads see the flag down before either of them has raised it"},
};

const struct mill_scenario mill_scenario_check_then_act = {
    .name = "check-then-act",
    .summary = "a valve is configured if it runs, while others stop it",
    .family = &mill_claim_family,
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
