/* Threads submit one task each and wait for its future (row 10 of the patterns): from submit to done, as the
 * submitter sees it. With think time between, long enough for the workers to fall asleep, it is what waking
 * them costs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "scenarios/pool_rig.h"
#include "task/future.h"

enum { WORK = MILL_RIG_PARAMETERS, THINK };

static const struct mill_parameter parameters[] = {
    MILL_RIG_PARAMETER_ROWS,
    [WORK] = {.name = "work",
              .summary = "what the task does: 0 is an empty one",
              .type = MILL_DURATION,
              .maximum = 10 * MILL_NS_PER_MS},
    [THINK] = {.name = "think",
               .summary = "time between two tasks of a thread",
               .type = MILL_DURATION,
               .maximum = 100 * MILL_NS_PER_MS},
};

struct errand {
    struct mill_future future;
    uint64_t work_ns;
    const struct mill_clock *clock;
    uint64_t ran; /* by the worker that has it; the future orders that */
    uint64_t submitted;
    bool under_way; /* the run was over before it was */
};

struct seat {
    alignas(MILL_ISOLATION) struct errand errand;
};

struct state {
    struct mill_rig rig;
    uint64_t think_ns;
    unsigned threads;
    struct seat seats[];
};

static int run_errand(void *argument)
{
    struct errand *errand = argument;
    if (errand->work_ns > 0) {
        mill_spend(errand->clock, errand->work_ns);
    }
    errand->ran++;
    return 0;
}

static int send(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct errand *errand = &state->seats[worker->index].errand;
    if (!errand->under_way) {
        int status = mill_pool_submit_future(state->rig.pool, &errand->future);
        if (status < 0) {
            return status;
        }
        errand->submitted++;
        errand->under_way = true;
    }
    int status;
    while ((status = mill_future_wait(&errand->future, 100 * MILL_NS_PER_MS, NULL)) == -ETIMEDOUT) {
        if (mill_stopping(worker)) {
            return MILL_STOPPED;
        }
    }
    errand->under_way = status < 0;
    return status < 0 ? status : MILL_DONE;
}

static void think(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    if (state->think_ns > 0) {
        mill_sleep_until(mill_now_ns() + state->think_ns);
    }
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof(struct seat));
    if (!state) {
        return -ENOMEM;
    }
    state->threads = one->threads;
    state->think_ns = (uint64_t)one->values[THINK];
    for (unsigned i = 0; i < one->threads; i++) {
        struct errand *errand = &state->seats[i].errand;
        errand->work_ns = (uint64_t)one->values[WORK];
        errand->clock = one->clock;
        mill_future_init(&errand->future, run_errand, errand);
    }
    int status = mill_rig_create(&state->rig, one);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    uint64_t submitted = 0;
    uint64_t ran = 0;
    uint64_t unseen = 0;
    for (unsigned i = 0; i < state->threads; i++) {
        submitted += state->seats[i].errand.submitted;
        unseen += state->seats[i].errand.under_way;
    }
    mill_rig_verify(&state->rig, check, submitted, 0);
    for (unsigned i = 0; i < state->threads; i++) {
        ran += state->seats[i].errand.ran;
    }
    if (ran != submitted) {
        mill_check_found(check, ran < submitted ? MILL_LOST_UPDATE : MILL_CORRUPTION,
                         "%" PRIu64 " tasks were submitted, but %" PRIu64 " ran", submitted, ran);
    }
    if (submitted - unseen != one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " futures were seen to settle, but %" PRIu64 " counted",
                         submitted - unseen, one->operations);
    }
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_rig_destroy(&state->rig);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "submitter", .summary = "submits a task and waits for it", .operation = send, .between = think},
};

const struct mill_scenario mill_scenario_pool_latency = {
    .name = "pool-latency",
    .summary = "threads submit a task to a pool and wait for its future",
    .family = &mill_pool_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
