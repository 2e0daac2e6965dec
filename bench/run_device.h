/* The valve that a run speaks to in the place of the scenarios' own (--device).
 *
 *     if (mill_run_device_check(&mill_scenarios, names, count, &error) < 0) …
 *     if (mill_run_device_ask(&target, &error) < 0) …        before anything is planned
 *     if (mill_run_device_orders(&target, names, count, &error) < 0) …
 *     settings.helped = mill_run_device_is_here(&target);
 *     if (mill_run_device_serves(&plan)) …                   the scenarios' own, in processes of their own
 *     mill_run_device_name(result, &target);                 as soon as the document has its cells
 *
 * Any thread may call these; those that ask or try block, for some seconds at most.
 */
#ifndef MILL_BENCH_RUN_DEVICE_H
#define MILL_BENCH_RUN_DEVICE_H

#include <jansson.h>
#include <stdbool.h>

#include "command_device.h"
#include "harness/plan.h"
#include "harness/scenario.h"

/* Can each of these speak to a valve elsewhere? -EINVAL with a message that names one that cannot, and those
 * that can. A name that `list` has not is left to the plan. */
int mill_run_device_check(const struct mill_scenario_list *list, const char *const *names, size_t count,
                          struct mill_error *error);

/* Asks it for its status. 0; a negative errno with a message that names it when it does not answer, or with
 * something else than a valve does. */
int mill_run_device_ask(const struct mill_device_target *target, struct mill_error *error);

/* Does it take the orders (scenarios/device_orders.h) that these scenarios give? 0, also where they give
 * none; a negative errno with a message, -EOPNOTSUPP where it is no simulated one. */
int mill_run_device_orders(const struct mill_device_target *target, const char *const *names, size_t count,
                           struct mill_error *error);

/* Does a cell that can run have a valve in a process of its own (transport=process)? */
bool mill_run_device_serves(const struct mill_plan *plan);

/* Serves such a valve and ends it again. 0; a negative errno with a message that says why it cannot start. */
int mill_run_device_try_process(struct mill_error *error);

/* Is its address one of this machine? A name that means nothing is of none. */
bool mill_run_device_is_here(const struct mill_device_target *target);

/* In the cells that speak to it, its address takes the place of the parameters that describe a valve of the
 * scenario's own. */
void mill_run_device_name(json_t *result, const struct mill_device_target *target);

#endif
