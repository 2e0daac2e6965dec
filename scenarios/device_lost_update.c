/* The device's own lost update: several threads each write a field of their own in the config of a running
 * valve, and of two writes within a tick of its control loop the first is lost, although both were answered
 * "ok". One thread that writes twice within a tick loses too. Shown, and avoided (device/config_writer.h).
 *
 * The valve is told to have this quirk and no other; it counts the writes that took effect. One elsewhere
 * (TM_DEVICE) is as it is, and tells no such count: there each thread looks a tick after each write whether
 * its field, which nobody else writes, has the value. It is stopped at the end if it was not running before.
 *
 * Over a wire the writes of one thread may be a tick apart or not: the control wants two threads there.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "device/config_writer.h"
#include "scenarios/device_rig.h"
#include "scenarios/list.h"

enum { TRANSPORT = MILL_DEVICE_RIG_TRANSPORT, SERVICE };

static const struct mill_parameter parameters[] = {
    MILL_DEVICE_RIG_TRANSPORT_ROW(MILL_DEVICE_RIG_IN_PROCESS),
    [SERVICE] = {.name = "service",
                 .summary = "how long the valve is busy with each request; a tick is 1ms",
                 .type = MILL_DURATION,
                 .maximum = MILL_NS_PER_S,
                 .fallback = 100 * MILL_NS_PER_US},
};

/* A field for each thread, and values that the valve takes, counted up from 1. */
#define FIELD(field, member, step)                              \
    {                                                           \
        field, offsetof(struct mill_valve_config, member), step \
    }
static const struct {
    enum mill_config_field field;
    size_t offset;
    double step;
} own_fields[] = {
    FIELD(MILL_CONFIG_VISCOUS, viscous, 0.001),
    FIELD(MILL_CONFIG_COULOMB, coulomb, 0.001),
    FIELD(MILL_CONFIG_WALL_STIFFNESS, wall_stiffness, 0.1),
    FIELD(MILL_CONFIG_WALL_DAMPING, wall_damping, 0.001),
    FIELD(MILL_CONFIG_SMOOTHING, smoothing, 0.001),
    FIELD(MILL_CONFIG_TORQUE_LIMIT, torque_limit, 0.01),
};
#undef FIELD
#define FIELDS (sizeof own_fields / sizeof own_fields[0])
#define VALUES 500u

struct engineer {
    alignas(MILL_ISOLATION) struct mill_device_client *client;
    uint64_t written;
    uint64_t missed;     /* of these, where that is looked for: not there a tick later */
    uint64_t taken_back; /* writes that were given up, and so not reported done */
};

struct state {
    struct mill_device_rig rig;
    struct mill_config_writer *writer;
    bool looks; /* for each write by itself */
    bool stops; /* at the end */
    unsigned threads;
    struct engineer engineers[];
};

static void close_state(struct state *state)
{
    if (state->stops) {
        (void)mill_device_stop_valve(state->engineers[0].client, NULL); /* nobody hears of it */
    }
    for (unsigned i = 0; i < state->threads; i++) {
        mill_device_client_destroy(state->engineers[i].client);
    }
    mill_config_writer_destroy(state->writer);
    mill_device_rig_close(&state->rig);
    free(state);
}

static int open_clients(struct state *state)
{
    struct mill_device_policy policy = state->rig.plan.policy;
    bool running = false;
    int status = 0;
    policy.allow_motion = true; /* it moves nothing, or what may move is allowed to (unsupported) */
    for (unsigned i = 0; i < state->threads && status == 0; i++) {
        status = mill_device_client_create(state->rig.plan.transport, &state->rig.plan.to, &policy,
                                           &state->engineers[i].client, NULL);
    }
    if (status == 0) {
        status = mill_device_is_running(state->engineers[0].client, &running, NULL);
    }
    if (status < 0 || running) {
        return status;
    }
    status = mill_device_start_valve(state->engineers[0].client, -1, NULL);
    state->stops = status == 0 && state->looks;
    return status;
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->engineers[0]);
    if (!state) {
        return -ENOMEM;
    }
    state->threads = one->threads;
    state->looks = mill_device_rig_is_elsewhere(one);
    int status = mill_device_rig_open_valve(&state->rig, one, "staged", (uint64_t)one->values[SERVICE]);
    if (status == 0) {
        status = mill_config_writer_create(mill_config_writer_ops_of(one->strategy), &state->writer);
    }
    if (status == 0) {
        status = open_clients(state);
    }
    if (status < 0) {
        close_state(state);
        return status;
    }
    one->state = state;
    return 0;
}

/* 1 if not, 0 if it is there; or a negative errno. */
static int is_missed(struct engineer *engineer, unsigned index, double value)
{
    struct mill_valve_config live;
    mill_sleep_until(mill_now_ns() + MILL_CONFIG_TICK_NS);
    int status = mill_device_get_config(engineer->client, &live, NULL);
    if (status < 0) {
        return status;
    }
    double there = *(const double *)(const void *)((const char *)&live + own_fields[index].offset);
    return fabs(there - value) > own_fields[index].step / 2;
}

static int write_own_field(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct engineer *engineer = &state->engineers[worker->index];
    double value =
        own_fields[worker->index].step * (double)(1 + (engineer->written + engineer->taken_back) % VALUES);
    const struct mill_valve_config change = {
        .fields = own_fields[worker->index].field,
        .viscous = value,
        .coulomb = value,
        .wall_stiffness = value,
        .wall_damping = value,
        .smoothing = value,
        .torque_limit = value,
    };
    int status = mill_config_writer_write(state->writer, engineer->client, &change, NULL);
    engineer->written += status == 0;
    engineer->taken_back += status == -EBUSY;
    if (status == 0 && state->looks) {
        status = is_missed(engineer, worker->index, value);
        engineer->missed += status > 0;
    }
    return status < 0 && status != -EBUSY ? status : MILL_DONE;
}

/* How many took effect. False: the valve does not tell any more. */
static bool ask_applied(const struct state *state, uint64_t *applied)
{
    struct mill_valve_config live;
    struct mill_valve_status status;
    /* what is still staged takes effect before the next request */
    mill_sleep_until(mill_now_ns() + 2 * MILL_CONFIG_TICK_NS);
    return mill_device_get_status(state->engineers[0].client, &status, NULL) == 0 &&
           mill_device_rig_truth(&state->rig, &live, applied);
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    uint64_t written = 0;
    uint64_t missed = 0;
    uint64_t taken_back = 0;
    for (unsigned i = 0; i < one->threads; i++) {
        written += state->engineers[i].written;
        missed += state->engineers[i].missed;
        taken_back += state->engineers[i].taken_back;
    }
    uint64_t applied = written - missed;
    if (!state->looks && !ask_applied(state, &applied)) {
        mill_check_found(check, MILL_CORRUPTION, "the valve does not answer any more");
        return;
    }
    if (applied != written) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " writes were reported done, but %" PRIu64 " took effect", written,
                         applied);
    }
    mill_check_measured(check, "lost", "%",
                        written > 0 ? 100 * ((double)written - (double)applied) / (double)written : 0);
    mill_check_measured(check, "given up", "", (double)taken_back);
}

static void teardown(struct mill_case *one)
{
    close_state(one->state);
}

static const char *unsupported(const struct mill_case *one)
{
    bool wired = one->values[TRANSPORT] != MILL_DEVICE_RIG_IN_PROCESS;
    if (wired && one->threads == 1 && (one->strategy->traits & MILL_CONTROL)) {
        return "over a wire one thread's writes need not meet within a tick: the control wants two threads";
    }
    return mill_device_rig_valve_unsupported(one, MILL_DEVICE_RIG_WRITES);
}

static const struct mill_role roles[] = {
    {.name = "engineer", .summary = "writes a field of its own", .operation = write_own_field},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "post",
     .findings = MILL_LOST_UPDATE,
     .min_threads = 1,
     .why = "a running valve stages the live config with one change, in the place of what was staged before"},
};

const struct mill_scenario mill_scenario_device_lost_update = {
    .name = "device-lost-update",
    .summary = "the device loses one of two writes within a tick: shown, and avoided",
    .family = &mill_config_writer_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .max_threads = FIELDS,
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .interrupt = mill_device_rig_interrupt,
    .teardown = teardown,
};
