/* The device's own lost update: several threads each write a field of their own in the config of a running
 * valve, and of two writes within a tick of its control loop the first is lost, although both were answered
 * "ok". One thread that writes twice within a tick loses too. Shown, and avoided (device/config_writer.h).
 *
 * The valve is told to have this quirk and no other; it counts the writes that took effect.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "device/config_writer.h"
#include "device/quirks.h"
#include "scenarios/device_rig.h"
#include "scenarios/list.h"

enum { SERVICE };

static const struct mill_parameter parameters[] = {
    [SERVICE] = {.name = "service",
                 .summary = "how long the valve is busy with each request; a tick is 1ms",
                 .type = MILL_DURATION,
                 .maximum = MILL_NS_PER_S,
                 .fallback = 100 * MILL_NS_PER_US},
};

/* A field for each thread, and values that the valve takes, counted up from 1. */
static const struct {
    enum mill_config_field field;
    double step;
} own_fields[] = {
    {MILL_CONFIG_VISCOUS, 0.001},      {MILL_CONFIG_COULOMB, 0.001},   {MILL_CONFIG_WALL_STIFFNESS, 0.1},
    {MILL_CONFIG_WALL_DAMPING, 0.001}, {MILL_CONFIG_SMOOTHING, 0.001}, {MILL_CONFIG_TORQUE_LIMIT, 0.01},
};
#define FIELDS (sizeof own_fields / sizeof own_fields[0])
#define VALUES 500u

struct engineer {
    alignas(MILL_ISOLATION) struct mill_device_client *client;
    uint64_t written;
    uint64_t taken_back; /* writes that were given up, and so not reported done */
};

struct state {
    struct mill_model_device *model;
    struct mill_config_writer *writer;
    unsigned threads;
    struct engineer engineers[];
};

static void close_state(struct state *state)
{
    for (unsigned i = 0; i < state->threads; i++) {
        mill_device_client_destroy(state->engineers[i].client);
    }
    mill_config_writer_destroy(state->writer);
    mill_model_destroy(state->model);
    free(state);
}

static int open_clients(struct state *state)
{
    /* it is a model, and moves nothing */
    const struct mill_device_policy policy = {.timeout_ns = 5 * (int64_t)MILL_NS_PER_S, .allow_motion = true};
    const struct mill_transport_plan to = {.model = state->model};
    int status = 0;
    for (unsigned i = 0; i < state->threads && status == 0; i++) {
        status = mill_device_client_create(mill_transport_ops_find("in-process"), &to, &policy,
                                           &state->engineers[i].client, NULL);
    }
    return status < 0 ? status : mill_device_start_valve(state->engineers[0].client, -1, NULL);
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->engineers[0]);
    const struct mill_model_plan model = {
        .quirks = MILL_QUIRK_STAGED, .seed = one->seed, .service_ns = (uint64_t)one->values[SERVICE]};
    if (!state) {
        return -ENOMEM;
    }
    state->threads = one->threads;
    int status = mill_model_create(&model, &state->model);
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
    return status < 0 && status != -EBUSY ? status : MILL_DONE;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    struct mill_valve_status status;
    uint64_t written = 0;
    uint64_t taken_back = 0;
    for (unsigned i = 0; i < one->threads; i++) {
        written += state->engineers[i].written;
        taken_back += state->engineers[i].taken_back;
    }
    /* what is still staged takes effect before the next request */
    mill_sleep_until(mill_now_ns() + 2 * MILL_CONFIG_TICK_NS);
    if (mill_device_get_status(state->engineers[0].client, &status, NULL) < 0) {
        mill_check_found(check, MILL_CORRUPTION, "the valve does not answer any more");
        return;
    }
    uint64_t applied = mill_model_applied(state->model);
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
    .setup = setup,
    .verify = verify,
    .interrupt = mill_device_rig_interrupt,
    .teardown = teardown,
};
