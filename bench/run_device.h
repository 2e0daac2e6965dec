/* The valve that a run speaks to in the place of the scenarios' own (--device).
 *
 *     if (mill_run_device_check(&mill_scenarios, names, count, &error) < 0) …
 *     if (mill_run_device_ask(&target, &error) < 0) …        before anything is planned
 *     settings.helped = mill_run_device_is_here(&target);
 *     mill_run_device_name(result, &target);                 as soon as the document has its cells
 *
 * Any thread may call these; the first blocks, for some seconds at most.
 */
#ifndef MILL_BENCH_RUN_DEVICE_H
#define MILL_BENCH_RUN_DEVICE_H

#include <jansson.h>
#include <stdbool.h>

#include "command_device.h"
#include "harness/scenario.h"

/* Can each of these speak to a valve elsewhere? -EINVAL with a message that names one that cannot, and those
 * that can. A name that `list` has not is left to the plan. */
int mill_run_device_check(const struct mill_scenario_list *list, const char *const *names, size_t count,
                          struct mill_error *error);

/* Asks it for its status. 0; a negative errno with a message that names it when it does not answer, or with
 * something else than a valve does. */
int mill_run_device_ask(const struct mill_device_target *target, struct mill_error *error);

/* Is its address one of this machine? A name that means nothing is of none. */
bool mill_run_device_is_here(const struct mill_device_target *target);

/* In the cells that speak to it, its address takes the place of the parameters that describe a valve of the
 * scenario's own. */
void mill_run_device_name(json_t *result, const struct mill_device_target *target);

#endif
