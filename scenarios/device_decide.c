/* Status and config are read, something is decided, and the config is written (row 16 of the patterns): with
 * a lock around all three, or around each.
 *
 * What is decided is one more than was read. So each decision that was made on what no longer held shows: the
 * valve ends with less than the number of decisions (updates were lost), and a thread may read less than it
 * wrote itself (an older decision contradicted its own).
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "core/clock.h"
#include "scenarios/device_rig.h"
#include "scenarios/list.h"

enum { DECIDING = MILL_DEVICE_RIG_PARAMETERS };

static const struct mill_parameter parameters[] = {
    MILL_DEVICE_RIG_PARAMETER_ROWS(MILL_DEVICE_RIG_IN_PROCESS),
    [DECIDING] = {.name = "deciding",
                  .summary = "time from the answer to the decision",
                  .type = MILL_DURATION,
                  .maximum = MILL_NS_PER_S,
                  .fallback = MILL_NS_PER_MS},
};

/* Of one thread. */
struct engineer {
    alignas(MILL_ISOLATION) uint64_t written;
    uint64_t contradicted;
    double own; /* the last that it wrote */
    double read;
    uint64_t deciding_ns;
};

struct state {
    struct mill_device_rig rig;
    double before; /* what the valve began with */
    struct engineer engineers[];
};

static void count_one_more(void *context, const struct mill_valve_status *status,
                           const struct mill_valve_config *config, struct mill_valve_config *change)
{
    struct engineer *engineer = context;
    (void)status;
    if (engineer->deciding_ns > 0) {
        mill_sleep_until(mill_now_ns() + engineer->deciding_ns);
    }
    engineer->read = config->wall_stiffness;
    engineer->contradicted += config->wall_stiffness < engineer->own;
    change->fields = MILL_CONFIG_WALL_STIFFNESS;
    change->wall_stiffness = config->wall_stiffness + 1;
    engineer->own = change->wall_stiffness;
}

static int decide(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct engineer *engineer = &state->engineers[worker->index];
    mill_worker_called(worker, MILL_CALL_COUNTER_FETCH_AND_ADD, 0, 1, 0);
    int result = mill_sharing_transact(state->rig.sharing, worker->index, count_one_more, engineer, NULL);
    if (result == 0) {
        mill_worker_returned(worker, (int64_t)engineer->read);
    }
    engineer->written += result == 0;
    return result < 0 ? result : MILL_DONE;
}

static void remember(void *context, const struct mill_valve_status *status,
                     const struct mill_valve_config *config, struct mill_valve_config *change)
{
    (void)status;
    (void)change;
    *(double *)context = config->wall_stiffness;
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->engineers[0]);
    if (!state) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < one->threads; i++) {
        state->engineers[i].deciding_ns = (uint64_t)one->values[DECIDING];
    }
    int status = mill_device_rig_open(&state->rig, one);
    if (status < 0) {
        free(state);
        return status;
    }
    status = mill_sharing_transact(state->rig.sharing, 0, remember, &state->before, NULL);
    if (status < 0) {
        mill_device_rig_close(&state->rig);
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

/* Of a valve that counts, if nobody else writes to it. */
static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    const struct state *state = one->state;
    if (mill_device_rig_is_elsewhere(one)) {
        return NULL;
    }
    *copy = mill_model_counter;
    copy->parameter = (int64_t)state->before;
    return copy;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    uint64_t written = 0;
    uint64_t contradicted = 0;
    double after = NAN;
    for (unsigned i = 0; i < one->threads; i++) {
        written += state->engineers[i].written;
        contradicted += state->engineers[i].contradicted;
    }
    int status = mill_sharing_transact(state->rig.sharing, 0, remember, &after, NULL);
    double lost = (double)written - (after - state->before);
    if (status < 0 || lost != 0) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " decisions added one each, but the valve went from %g to %g", written,
                         state->before, after);
    }
    if (contradicted > 0) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " times a thread read less than it had written: an older decision came "
                         "behind its own",
                         contradicted);
    }
    mill_check_measured(check, "lost", "", status < 0 ? NAN : lost);
    mill_check_measured(check, "contradicted", "", (double)contradicted);
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_device_rig_close(&state->rig);
    free(state);
}

static const char *unsupported(const struct mill_case *one)
{
    return mill_device_rig_unsupported(one, MILL_DEVICE_RIG_WRITES);
}

static const struct mill_role roles[] = {
    {.name = "engineer", .summary = "reads, decides, and writes", .operation = decide},
};

static const struct mill_expectation expectations[] = {
    {.applies = mill_device_rig_is_not_atomic,
     .findings = MILL_LOST_UPDATE | MILL_WRONG_ANSWER,
     .min_threads = 2,
     .why =
         "between the read and the write of a decision others write, and it is made on what no longer holds"},
};

const struct mill_scenario mill_scenario_device_decide = {
    .name = "device-decide",
    .summary = "read, decide, write: is a decision lost, or made on what no longer holds?",
    .family = &mill_sharing_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .waits = "who decides keeps all others from the device until it has acted",
    .unsupported = unsupported,
    .model = model,
    .setup = setup,
    .verify = verify,
    .interrupt = mill_device_rig_interrupt,
    .teardown = teardown,
};
