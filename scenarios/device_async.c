/* A thousand questions to one valve at once (row 19 of the patterns; guide 4, pattern 3). The event loop has
 * all of them under way, in as many connections as the device takes; every other strategy asks one after the
 * other in each thread. Each is answered once, and the device never has to turn a connection of the loop's
 * away.
 *
 * An operation is a burst: the thread's share of the questions, asked and answered.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/device_rig.h"
#include "scenarios/list.h"

enum { OUTSTANDING = MILL_DEVICE_RIG_PARAMETERS };

static const struct mill_parameter parameters[] = {
    MILL_DEVICE_RIG_PARAMETER_ROWS(MILL_DEVICE_RIG_HTTP),
    [OUTSTANDING] = {.name = "outstanding",
                     .summary = "questions of all threads at once",
                     .type = MILL_INTEGER,
                     .minimum = 1,
                     .maximum = 50000,
                     .fallback = 1000},
};

struct asker {
    alignas(MILL_ISOLATION) uint64_t asked;
    uint64_t answered;
    uint64_t failed;
    int last; /* why the last that failed did */
    struct mill_sharing_reply *replies;
};

struct state {
    struct mill_device_rig rig;
    unsigned threads;
    size_t share; /* of a thread */
    struct asker askers[];
};

#define NOT_ANSWERED 1 /* no result of any question */

static int ask(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct asker *asker = &state->askers[worker->index];
    for (size_t i = 0; i < state->share; i++) {
        asker->replies[i].result = NOT_ANSWERED;
    }
    asker->asked += state->share;
    mill_sharing_get_many(state->rig.sharing, worker->index, asker->replies, state->share);
    for (size_t i = 0; i < state->share; i++) {
        int result = asker->replies[i].result;
        asker->answered += result == 0;
        asker->failed += result < 0;
        asker->last = result < 0 ? result : asker->last;
    }
    return MILL_DONE;
}

static void close_state(struct state *state)
{
    mill_device_rig_close(&state->rig);
    for (unsigned i = 0; i < state->threads; i++) {
        free(state->askers[i].replies);
    }
    free(state);
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->askers[0]);
    if (!state) {
        return -ENOMEM;
    }
    state->threads = one->threads;
    state->share = ((size_t)one->values[OUTSTANDING] + one->threads - 1) / one->threads;
    int status = mill_device_rig_open(&state->rig, one);
    for (unsigned i = 0; i < one->threads && status == 0; i++) {
        state->askers[i].replies = calloc(state->share, sizeof *state->askers[i].replies);
        status = state->askers[i].replies ? 0 : -ENOMEM;
    }
    if (status < 0) {
        close_state(state);
        return status;
    }
    one->state = state;
    return 0;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    struct mill_simulator_counts counts = {0};
    struct asker all = {0};
    bool loop = mill_sharing_ops_of(one->strategy)->get_many != NULL;
    for (unsigned i = 0; i < one->threads; i++) {
        all.asked += state->askers[i].asked;
        all.answered += state->askers[i].answered;
        all.failed += state->askers[i].failed;
        all.last = state->askers[i].last != 0 ? state->askers[i].last : all.last;
    }
    if (state->rig.simulator) {
        mill_simulator_counts(state->rig.simulator, &counts);
    }
    if (all.answered + all.failed != all.asked) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " questions, but %" PRIu64 " answers and %" PRIu64 " failures", all.asked,
                         all.answered, all.failed);
    }
    if (loop && (counts.refused > 0 || (all.failed > 0 && state->rig.simulator))) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " connections of the loop's were too many, and %" PRIu64
                         " questions failed, the last with %d",
                         counts.refused, all.failed, all.last);
    }
    mill_check_measured(check, "questions", "", (double)all.asked);
    mill_check_measured(check, "failed", "", (double)all.failed);
    mill_check_measured(check, "refused", "", (double)counts.refused);
}

static void teardown(struct mill_case *one)
{
    close_state(one->state);
}

static const char *unsupported(const struct mill_case *one)
{
    return mill_device_rig_unsupported(one, MILL_DEVICE_RIG_READS);
}

static const struct mill_role roles[] = {
    {.name = "asker", .summary = "asks its share of the questions, and waits for all", .operation = ask},
};

const struct mill_scenario mill_scenario_device_async = {
    .name = "device-async",
    .summary = "a thousand questions at once, within the connections that the device takes",
    .family = &mill_sharing_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .interrupt = mill_device_rig_interrupt,
    .teardown = teardown,
};
