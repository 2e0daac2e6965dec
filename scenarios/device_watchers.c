/* A thread that watches the position twice a second and one that watches the torque once a second, beside a
 * crowd that reads as fast as it can (row 23 of the patterns; guide 4, pattern 1): how long do the two wait,
 * and how old is what they get?
 *
 * A watcher's reads are due at absolute moments; that it waits for them is no part of its latency.
 */
#include <errno.h>
#include <stdlib.h>

#include "scenarios/device_rig.h"
#include "scenarios/list.h"

enum { POSITION = MILL_DEVICE_RIG_PARAMETERS, TORQUE };

static const struct mill_parameter parameters[] = {
    MILL_DEVICE_RIG_PARAMETER_ROWS(MILL_DEVICE_RIG_IN_PROCESS),
    [POSITION] = {.name = "position-every",
                  .summary = "time from one look at the position to the next",
                  .type = MILL_DURATION,
                  .minimum = MILL_NS_PER_MS,
                  .maximum = 60 * MILL_NS_PER_S,
                  .fallback = 500 * MILL_NS_PER_MS},
    [TORQUE] = {.name = "torque-every",
                .summary = "time from one look at the torque to the next",
                .type = MILL_DURATION,
                .minimum = MILL_NS_PER_MS,
                .maximum = 60 * MILL_NS_PER_S,
                .fallback = MILL_NS_PER_S},
};

enum { CROWD, POSITION_WATCHER, TORQUE_WATCHER, ROLES };

/* A watcher leaves at the end of the run, not at its next look. */
#define NAP_NS (2 * MILL_NS_PER_MS)

struct state {
    struct mill_device_rig rig;
    uint64_t every_ns[ROLES];
    struct mill_staleness *waits[ROLES]; /* of the watchers: from when a look was due to its answer */
    struct {
        alignas(MILL_ISOLATION) uint64_t due_ns;
    } watchers[ROLES];
};

static void close_state(struct state *state)
{
    mill_device_rig_close(&state->rig);
    for (unsigned role = 0; role < ROLES; role++) {
        mill_staleness_destroy(state->waits[role]);
    }
    free(state);
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state);
    if (!state) {
        return -ENOMEM;
    }
    state->every_ns[POSITION_WATCHER] = (uint64_t)one->values[POSITION];
    state->every_ns[TORQUE_WATCHER] = (uint64_t)one->values[TORQUE];
    int status = mill_device_rig_open(&state->rig, one);
    for (unsigned role = POSITION_WATCHER; role < ROLES && status == 0; role++) {
        status = mill_staleness_create(1, &state->waits[role]);
    }
    if (status < 0) {
        close_state(state);
        return status;
    }
    one->state = state;
    return 0;
}

static int read_as_fast_as_it_can(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    struct mill_valve_status status;
    int result = mill_sharing_get_status(state->rig.sharing, worker->index, &status, NULL, NULL);
    /* a valve behind HTTP may turn one of a crowd away */
    return result < 0 && mill_device_rig_always_answers(&state->rig) ? result : MILL_DONE;
}

static int watch(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct mill_valve_status status;
    struct mill_sharing_stamp stamp;
    uint64_t due_ns = state->watchers[worker->role].due_ns;
    uint64_t from_ns = due_ns ? due_ns : mill_now_ns();
    int result = mill_sharing_get_status(state->rig.sharing, worker->index, &status, &stamp, NULL);
    if (result < 0) {
        return result;
    }
    uint64_t now_ns = mill_now_ns();
    mill_staleness_note(state->waits[worker->role], 0, from_ns, now_ns);
    mill_staleness_note(state->rig.staleness, worker->index, stamp.asked_ns, now_ns);
    state->watchers[worker->role].due_ns = from_ns + state->every_ns[worker->role];
    return MILL_DONE;
}

static void await_next_look(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    uint64_t due_ns = state->watchers[worker->role].due_ns;
    for (uint64_t now_ns = mill_now_ns(); now_ns < due_ns && !mill_stopping(worker); now_ns = mill_now_ns()) {
        mill_sleep_until(due_ns - now_ns < NAP_NS ? due_ns : now_ns + NAP_NS);
    }
}

static void measure_waits(struct mill_staleness *waits, const char *p99, const char *max,
                          struct mill_check *check)
{
    struct mill_staleness_summary summary;
    mill_staleness_read(waits, &summary);
    mill_check_measured(check, p99, "ns", (double)summary.p99_ns);
    mill_check_measured(check, max, "ns", (double)summary.max_ns);
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    struct mill_staleness_summary ages;
    mill_staleness_read(state->rig.staleness, &ages);
    measure_waits(state->waits[POSITION_WATCHER], "position p99", "position max", check);
    measure_waits(state->waits[TORQUE_WATCHER], "torque p99", "torque max", check);
    mill_check_measured(check, "age p99", "ns", (double)ages.p99_ns);
    mill_check_measured(check, "looks", "", (double)ages.count);
    if (ages.backwards > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%llu answers were there before the valve was asked for them",
                         (unsigned long long)ages.backwards);
    }
}

static void teardown(struct mill_case *one)
{
    close_state(one->state);
}

static const char *unsupported(const struct mill_case *one)
{
    if (one->strategy->traits & MILL_CONTROL) {
        return "that answers are another thread's is looked for by device-read";
    }
    return mill_device_rig_unsupported(one, MILL_DEVICE_RIG_READS);
}

static const struct mill_role roles[] = {
    [CROWD] = {.name = "crowd",
               .summary = "reads the status as fast as it can",
               .operation = read_as_fast_as_it_can},
    [POSITION_WATCHER] = {.name = "position",
                          .summary = "looks at the position at an interval",
                          .operation = watch,
                          .between = await_next_look,
                          .threads = 1},
    [TORQUE_WATCHER] = {.name = "torque",
                        .summary = "looks at the torque at an interval",
                        .operation = watch,
                        .between = await_next_look,
                        .threads = 1},
};

const struct mill_scenario mill_scenario_device_watchers = {
    .name = "device-watchers",
    .summary = "position at 2 Hz and torque at 1 Hz beside a crowd of readers: how long do they wait?",
    .family = &mill_sharing_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .min_threads = 3,
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .interrupt = mill_device_rig_interrupt,
    .teardown = teardown,
};
