/* One tuner that all threads step (row 22 of the patterns). The device's torque is always too small by the
 * same amount, so each step that was taken must have raised viscous by the same 2^-30: what is missing at the
 * end was lost, and a value that comes to the device after a higher one contradicts it.
 *
 * Over HTTP each thread has a client of its own, and each step asks the valve for its status and posts its
 * viscous; what the status says is put aside, since a valve that stands still is not to be written to. From
 * the config that it has at the beginning viscous goes up, and in the end it is written back. What another's
 * valve has is not judged, since others may write to it, too: what the threads were told is.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device/tuning.h"
#include "scenarios/device_rig.h"
#include "scenarios/list.h"
#include "scenarios/network_valve.h"

enum { TRANSPORT, SERVICE };

static const struct mill_parameter parameters[] = {
    [TRANSPORT] = {.name = "transport",
                   .summary = "where the valve is",
                   .type = MILL_CHOICE,
                   .choices = mill_device_rig_transports,
                   .fallback = MILL_DEVICE_RIG_IN_PROCESS},
    [SERVICE] = {.name = "service",
                 .summary = "how long the device takes for a read, and for a write",
                 .type = MILL_DURATION,
                 .minimum = 0,
                 .maximum = 100 * MILL_NS_PER_MS,
                 .fallback = MILL_NS_PER_US},
};

static const double step_of_viscous = 0x1p-30;

/* A thread's way to the device. */
struct hand {
    struct state *state;
    struct mill_device_client *client; /* NULL: it is in this process */
};

struct state {
    struct mill_tuning *tuning;
    const struct mill_clock *clock;
    uint64_t service_ns;
    double base; /* viscous, before the first step */
    struct mill_network_valve valve;
    unsigned threads;
    /* the device; relaxed, all: witnesses, which must not order what the tuner's lock should */
    alignas(MILL_ISOLATION) _Atomic uint64_t viscous; /* in steps, of the last write */
    _Atomic uint64_t writes;
    _Atomic uint64_t contradictions;
    alignas(MILL_ISOLATION) struct hand hands[];
};

/* ---- the device ---- */

static uint64_t steps_of(const struct state *state, double viscous)
{
    return (uint64_t)llround((viscous - state->base) / step_of_viscous);
}

static int begin(void *context, struct mill_tuner_limits *limits, struct mill_device_failure *failure)
{
    const struct hand *hand = context;
    (void)failure;
    *limits = (struct mill_tuner_limits){.viscous = hand->state->base, .closed_pos = 0, .open_pos = 90};
    return 0;
}

static int read_device(void *context, struct mill_tuner_reading *reading, struct mill_device_failure *failure)
{
    const struct hand *hand = context;
    struct mill_valve_status now;
    int status = 0;
    if (hand->client) {
        status = mill_device_get_status(hand->client, &now, failure);
    } else {
        mill_spend(hand->state->clock, hand->state->service_ns);
    }
    *reading = (struct mill_tuner_reading){.pos_deg = 45, .running = true};
    return status;
}

static int write_device(void *context, double viscous, struct mill_device_failure *failure)
{
    const struct hand *hand = context;
    struct state *state = hand->state;
    const struct mill_valve_config change = {.fields = MILL_CONFIG_VISCOUS, .viscous = viscous};
    uint64_t steps = steps_of(state, viscous);
    if (hand->client) {
        int status = mill_device_update_config(hand->client, &change, failure);
        if (status < 0) {
            return status;
        }
    } else {
        mill_spend(state->clock, state->service_ns);
    }
    uint64_t before = atomic_exchange_explicit(&state->viscous, steps, memory_order_relaxed);
    atomic_fetch_add_explicit(&state->writes, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&state->contradictions, steps <= before, memory_order_relaxed);
    return 0;
}

static const struct mill_tuner_device device = {.begin = begin, .read = read_device, .write = write_device};

/* ---- the case ---- */

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    if (state->tuning) {
        mill_tuning_ops_of(one->strategy)->destroy(state->tuning);
    }
    for (unsigned i = 0; i < state->threads; i++) {
        mill_device_client_destroy(state->hands[i].client);
    }
    mill_network_valve_close(&state->valve);
    free(state);
}

/* A valve, a client for each thread, and what the valve has. */
static int connect(struct state *state, const struct mill_case *one)
{
    const struct mill_simulator_plan own = {
        .quirks = MILL_QUIRKS_FIRMWARE, .service_ns = state->service_ns, .seed = one->seed};
    struct mill_valve_config config;
    int status = mill_network_valve_open(&state->valve, &own, 0);
    for (unsigned i = 0; status == 0 && i < state->threads; i++) {
        status = mill_network_valve_client(&state->valve, &state->hands[i].client);
    }
    if (status == 0) {
        status = mill_device_get_config(state->valve.client, &config, NULL);
    }
    if (status == 0) {
        state->base = config.viscous;
    }
    return status;
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->hands[0]);
    if (!state) {
        return -ENOMEM;
    }
    const struct mill_tuner_plan plan = {
        .target_nm = 1, .gain = step_of_viscous, .max_step = step_of_viscous, .most = 0x1p20};
    state->clock = one->clock;
    state->service_ns = (uint64_t)one->values[SERVICE];
    state->threads = one->threads;
    for (unsigned i = 0; i < state->threads; i++) {
        state->hands[i].state = state;
    }
    one->state = state;
    int status = one->values[TRANSPORT] == MILL_DEVICE_RIG_HTTP ? connect(state, one) : 0;
    if (status == 0) {
        status = mill_tuning_ops_of(one->strategy)->create(&plan, &state->tuning);
    }
    if (status < 0) {
        teardown(one);
        one->state = NULL;
    }
    return status;
}

static int step(struct mill_worker *worker)
{
    struct state *state = worker->state;
    const struct mill_tuning_ops *ops = mill_tuning_ops_of(worker->the_case->strategy);
    return ops->step(state->tuning, &device, &state->hands[worker->index], NULL, NULL);
}

/* What the valve has in the end: of our own alone it is known who wrote it. */
static void check_valve(struct state *state, uint64_t reached, struct mill_check *check)
{
    const struct mill_valve_config before = {.fields = MILL_CONFIG_VISCOUS, .viscous = state->base};
    struct mill_valve_config live;
    struct mill_device_failure failure;
    if (state->valve.simulator) {
        mill_simulator_config(state->valve.simulator, &live);
        if (steps_of(state, live.viscous) != reached) {
            mill_check_found(check, MILL_LOST_UPDATE, "the tuner reached %" PRIu64 ", and the valve %" PRIu64,
                             reached, steps_of(state, live.viscous));
        }
    } else if (mill_device_update_config(state->valve.client, &before, &failure) < 0) {
        mill_check_found(check, MILL_LOST_UPDATE, "viscous was %g, and could not be written back: %.150s",
                         state->base, failure.message);
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    const struct mill_tuner *tuner = mill_tuning_tuner(state->tuning);
    uint64_t reached = tuner->begun ? steps_of(state, tuner->limits.viscous) : 0;
    uint64_t contradictions = atomic_load_explicit(&state->contradictions, memory_order_relaxed);
    uint64_t viscous = atomic_load_explicit(&state->viscous, memory_order_relaxed);
    uint64_t lost = one->operations > reached ? one->operations - reached : 0;
    if (reached != one->operations || tuner->steps != one->operations || viscous != one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " steps were taken; the tuner counted %" PRIu64 ", reached %" PRIu64
                         ", and the device was told %" PRIu64,
                         one->operations, tuner->steps, reached, viscous);
    }
    if (contradictions > 0) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " values came to the device after one that was as high or higher",
                         contradictions);
    }
    if (one->values[TRANSPORT] == MILL_DEVICE_RIG_HTTP && tuner->begun) {
        check_valve(state, reached, check);
    }
    if (one->operations > 0) {
        mill_check_measured(check, "lost steps", "%", 100.0 * (double)lost / (double)one->operations);
        mill_check_measured(check, "contradictions", "%",
                            100.0 * (double)contradictions / (double)one->operations);
    }
}

static const char *unsupported(const struct mill_case *one)
{
    return one->values[TRANSPORT] == MILL_DEVICE_RIG_HTTP
               ? mill_device_rig_elsewhere_unsupported(MILL_DEVICE_RIG_WRITES)
               : NULL;
}

static const struct mill_role roles[] = {
    {.name = "tuner", .summary = "reads position and torque, decides, writes viscous", .operation = step},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "unlocked",
     .findings = MILL_LOST_UPDATE | MILL_RACE,
     .min_threads = 2,
     .why = "two threads take their steps from the same value, and the later write undoes the earlier"},
};

const struct mill_scenario mill_scenario_tuner_shared = {
    .name = "tuner-shared",
    .summary = "all threads step one tuner: is a step lost, and do steps contradict each other?",
    .family = &mill_tuning_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
