/* The valve loses its power now and then while many threads send it commands: each command is applied exactly
 * once, or reported failed, and then with the truth about whether it may have been applied; and the clients
 * find the valve again.
 *
 * A valve in this process is switched off by a call, a simulated one elsewhere by an order over the wire, and
 * tells how many commands it applied likewise; if nobody else writes to it. A real one takes no such order.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/device_orders.h"
#include "scenarios/device_rig.h"
#include "scenarios/list.h"

enum { EVERY = MILL_DEVICE_RIG_PARAMETERS, OFF, CYCLES };

static const struct mill_parameter parameters[] = {
    MILL_DEVICE_RIG_PARAMETER_ROWS(MILL_DEVICE_RIG_HTTP),
    [EVERY] = {.name = "every",
               .summary = "time with power between two times without",
               .type = MILL_DURATION,
               .minimum = 1000,
               .maximum = 60 * MILL_NS_PER_S,
               .fallback = 25 * MILL_NS_PER_MS},
    [OFF] = {.name = "off",
             .summary = "how long the power is off",
             .type = MILL_DURATION,
             .maximum = MILL_NS_PER_S,
             .fallback = 5 * MILL_NS_PER_MS},
    [CYCLES] = {.name = "cycles",
                .summary = "how often in a run",
                .type = MILL_INTEGER,
                .minimum = 1,
                .maximum = 1000000,
                .fallback = 5},
};

enum { SENDER, SWITCH };

/* Of one thread. */
struct sender {
    alignas(MILL_ISOLATION) uint64_t sent;
    uint64_t applied; /* reported so */
    uint64_t maybe;   /* reported failed, and perhaps applied */
    uint64_t failed;  /* reported failed, and not applied */
    uint64_t last_ns; /* when one was reported applied */
    uint64_t outage_ns;
};

struct state {
    struct mill_device_rig rig;
    uint64_t every_ns;
    uint64_t off_ns;
    uint64_t cycles;
    uint64_t before;                         /* applied when it began */
    alignas(MILL_ISOLATION) uint64_t cycled; /* the switch's */
    struct sender senders[];
};

/* ---- the valve, here or behind the wire ---- */

static int ask_applied(const struct mill_device_rig *rig, uint64_t *applied)
{
    if (rig->simulator) {
        *applied = mill_simulator_applied(rig->simulator);
        return 0;
    }
    return mill_device_orders_applied(&rig->plan.to, applied);
}

static int switch_off(const struct mill_device_rig *rig, uint64_t off_ns)
{
    if (rig->simulator) {
        mill_simulator_power_cycle(rig->simulator, off_ns);
        return 0;
    }
    return mill_device_orders_power_cycle(&rig->plan.to, off_ns);
}

/* ---- commands, and the switch ---- */

static int command(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct sender *sender = &state->senders[worker->index];
    struct mill_device_failure failure = {.maybe_done = false};
    const struct mill_valve_config change = {
        .fields = MILL_CONFIG_WALL_STIFFNESS,
        .wall_stiffness = (double)(sender->sent++ % 1000),
    };
    int result = mill_sharing_update_config(state->rig.sharing, worker->index, &change, &failure);
    if (result == 0) {
        uint64_t now_ns = mill_now_ns();
        uint64_t gap_ns = sender->applied++ > 0 ? now_ns - sender->last_ns : 0;
        sender->outage_ns = gap_ns > sender->outage_ns ? gap_ns : sender->outage_ns;
        sender->last_ns = now_ns;
    } else if (failure.maybe_done) {
        sender->maybe++;
    } else {
        sender->failed++;
    }
    return MILL_DONE;
}

/* False when the run is over. */
static bool wait_until(const struct mill_worker *worker, uint64_t deadline_ns)
{
    for (uint64_t now_ns = mill_now_ns(); now_ns < deadline_ns && !mill_stopping(worker);
         now_ns = mill_now_ns()) {
        uint64_t nap_ns = now_ns + MILL_NS_PER_MS;
        mill_sleep_until(nap_ns < deadline_ns ? nap_ns : deadline_ns);
    }
    return !mill_stopping(worker);
}

static int cycle_power(struct mill_worker *worker)
{
    struct state *state = worker->state;
    bool another = state->cycled < state->cycles;
    if (!wait_until(worker, another ? mill_now_ns() + state->every_ns : UINT64_MAX)) {
        return MILL_STOPPED;
    }
    int status = switch_off(&state->rig, state->off_ns);
    state->cycled += status == 0;
    return status < 0 ? status : MILL_DONE;
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->senders[0]);
    if (!state) {
        return -ENOMEM;
    }
    state->every_ns = (uint64_t)one->values[EVERY];
    state->off_ns = (uint64_t)one->values[OFF];
    state->cycles = (uint64_t)one->values[CYCLES];
    int status = mill_device_rig_open(&state->rig, one);
    if (status == 0 && (status = ask_applied(&state->rig, &state->before)) < 0) {
        mill_device_rig_close(&state->rig);
    }
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
    struct sender all = {0};
    uint64_t after = 0;
    for (unsigned i = 0; i < one->threads; i++) {
        const struct sender *sender = &state->senders[i];
        all.applied += sender->applied;
        all.maybe += sender->maybe;
        all.failed += sender->failed;
        all.outage_ns = sender->outage_ns > all.outage_ns ? sender->outage_ns : all.outage_ns;
    }
    if (ask_applied(&state->rig, &after) < 0) {
        mill_check_found(check, MILL_CORRUPTION, "the valve does not answer any more");
        return;
    }
    uint64_t truth = after - state->before;
    if (truth < all.applied || truth > all.applied + all.maybe) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " commands were reported applied, %" PRIu64 " perhaps, %" PRIu64
                         " not; the valve applied %" PRIu64,
                         all.applied, all.maybe, all.failed, truth);
    }
    mill_check_measured(check, "cycles", "", (double)state->cycled);
    mill_check_measured(check, "outage max", "ns", (double)all.outage_ns);
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
    if (one->values[MILL_DEVICE_RIG_TRANSPORT] == MILL_DEVICE_RIG_IN_PROCESS) {
        return "a model in this process has no power to lose: take transport=http or process";
    }
    return mill_device_rig_unsupported(one, MILL_DEVICE_RIG_WRITES);
}

static const struct mill_role roles[] = {
    [SENDER] = {.name = "sender",
                .summary = "sends a command and waits for what became of it",
                .operation = command},
    [SWITCH] = {.name = "switch",
                .summary = "takes the valve's power away for a while",
                .operation = cycle_power,
                .threads = 1},
};

const struct mill_scenario mill_scenario_device_power_cycle = {
    .name = "device-power-cycle",
    .summary = "the valve loses its power: each command is applied once or reported failed",
    .family = &mill_sharing_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .min_threads = 2,
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .interrupt = mill_device_rig_interrupt,
    .teardown = teardown,
};
