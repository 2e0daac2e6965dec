/* Every thread adds one to the same counter, as fast as it can (row 6 of the patterns). */
#include <inttypes.h>

#include "scenarios/list.h"
#include "sync/counter.h"

static int setup(struct mill_case *one)
{
    struct mill_counter *counter;
    const struct mill_counter_ops *ops = mill_counter_ops_of(one->strategy);
    int status = ops->create(ops, one->threads, &counter);
    one->state = status == 0 ? counter : NULL;
    return status;
}

/* An addition is told nothing: a recorded run looks at the counter after each. */
static int add_recorded(struct mill_worker *worker)
{
    const struct mill_counter_ops *ops = mill_counter_ops_of(worker->the_case->strategy);
    mill_worker_called(worker, MILL_CALL_COUNTER_INCREMENT, 0, 0, 0);
    ops->add(worker->state, worker->index, 1);
    mill_worker_returned(worker, 0);
    mill_worker_called(worker, MILL_CALL_COUNTER_READ, 0, 0, 0);
    mill_worker_returned(worker, ops->read(worker->state));
    return MILL_DONE;
}

static int add_one(struct mill_worker *worker)
{
    if (mill_worker_records(worker)) {
        return add_recorded(worker);
    }
    mill_counter_ops_of(worker->the_case->strategy)->add(worker->state, worker->index, 1);
    return MILL_DONE;
}

static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    (void)one;
    (void)copy;
    return &mill_model_counter;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    int64_t shown = mill_counter_ops_of(one->strategy)->read(one->state);
    if (shown != (int64_t)one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " additions of one, but the counter shows %" PRId64, one->operations,
                         shown);
    }
}

static void teardown(struct mill_case *one)
{
    mill_counter_ops_of(one->strategy)->destroy(one->state);
}

static const struct mill_role roles[] = {
    {.name = "adder", .summary = "adds one", .operation = add_one},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "unsafe",
     .findings = MILL_LOST_UPDATE | MILL_RACE | MILL_WRONG_ANSWER,
     .min_threads = 2,
     .why = "two threads read the same value, and the later write undoes the earlier one"},
};

const struct mill_scenario mill_scenario_counter = {
    .name = "counter",
    .summary = "all threads add to one counter",
    .family = &mill_counter_family,
    .plain = true,
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .model = model,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
