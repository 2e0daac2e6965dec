/* Commands to one valve from many threads (row 19 of the patterns): each is applied exactly once, or reported
 * failed. What failed without a reply may have been applied, and is said to be so.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/device_rig.h"
#include "scenarios/list.h"

static const struct mill_parameter parameters[] = {
    MILL_DEVICE_RIG_PARAMETER_ROWS(MILL_DEVICE_RIG_IN_PROCESS)};

/* Of one thread. */
struct sender {
    alignas(MILL_ISOLATION) uint64_t sent;
    uint64_t applied; /* reported so */
    uint64_t maybe;   /* reported failed, and perhaps applied */
    uint64_t failed;  /* reported failed, and not applied */
};

struct state {
    struct mill_device_rig rig;
    uint64_t before; /* applied when it began */
    double stiffness;
    struct sender senders[];
};

/* ---- the histories: what was commanded is there for all that look ---- */

static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    const struct state *state = one->state;
    if (mill_device_rig_is_elsewhere(one)) {
        return NULL;
    }
    *copy = mill_model_register;
    copy->parameter = (int64_t)state->stiffness;
    return copy;
}

static void only_look(void *context, const struct mill_valve_status *status,
                      const struct mill_valve_config *config, struct mill_valve_config *change)
{
    *(double *)context = config->wall_stiffness;
    (void)status;
    (void)change;
}

static void look(struct mill_worker *worker)
{
    struct state *state = worker->state;
    double stiffness;
    mill_worker_called(worker, MILL_CALL_REGISTER_READ, 0, 0, 0);
    int result = mill_sharing_transact(state->rig.sharing, worker->index, only_look, &stiffness, NULL);
    if (result == 0) {
        mill_worker_returned(worker, (int64_t)stiffness);
    }
}

/* ---- commanding ---- */

static int command(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct sender *sender = &state->senders[worker->index];
    struct mill_device_failure failure = {.maybe_done = false};
    const struct mill_valve_config change = {
        .fields = MILL_CONFIG_WALL_STIFFNESS,
        .wall_stiffness = (double)(1000 * (worker->index + 1) + sender->sent++ % 1000),
    };
    mill_worker_called(worker, MILL_CALL_REGISTER_WRITE, 0, (int64_t)change.wall_stiffness, 0);
    int result = mill_sharing_update_config(state->rig.sharing, worker->index, &change, &failure);
    *(result == 0 ? &sender->applied : failure.maybe_done ? &sender->maybe : &sender->failed) += 1;
    if (result == 0) {
        mill_worker_returned(worker, 0);
    }
    if (mill_worker_records(worker)) {
        look(worker);
    }
    return MILL_DONE;
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->senders[0]);
    if (!state) {
        return -ENOMEM;
    }
    int status = mill_device_rig_open(&state->rig, one);
    if (status < 0) {
        free(state);
        return status;
    }
    struct mill_valve_config live;
    if (mill_device_rig_truth(&state->rig, &live, &state->before)) {
        state->stiffness = live.wall_stiffness;
    }
    one->state = state;
    return 0;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    struct sender all = {0};
    struct mill_valve_config live;
    uint64_t after;
    for (unsigned i = 0; i < one->threads; i++) {
        all.applied += state->senders[i].applied;
        all.maybe += state->senders[i].maybe;
        all.failed += state->senders[i].failed;
    }
    if (mill_device_rig_truth(&state->rig, &live, &after)) {
        uint64_t truth = after - state->before;
        if (truth < all.applied || truth > all.applied + all.maybe) {
            mill_check_found(check, MILL_LOST_UPDATE,
                             "%" PRIu64 " commands were reported applied, %" PRIu64 " perhaps, %" PRIu64
                             " not; the valve applied %" PRIu64,
                             all.applied, all.maybe, all.failed, truth);
        }
        if (all.maybe + all.failed > 0 && mill_device_rig_always_answers(&state->rig)) {
            mill_check_found(check, MILL_CORRUPTION,
                             "%" PRIu64 " commands to a valve that never fails were reported failed",
                             all.maybe + all.failed);
        }
    }
    mill_check_measured(check, "failed", "", (double)all.failed);
    mill_check_measured(check, "perhaps applied", "", (double)all.maybe);
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
    {.name = "sender", .summary = "sends a command and waits for what became of it", .operation = command},
};

const struct mill_scenario mill_scenario_device_commands = {
    .name = "device-commands",
    .summary = "commands from many threads: each is applied once or reported failed",
    .family = &mill_sharing_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .waits = "commands go to the device one after the other",
    .unsupported = unsupported,
    .model = model,
    .setup = setup,
    .verify = verify,
    .interrupt = mill_device_rig_interrupt,
    .teardown = teardown,
};
