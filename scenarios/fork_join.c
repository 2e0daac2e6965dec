/* Threads have a tree of tasks computed: each node forks one half, computes the other, and joins (row 10 of
 * the patterns). The tree is that of Fibonacci's numbers without any cut-off, so that it is nothing but
 * forking and joining (Frigo, Leiserson and Randall 1998).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "scenarios/pool_rig.h"
#include "task/future.h"

enum { N = MILL_RIG_PARAMETERS };

static const struct mill_parameter parameters[] = {
    MILL_RIG_PARAMETER_ROWS,
    [N] = {.name = "n",
           .summary = "which of Fibonacci's numbers",
           .type = MILL_INTEGER,
           .minimum = 1,
           .maximum = 25,
           .fallback = 14,
           .hunted = 4},
};

/* Greatest tree that a pool may run whose waiting workers take the oldest task: it stands on one stack. */
#define N_OLDEST_FIRST 16

struct node {
    struct mill_pool *pool;
    int64_t n;
    int64_t value;
};

struct grower {
    alignas(MILL_ISOLATION) struct mill_future future;
    struct node root;
    uint64_t submitted, wrong;
    int64_t wrong_value;
    bool under_way; /* the run was over before it was */
};

struct state {
    struct mill_rig rig;
    int64_t n;
    int64_t expected;
    uint64_t tasks; /* in one tree */
    unsigned threads;
    struct grower growers[];
};

static int compute(void *argument)
{
    struct node *node = argument;
    if (node->n < 2) {
        node->value = node->n;
        return 0;
    }
    struct node left = {.pool = node->pool, .n = node->n - 1};
    struct node right = {.pool = node->pool, .n = node->n - 2};
    struct mill_future future;
    mill_future_init(&future, compute, &left);
    int forked = mill_pool_submit_future(node->pool, &future);
    int status = forked < 0 ? compute(&left) : 0; /* a pool that ends takes none: the rest is done here */
    int other = compute(&right);
    if (forked == 0) {
        mill_future_wait(&future, MILL_FOREVER, &status);
    }
    node->value = left.value + right.value;
    return status < 0 ? status : other;
}

static int grow(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct grower *grower = &state->growers[worker->index];
    int result = 0;
    int status;
    if (!grower->under_way) {
        grower->root = (struct node){.pool = state->rig.pool, .n = state->n};
        status = mill_pool_submit_future(state->rig.pool, &grower->future);
        if (status < 0) {
            return status;
        }
        grower->submitted++;
        grower->under_way = true;
    }
    while ((status = mill_future_wait(&grower->future, 100 * MILL_NS_PER_MS, &result)) == -ETIMEDOUT) {
        if (mill_stopping(worker)) {
            return MILL_STOPPED;
        }
    }
    grower->under_way = status < 0;
    if (status == 0 && (result < 0 || grower->root.value != state->expected)) {
        grower->wrong++;
        grower->wrong_value = grower->root.value;
    }
    return status < 0 ? status : MILL_DONE;
}

static const char *unsupported(const struct mill_case *one)
{
    unsigned shape = mill_pool_ops_of(one->strategy)->shape;
    if (shape & (MILL_POOL_NO_ASSIST | MILL_POOL_NO_NESTING)) {
        return "its tasks cannot fork others and wait for them";
    }
    return (shape & MILL_POOL_OLDEST_FIRST) && one->values[N] > N_OLDEST_FIRST
               ? "a waiting worker runs the oldest task, so that this tree would not fit its stack"
               : NULL;
}

/* A node forks one task, and each of its halves what it forks: with 0 for the first two numbers this is
 * the next of Fibonacci's numbers less one; and the root is a task too. */
static void set_answers(struct state *state, int64_t n)
{
    int64_t next = 1;
    state->n = n;
    for (int64_t i = 0; i < n; i++) {
        int64_t after = state->expected + next;
        state->expected = next;
        next = after;
    }
    state->tasks = (uint64_t)next;
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof(struct grower));
    if (!state) {
        return -ENOMEM;
    }
    state->threads = one->threads;
    set_answers(state, one->values[N]);
    for (unsigned i = 0; i < one->threads; i++) {
        mill_future_init(&state->growers[i].future, compute, &state->growers[i].root);
    }
    int status = mill_rig_create(&state->rig, one);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    uint64_t grown = 0;
    uint64_t seen = 0;
    for (unsigned i = 0; i < state->threads; i++) {
        struct grower *grower = &state->growers[i];
        if (grower->under_way) { /* else the end of the pool would cut it short */
            mill_future_wait(&grower->future, MILL_FOREVER, NULL);
        }
        grown += grower->submitted;
        if (grower->wrong > 0) {
            mill_check_found(check, MILL_CORRUPTION,
                             "%" PRIu64 " trees were wrong, such as %" PRId64 " where %" PRId64 " is right",
                             grower->wrong, grower->wrong_value, state->expected);
        }
        seen += grower->submitted - grower->under_way;
    }
    if (seen != one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE, "%" PRIu64 " trees were grown, but %" PRIu64 " counted",
                         seen, one->operations);
    }
    mill_rig_verify(&state->rig, check, grown * state->tasks, 0);
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_rig_destroy(&state->rig);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "grower", .summary = "has one tree computed", .operation = grow},
};

const struct mill_scenario mill_scenario_fork_join = {
    .name = "fork-join",
    .summary = "trees of tasks that fork and join: Fibonacci's numbers without a cut-off",
    .family = &mill_pool_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
