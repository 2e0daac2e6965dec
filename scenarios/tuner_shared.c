/* One tuner that all threads step (row 22 of the patterns). The device's torque is always too small by the
 * same amount, so each step that was taken must have raised viscous by the same 2^-30: what is missing at the
 * end was lost, and a value that comes to the device after a higher one contradicts it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "device/tuning.h"
#include "scenarios/list.h"

enum { SERVICE };

static const struct mill_parameter parameters[] = {
    [SERVICE] = {.name = "service",
                 .summary = "how long the device takes for a read, and for a write",
                 .type = MILL_DURATION,
                 .minimum = 0,
                 .maximum = 100 * MILL_NS_PER_MS,
                 .fallback = MILL_NS_PER_US},
};

static const double step_of_viscous = 0x1p-30;

struct state {
    struct mill_tuning *tuning;
    const struct mill_clock *clock;
    uint64_t service_ns;
    /* the device; relaxed, all: witnesses, which must not order what the tuner's lock should */
    alignas(MILL_ISOLATION) _Atomic uint64_t viscous; /* in steps */
    _Atomic uint64_t writes;
    _Atomic uint64_t contradictions;
};

/* ---- the device ---- */

static int begin(void *context, struct mill_tuner_limits *limits, struct mill_device_failure *failure)
{
    (void)context;
    (void)failure;
    *limits = (struct mill_tuner_limits){.viscous = 0, .closed_pos = 0, .open_pos = 90};
    return 0;
}

static int read_device(void *context, struct mill_tuner_reading *reading, struct mill_device_failure *failure)
{
    const struct state *state = context;
    (void)failure;
    mill_spend(state->clock, state->service_ns);
    *reading = (struct mill_tuner_reading){.pos_deg = 45, .running = true};
    return 0;
}

static int write_device(void *context, double viscous, struct mill_device_failure *failure)
{
    struct state *state = context;
    uint64_t steps = (uint64_t)(viscous / step_of_viscous);
    (void)failure;
    mill_spend(state->clock, state->service_ns);
    uint64_t before = atomic_exchange_explicit(&state->viscous, steps, memory_order_relaxed);
    atomic_fetch_add_explicit(&state->writes, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&state->contradictions, steps <= before, memory_order_relaxed);
    return 0;
}

static const struct mill_tuner_device device = {.begin = begin, .read = read_device, .write = write_device};

/* ---- the case ---- */

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state);
    if (!state) {
        return -ENOMEM;
    }
    const struct mill_tuner_plan plan = {
        .target_nm = 1, .gain = step_of_viscous, .max_step = step_of_viscous, .most = 0x1p20};
    state->clock = one->clock;
    state->service_ns = (uint64_t)one->values[SERVICE];
    int status = mill_tuning_ops_of(one->strategy)->create(&plan, &state->tuning);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

static int step(struct mill_worker *worker)
{
    struct state *state = worker->state;
    const struct mill_tuning_ops *ops = mill_tuning_ops_of(worker->the_case->strategy);
    return ops->step(state->tuning, &device, state, NULL, NULL);
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    const struct mill_tuner *tuner = mill_tuning_tuner(state->tuning);
    uint64_t reached = (uint64_t)(tuner->limits.viscous / step_of_viscous);
    uint64_t contradictions = atomic_load_explicit(&state->contradictions, memory_order_relaxed);
    uint64_t viscous = atomic_load_explicit(&state->viscous, memory_order_relaxed);
    uint64_t lost = one->operations > reached ? one->operations - reached : 0;
    if (reached != one->operations || tuner->steps != one->operations || viscous != one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " steps were taken; the tuner counted %" PRIu64 ", reached %" PRIu64
                         ", and the device has %" PRIu64,
                         one->operations, tuner->steps, reached, viscous);
    }
    if (contradictions > 0) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " values came to the device after one that was as high or higher",
                         contradictions);
    }
    if (one->operations > 0) {
        mill_check_measured(check, "lost steps", "%", 100.0 * (double)lost / (double)one->operations);
        mill_check_measured(check, "contradictions", "%",
                            100.0 * (double)contradictions / (double)one->operations);
    }
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_tuning_ops_of(one->strategy)->destroy(state->tuning);
    free(state);
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
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
