/* Parameters of a scenario, from `name=value` to a bounded number and back.
 *
 * Pure functions; any thread.
 */
#ifndef MILL_HARNESS_PARAMETER_H
#define MILL_HARNESS_PARAMETER_H

#include "core/error.h"
#include "harness/scenario.h"

#define MILL_PARAMETERS_MAX 16

/* Fills values[0..parameter_count) with the fallbacks. */
void mill_parameters_default(const struct mill_scenario *scenario, int64_t *values);

/* Applies one "name=value". -EINVAL with a message that names the scenario, the parameter, the value, and the
 * bounds or the nearest names; values are then unchanged. */
int mill_parameters_set(const struct mill_scenario *scenario, const char *assignment, int64_t *values,
                        struct mill_error *error);

/* The value in the notation that mill_parameters_set reads ("100ns", "on", "exponential"). Returns `buffer`.
 */
const char *mill_parameter_format(const struct mill_parameter *parameter, int64_t value, char *buffer,
                                  size_t size);

/* "integer", "duration", "choice" or "switch". */
const char *mill_parameter_type_name(enum mill_parameter_type type);

#endif
