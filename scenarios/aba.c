/* Threads take two nodes from a free list and give them back in the order in which they took them (row 7 of
 * the patterns). With the first node back on top and the second still in hand, a slow taker that saw both is
 * set up for ABA: its swap succeeds and puts the second node into the list while it is owned.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "sync/freelist.h"

enum { NODES };

static const struct mill_parameter parameters[] = {
    [NODES] = {.name = "nodes",
               .summary = "nodes in the list, at least two a thread",
               .type = MILL_INTEGER,
               .minimum = 4,
               .maximum = 65536,
               .fallback = 64},
};

struct state {
    const struct mill_freelist_ops *ops;
    struct mill_freelist *list;
    int32_t nodes;
    alignas(MILL_ISOLATION) atomic_uint had_twice; /* takes of a node that had an owner */
    atomic_uint gone; /* takes that found nothing, though nodes must have been left */
    alignas(MILL_ISOLATION) atomic_bool owned[];
};

static const char *unsupported(const struct mill_case *one)
{
    return one->values[NODES] < 2 * (int64_t)one->threads ? "needs nodes to be at least twice the threads"
                                                          : NULL;
}

/* A stack is empty at first; the list has all its nodes, the first one on top. */
static void record_the_first(const struct mill_case *one)
{
    for (int64_t node = one->values[NODES]; one->history && node-- > 0;) {
        mill_case_returned(one, mill_case_called(one, MILL_CALL_STACK_PUSH, 0, node, 0), 0);
    }
}

static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    (void)one;
    (void)copy;
    return &mill_model_stack;
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + (size_t)one->values[NODES]);
    if (!state) {
        return -ENOMEM;
    }
    state->ops = mill_freelist_ops_of(one->strategy);
    state->nodes = (int32_t)one->values[NODES];
    int status = state->ops->create(state->nodes, &state->list);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    record_the_first(one);
    return 0;
}

/* relaxed, here and in `give`: a witness, which must not order what the free list should order */
static int32_t take(struct state *state)
{
    int32_t node = state->ops->take(state->list);
    if (node == MILL_FREELIST_EMPTY) {
        atomic_fetch_add_explicit(&state->gone, 1, memory_order_relaxed);
    } else if (atomic_exchange_explicit(&state->owned[node], true, memory_order_relaxed)) {
        atomic_fetch_add_explicit(&state->had_twice, 1, memory_order_relaxed);
    }
    return node;
}

static void give(struct state *state, int32_t node)
{
    atomic_store_explicit(&state->owned[node], false, memory_order_relaxed);
    state->ops->give(state->list, node);
}

static int32_t take_one(struct mill_worker *worker)
{
    mill_worker_called(worker, MILL_CALL_STACK_POP, 0, 0, 0);
    int32_t node = take(worker->state);
    mill_worker_returned(worker, node == MILL_FREELIST_EMPTY ? -EAGAIN : node);
    return node;
}

static void give_one(struct mill_worker *worker, int32_t node)
{
    if (node != MILL_FREELIST_EMPTY) {
        mill_worker_called(worker, MILL_CALL_STACK_PUSH, 0, node, 0);
        give(worker->state, node);
        mill_worker_returned(worker, 0);
    }
}

static int take_two(struct mill_worker *worker)
{
    int32_t first = take_one(worker);
    int32_t second = take_one(worker);
    give_one(worker, first);
    give_one(worker, second);
    return MILL_DONE;
}

/* Takes all that is in the list: a broken one may be a circle, so no more than there can be. */
static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    unsigned twice = atomic_load_explicit(&state->had_twice, memory_order_relaxed);
    unsigned gone = atomic_load_explicit(&state->gone, memory_order_relaxed);
    if (twice > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%u times a node was had by two owners", twice);
    }
    if (gone > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%u times the list was empty though nodes must have been left", gone);
    }
    int32_t found = 0;
    while (found <= state->nodes && take(state) != MILL_FREELIST_EMPTY) {
        found++;
    }
    if (found != state->nodes) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRId32 " nodes went in, %s%" PRId32 " came out",
                         state->nodes, found > state->nodes ? "at least " : "", found);
    }
    if (atomic_load_explicit(&state->had_twice, memory_order_relaxed) > twice) {
        mill_check_found(check, MILL_CORRUPTION, "a node was in the list twice");
    }
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    state->ops->destroy(state->list);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "borrower", .summary = "takes two nodes and gives them back", .operation = take_two},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "untagged",
     .findings = MILL_CORRUPTION | MILL_WRONG_ANSWER,
     .min_threads = 2,
     .why = "the head went from A to B and back to A between a taker's read and its swap (ABA)"},
};

const struct mill_scenario mill_scenario_aba = {
    .name = "aba",
    .summary = "threads borrow nodes of a free list, in the order that provokes ABA",
    .family = &mill_freelist_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .unsupported = unsupported,
    .model = model,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
