/* Each thread gives control to a partner of its own and takes it back: a switch between coroutines against
 * one between threads that share a processor (rows 25 and 26 of the patterns).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "task/switcher.h"

struct side {
    alignas(MILL_ISOLATION) struct mill_switcher *switcher; /* made by the thread that uses it, so that its
                                                               partner shares the processor */
    uint64_t given;
    uint64_t had; /* turns of the partner; set at the end */
};

static int setup(struct mill_case *one)
{
    one->state = mill_isolated_alloc(one->threads * sizeof(struct side));
    return one->state ? 0 : -ENOMEM;
}

static struct side *side_of(const struct mill_worker *worker)
{
    struct side *sides = worker->state;
    return &sides[worker->index];
}

static int give_and_take(struct mill_worker *worker)
{
    const struct mill_switcher_ops *ops = mill_switcher_ops_of(worker->the_case->strategy);
    struct side *side = side_of(worker);
    if (!side->switcher) {
        int status = ops->create(&side->switcher);
        if (status < 0) {
            return status;
        }
    }
    int status = ops->there_and_back(side->switcher);
    side->given += status == 0;
    return status;
}

static void end(struct mill_worker *worker)
{
    const struct mill_switcher_ops *ops = mill_switcher_ops_of(worker->the_case->strategy);
    struct side *side = side_of(worker);
    if (side->switcher) {
        side->had = ops->turns(side->switcher);
        ops->destroy(side->switcher);
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct side *sides = one->state;
    for (unsigned i = 0; i < one->threads; i++) {
        if (sides[i].given != sides[i].had) {
            mill_check_found(check, MILL_LOST_UPDATE,
                             "thread %u gave %" PRIu64 " turns, its partner had %" PRIu64, i, sides[i].given,
                             sides[i].had);
        }
    }
}

static void teardown(struct mill_case *one)
{
    free(one->state);
}

static const struct mill_role roles[] = {
    {.name = "player",
     .summary = "gives control and takes it back",
     .operation = give_and_take,
     .finish = end},
};

const struct mill_scenario mill_scenario_context_switch = {
    .name = "context-switch",
    .summary = "control given to a partner and taken back, by coroutines or threads",
    .family = &mill_switcher_family,
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
