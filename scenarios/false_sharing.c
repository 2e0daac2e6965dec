/* Every thread adds to a counter of its own; only the distance between the counters differs (row 26 of the
 * patterns). */
#include <inttypes.h>

#include "scenarios/list.h"
#include "sync/slots.h"

static int setup(struct mill_case *one)
{
    struct mill_slots *slots;
    const struct mill_slots_ops *ops = mill_slots_ops_of(one->strategy);
    int status = ops->create(ops, one->threads, &slots);
    one->state = status == 0 ? slots : NULL;
    return status;
}

static int add_to_own(struct mill_worker *worker)
{
    mill_slots_ops_of(worker->the_case->strategy)->add(worker->state, worker->index, 1);
    return MILL_DONE;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < one->threads; i++) {
        sum += mill_slots_ops_of(one->strategy)->read(one->state, i);
    }
    if (sum != (int64_t)one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " additions of one, but the slots sum to %" PRId64, one->operations, sum);
    }
}

static void teardown(struct mill_case *one)
{
    mill_slots_ops_of(one->strategy)->destroy(one->state);
}

static const struct mill_role roles[] = {
    {.name = "adder", .summary = "adds one to its own slot", .operation = add_to_own},
};

const struct mill_scenario mill_scenario_false_sharing = {
    .name = "false-sharing",
    .summary = "each thread adds to its own counter, near to the others' or far from them",
    .family = &mill_slots_family,
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
