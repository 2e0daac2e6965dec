/* What the scenarios of pools share: a pool made from the parameters, and what its workers cost while there
 * is nothing to do.
 *
 * A scenario's first parameters are these; its own follow from MILL_RIG_PARAMETERS on.
 */
#ifndef MILL_SCENARIOS_POOL_RIG_H
#define MILL_SCENARIOS_POOL_RIG_H

#include "harness/scenario.h"
#include "task/pool.h"

enum { MILL_RIG_WORKERS, MILL_RIG_SPIN, MILL_RIG_PARAMETERS };

#define MILL_RIG_PARAMETER_ROWS                                                                     \
    [MILL_RIG_WORKERS] = {.name = "workers",                                                        \
                          .summary = "threads of the pool",                                         \
                          .type = MILL_INTEGER,                                                     \
                          .minimum = 1,                                                             \
                          .maximum = MILL_POOL_WORKERS_MAX,                                         \
                          .fallback = 2},                                                           \
    [MILL_RIG_SPIN] = {.name = "spin",                                                              \
                       .summary = "how long a worker without work looks for some before it sleeps", \
                       .type = MILL_DURATION,                                                       \
                       .maximum = MILL_NS_PER_S,                                                    \
                       .fallback = MILL_POOL_SPIN}

struct mill_rig {
    struct mill_pool *pool;
    double idle_percent; /* processor time of all workers over the time that passed, with no task there */
};

/* Makes the pool, leaves it alone for a while and measures that. 0 or a negative errno. */
int mill_rig_create(struct mill_rig *rig, const struct mill_case *one);

/* Lets the pool drain and checks what it has counted. */
void mill_rig_verify(const struct mill_rig *rig, struct mill_check *check, uint64_t done, uint64_t failed);

void mill_rig_destroy(struct mill_rig *rig);

#endif
