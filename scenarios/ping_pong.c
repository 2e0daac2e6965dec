/* Pairs of threads send one item there and back through two queues of their own: what a round trip costs when
 * each side waits for the other. With as many processors as threads both sides spin; with fewer, or with
 * `pause` longer than the waiting looks, every hop is a wake-up.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "scenarios/queue_load.h"

enum { PAUSE };
enum { CALLER, SERVER };

static const struct mill_parameter parameters[] = {
    [PAUSE] = {.name = "pause",
               .summary = "what a caller does between two calls",
               .type = MILL_DURATION,
               .maximum = MILL_NS_PER_S},
};

struct pair {
    struct mill_queue *there, *back;
    alignas(MILL_ISOLATION) uint64_t calls;  /* the caller's, and so is the next */
    uint64_t wrong;                          /* answers that were another call's */
    alignas(MILL_ISOLATION) uint64_t served; /* the server's */
};

struct state {
    unsigned count;
    struct pair *pairs;
};

static const char *unsupported(const struct mill_case *one)
{
    return one->threads % 2 != 0 ? "needs an even number of threads" : NULL;
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    for (unsigned i = 0; state->pairs && i < state->count; i++) {
        mill_queue_destroy(state->pairs[i].there);
        mill_queue_destroy(state->pairs[i].back);
    }
    free(state->pairs);
    free(state);
}

static int setup(struct mill_case *one)
{
    const struct mill_queue_ops *ops = mill_queue_ops_of(one->strategy);
    struct state *state = mill_isolated_alloc(sizeof *state);
    if (!state) {
        return -ENOMEM;
    }
    one->state = state;
    state->count = one->threads / 2;
    state->pairs = mill_isolated_alloc(state->count * sizeof *state->pairs);
    int status = state->pairs ? 0 : -ENOMEM;
    for (unsigned i = 0; status == 0 && i < state->count; i++) {
        status = mill_queue_create(ops, 2, &state->pairs[i].there);
        if (status == 0) {
            status = mill_queue_create(ops, 2, &state->pairs[i].back);
        }
    }
    if (status < 0) {
        teardown(one);
    }
    return status;
}

static struct pair *pair_of(const struct mill_worker *worker)
{
    struct state *state = worker->state;
    return &state->pairs[worker->index_in_role];
}

static int call(struct mill_worker *worker)
{
    struct pair *pair = pair_of(worker);
    void *asked = mill_load_item(worker->index_in_role, pair->calls);
    void *answer = NULL;
    int status = mill_queue_put(pair->there, asked, MILL_FOREVER);
    if (status == 0) {
        status = mill_queue_get(pair->back, &answer, MILL_FOREVER);
    }
    pair->calls += status == 0;
    pair->wrong += answer != asked;
    return status;
}

static void rest(struct mill_worker *worker)
{
    mill_spend(worker->clock, (uint64_t)worker->the_case->values[PAUSE]);
}

static void finish_calling(struct mill_worker *worker)
{
    mill_queue_close(pair_of(worker)->there);
}

static int serve(struct mill_worker *worker)
{
    struct pair *pair = pair_of(worker);
    void *asked;
    mill_worker_latency_since(worker, MILL_NO_LATENCY);
    int status = mill_queue_get(pair->there, &asked, MILL_FOREVER);
    if (status < 0) {
        return status == -EPIPE ? MILL_STOPPED : status;
    }
    pair->served++;
    return mill_queue_put(pair->back, asked, MILL_FOREVER);
}

/* A caller that waits for its answer gets it. */
static void finish_serving(struct mill_worker *worker)
{
    while (serve(worker) == MILL_DONE) {
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    for (unsigned i = 0; i < state->count; i++) {
        const struct pair *pair = &state->pairs[i];
        if (pair->wrong > 0) {
            mill_check_found(check, MILL_CORRUPTION, "pair %u: %" PRIu64 " answers were not to the question",
                             i, pair->wrong);
        }
        if (pair->calls != pair->served) {
            mill_check_found(check, MILL_LOST_UPDATE,
                             "pair %u: %" PRIu64 " calls were answered, but %" PRIu64 " were served", i,
                             pair->calls, pair->served);
        }
    }
}

static const struct mill_role roles[] = {
    [CALLER] = {.name = "caller",
                .summary = "asks and waits for the answer",
                .operation = call,
                .between = rest,
                .finish = finish_calling},
    [SERVER] = {.name = "server", .summary = "answers", .operation = serve, .finish = finish_serving},
};

const struct mill_scenario mill_scenario_ping_pong = {
    .name = "ping-pong",
    .summary = "pairs of threads send one item there and back",
    .family = &mill_queue_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .min_threads = 2,
    .waits = "a caller waits for the answer of who has taken its question",
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
